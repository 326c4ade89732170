package slacksim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// maxSockets is how many connections one app may have.
const maxSockets = 10

// maxQueuedFrames is how many frames wait for a slow reader before the socket is cut.
const maxQueuedFrames = 1024

// drainTime is how long a socket stays after refresh_requested. Our rule.
const drainTime = 2 * time.Second

// ticket is an issued socket URL that was not used yet.
type ticket struct {
	base    string
	expires time.Time
}

// socketState is where a connection is in its life.
type socketState int

const (
	live    socketState = iota // may be given envelopes
	closing                    // was asked to leave; its acks still count
	closed                     // closed
)

// socket is one Socket Mode connection. Its fields but out and gone are guarded
// by the simulator's lock.
type socket struct {
	ws      *websocket.Conn
	number  uint64
	base    string // how this client reaches the simulator, for the URLs in its payloads
	host    string
	state   socketState
	muted   bool
	out     chan []byte
	gone    chan struct{} // closed when the reader has ended
	refresh chan struct{} // asks the writer for warning and refresh_requested
	life    time.Duration
}

// cut ends the connection without a close frame, as a broken network does.
func (c *socket) cut() {
	c.state = closed
	_ = c.ws.NetConn().Close() // the reader sees it and cleans up
}

// send queues a frame; the caller holds the lock. A client that lets a thousand
// frames pile up loses its connection.
func (c *socket) send(v any) {
	frame, err := json.Marshal(v)
	if err != nil || c.muted {
		return
	}
	select {
	case c.out <- frame:
	default:
		c.cut()
	}
}

func (s *Sim) connectionsOpen(c call) reply {
	if s.disabled {
		// Our rule: what Slack answers while Socket Mode is off is not documented.
		return refuse("access_denied")
	}
	secret := s.uuid()
	s.tickets[secret] = ticket{base: c.base, expires: c.now.Add(s.opts.Timing.Ticket)}
	url := fmt.Sprintf("ws%s/link/?ticket=%s&app_id=%s", c.base[len("http"):], secret, s.opts.Bot.AppID)
	return ok(map[string]any{"url": url})
}

