package slacksim

import (
	"bufio"
	"encoding/binary"
	"net"
	"net/http"
	"sync"
)

// frameWatch is a connection that notices fragmented WebSocket messages while
// they are read: Slack drops acks that come in continuation frames, and the
// WebSocket library joins them before anybody could notice.
type frameWatch struct {
	net.Conn

	mu         sync.Mutex // guards what follows
	header     []byte     // the frame header read so far
	skip       uint64     // payload bytes left of the current frame
	fragmented []bool     // per data message, in order: was it fragmented?
}

// Read passes the bytes on and follows the frames in them.
func (f *frameWatch) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.follow(p[:n])
	return n, err
}

func (f *frameWatch) follow(p []byte) {
	for len(p) > 0 {
		if f.skip > 0 {
			n := min(f.skip, uint64(len(p)))
			f.skip -= n
			p = p[n:]
			continue
		}
		f.header = append(f.header, p[0])
		p = p[1:]
		if size := headerSize(f.header); size == 0 || len(f.header) < size {
			continue
		}
		f.frame()
		f.header = f.header[:0]
	}
}

// headerSize returns how long the header is, 0 while that is not yet known.
func headerSize(h []byte) int {
	if len(h) < 2 {
		return 0
	}
	size := 2
	switch h[1] & 0x7f {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if h[1]&0x80 != 0 {
		size += 4 // the mask
	}
	return size
}

// frame records a complete frame header.
func (f *frameWatch) frame() {
	final, opcode := f.header[0]&0x80 != 0, f.header[0]&0x0f
	switch length := f.header[1] & 0x7f; length {
	case 126:
		f.skip = uint64(binary.BigEndian.Uint16(f.header[2:4]))
	case 127:
		f.skip = binary.BigEndian.Uint64(f.header[2:10])
	default:
		f.skip = uint64(length)
	}
	if isData := opcode == 1 || opcode == 2; isData {
		f.fragmented = append(f.fragmented, !final)
	}
}

// next reports whether the next data message was fragmented; ask once per
// message, after it was read.
func (f *frameWatch) next() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.fragmented) == 0 {
		return false
	}
	first := f.fragmented[0]
	f.fragmented = f.fragmented[1:]
	return first
}

// hijackWatch puts a frameWatch between the HTTP server and the handler that
// takes the connection over.
type hijackWatch struct {
	http.ResponseWriter
	watch *frameWatch
}

// Hijack returns the watched connection with a reader of its own: a WebSocket
// client must not speak before it is answered, so nothing was read ahead.
func (h *hijackWatch) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.watch.Conn = c
	return h.watch, bufio.NewReadWriter(bufio.NewReader(h.watch), rw.Writer), nil
}