// serveLink upgrades a request to a Socket Mode connection and keeps it until
// either side leaves.
func (s *Sim) serveLink(w http.ResponseWriter, r *http.Request) {
	fault, down := s.fault(SocketDials)
	if down || fault.LoseRequest {
		panic(http.ErrAbortHandler)
	}
	if fault.failed(w) {
		return
	}
	watch := &frameWatch{}
	upgrader := websocket.Upgrader{
		CheckOrigin:     func(*http.Request) bool { return true }, // SDKs send Slack's origin
		WriteBufferSize: 32 << 10,
	}
	ws, err := upgrader.Upgrade(&hijackWatch{ResponseWriter: w, watch: watch}, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	defer func() { _ = ws.Close() }() // nobody reads from it any more
	c, refusal := s.admit(ws, r)
	if c == nil {
		if refusal.frame != nil {
			_ = ws.WriteMessage(websocket.TextMessage, refusal.frame) // the client may be gone
		}
		_ = ws.WriteControl(websocket.CloseMessage,
			websocket.FormatCloseMessage(refusal.code, refusal.reason), time.Now().Add(time.Second))
		return
	}
	defer s.running.Done()
	written := make(chan struct{})
	go func() {
		defer close(written)
		s.write(c)
	}()
	s.read(c, watch)
	s.removeSocket(c)
	<-written
}

// refusal is the answer to a connection that is not admitted.
type refusal struct {
	frame  []byte
	code   int
	reason string
}

// admit spends the ticket and makes the connection a live socket.
func (s *Sim) admit(ws *websocket.Conn, r *http.Request) (*socket, refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret := r.URL.Query().Get("ticket")
	t, known := s.tickets[secret]
	delete(s.tickets, secret)
	if !known || time.Now().After(t.expires) {
		// Our rule: what Slack does with a spent ticket is not documented.
		s.recordViolation(BadTicket, "a socket URL was dialled twice, too late, or never handed out")
		return nil, refusal{code: websocket.ClosePolicyViolation, reason: "invalid ticket"}
	}
	select {
	case <-s.closed:
		return nil, refusal{code: websocket.CloseGoingAway}
	default:
	}
	if len(s.sockets) >= maxSockets {
		s.recordViolation(TooManySockets, "connection %d", len(s.sockets)+1)
		frame, _ := json.Marshal(disconnect("too_many_websockets", linkHost(0))) // strings only
		return nil, refusal{frame: frame, code: websocket.CloseNormalClosure}
	}
	n := s.nextNumber()
	c := &socket{
		ws: ws, number: n, base: t.base, host: linkHost(n), life: s.opts.Timing.Life,
		out: make(chan []byte, maxQueuedFrames), gone: make(chan struct{}), refresh: make(chan struct{}, 1),
	}
	if r.URL.Query().Get("debug_reconnects") == "true" {
		c.life = min(c.life, 360*time.Second)
	}
	s.sockets = append(s.sockets, c)
	s.running.Add(1)
	c.send(s.hello(c))
	s.opts.Log.Debug("socket opened", "socket", n, "connections", len(s.sockets))
	s.notifyChange()
	return c, refusal{}
}

func linkHost(n uint64) string { return fmt.Sprintf("applink-%d", n) }

func (s *Sim) hello(c *socket) map[string]any {
	return map[string]any{
		"type": "hello", "num_connections": len(s.sockets),
		"connection_info": map[string]any{"app_id": s.opts.Bot.AppID},
		"debug_info": map[string]any{
			"host": c.host, "started": time.Now().UTC().Format("2006-01-02 15:04:05.000"),
			"build_number": 1, "approximate_connection_time": int(c.life.Seconds()),
		},
	}
}

// removeSocket removes a connection that has ended from the list.
func (s *Sim) removeSocket(c *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.state = closed
	close(c.gone)
	for i, o := range s.sockets {
		if o == c {
			s.sockets = append(s.sockets[:i:i], s.sockets[i+1:]...)
			break
		}
	}
	s.opts.Log.Debug("socket closed", "socket", c.number, "connections", len(s.sockets))
	s.notifyChange()
}

// read takes frames until the connection ends.
func (s *Sim) read(c *socket, watch *frameWatch) {
	for {
		kind, frame, err := c.ws.ReadMessage()
		if err != nil {
			return
		}
		s.receive(c, kind, frame, watch.next())
	}
}

// write sends queued frames, pings, and the connection's refresh when its time
// has come. It is the only writer but for pongs, which the library locks itself.
func (s *Sim) write(c *socket) {
	ping := time.NewTicker(s.opts.Timing.Ping)
	defer ping.Stop()
	warn := time.NewTimer(max(0, c.life-s.opts.Timing.Warning))
	defer warn.Stop()
	var step <-chan time.Time // the next step of a refresh under way
	for {
		var err error
		select {
		case <-c.gone:
			return
		case frame := <-c.out:
			err = c.ws.WriteMessage(websocket.TextMessage, frame)
		case <-ping.C:
			err = s.ping(c)
		case <-warn.C:
			step = s.beginRefresh(c)
		case <-c.refresh:
			warn.Stop()
			step = s.beginRefresh(c)
		case <-step:
			step = s.continueRefresh(c)
		}
		if err != nil {
			_ = c.ws.NetConn().Close() // ends the reader, which cleans up
			return
		}
	}
}

func (s *Sim) ping(c *socket) error {
	s.mu.Lock()
	muted := c.muted
	s.mu.Unlock()
	if muted {
		return nil
	}
	return c.ws.WriteControl(websocket.PingMessage, []byte("Ping from "+c.host), time.Now().Add(time.Second))
}
