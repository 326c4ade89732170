package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// silence is how long a connection may stay without a sign of life; it is pinged twice within.
	silence = 20 * time.Second
	// slackSilent is how long Slack itself may say nothing: its pings come every few seconds. A pong alone may come
	// from something on the way.
	slackSilent = 35 * time.Second
	// greeting bounds the wait for hello.
	greeting = 10 * time.Second
	// parting is how long the other side may take to say goodbye as well.
	parting = time.Second
	// leaving is how long a connection stays after Slack asked us to go.
	leaving = 5 * time.Second
	// maxFrame bounds what is read.
	maxFrame = 1 << 20
)

// socket is one connection. It reads until the end, and hands each envelope to whoever opened it.
type socket struct {
	ws    *websocket.Conn
	hello frame
	leave chan struct{} // closed when Slack is about to end the connection; it still works
	done  chan struct{} // closed when it has ended
	idle  chan struct{} // closed when, on the way out, nothing is left to be answered

	write   sync.Mutex   // one writer of data at a time
	slackAt atomic.Int64 // when Slack was heard last, in nanoseconds since 1970
	once    sync.Once    // closes leave

	mu      sync.Mutex // guards the fields below
	reason  string     // why Slack asked us to leave
	pending int        // envelopes that are not answered yet
	going   bool       // it closes as soon as nothing is pending
	closing bool       // nothing more can be answered
}

// openSocket dials the URL and waits for Slack's greeting.
func openSocket(ctx context.Context, dialer *websocket.Dialer, url string) (*socket, error) {
	ws, resp, err := dialer.DialContext(ctx, url, http.Header{"Origin": {"https://api.slack.com"}})
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close() // an upgrade has no body worth an error
	}
	if err != nil {
		return nil, fmt.Errorf("dial the socket: %w", err)
	}
	s := &socket{ws: ws, leave: make(chan struct{}), done: make(chan struct{}), idle: make(chan struct{})}
	ws.SetReadLimit(maxFrame)
	ws.SetPingHandler(func(data string) error {
		s.heard()
		err := ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
		var timeout interface{ Timeout() bool }
		if errors.Is(err, websocket.ErrCloseSent) || errors.As(err, &timeout) {
			return nil
		}
		return err
	})
	ws.SetPongHandler(func(string) error { return s.extend() })
	unhook := context.AfterFunc(ctx, func() { _ = ws.Close() }) // ends the wait for hello
	defer unhook()
	if err := s.greet(); err != nil {
		_ = ws.Close() // the error that matters is known
		return nil, err
	}
	return s, nil
}

// greet reads hello. Slack may instead say at once that there are too many connections.
func (s *socket) greet() error {
	_ = s.ws.SetReadDeadline(time.Now().Add(greeting)) // fails only on a dead connection, as the read will
	_, raw, err := s.ws.ReadMessage()
	if err != nil {
		return fmt.Errorf("wait for hello: %w", err)
	}
	s.hello = readFrame(raw)
	switch s.hello.Type {
	case typeHello:
		s.heard()
		return nil
	case typeDisconnect:
		return &disconnected{reason: s.hello.Reason}
	default:
		return fmt.Errorf("wait for hello: Slack said %q", s.hello.Type)
	}
}

// disconnected says that Slack asked us to leave, and why.
type disconnected struct{ reason string }

// Error returns Slack's word.
func (e *disconnected) Error() string { return "disconnected: " + e.reason }

// heard notes a sign of life from Slack itself.
func (s *socket) heard() {
	s.slackAt.Store(time.Now().UnixNano())
	_ = s.extend() // fails only on a dead connection
}

// extend moves the time at which silence ends the connection.
func (s *socket) extend() error {
	if s.leavesSoon() {
		return nil
	}
	limit := time.Now().Add(silence)
	if slack := time.Unix(0, s.slackAt.Load()).Add(slackSilent); slack.Before(limit) {
		limit = slack
	}
	return s.ws.SetReadDeadline(limit)
}

// leavesSoon reports whether the connection is on its way out.
func (s *socket) leavesSoon() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing || s.reason != ""
}

// begin counts an envelope in; false when it could not be answered any more.
func (s *socket) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.pending++
	return true
}

// end counts an envelope out.
func (s *socket) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending--
	s.settle()
}

// settle closes the door once nothing is pending; the caller holds the lock.
func (s *socket) settle() {
	if s.going && !s.closing && s.pending == 0 {
		s.closing = true
		close(s.idle)
	}
}

// serve reads until the connection ends, and closes it. Envelopes go to receive, which must not block. When ctx ends,
// the connection closes once what it brought is answered.
func (s *socket) serve(ctx context.Context, receive func(*socket, frame)) {
	var tending sync.WaitGroup
	tending.Go(func() { s.tend(ctx) })
	defer tending.Wait()
	defer close(s.done)
	defer func() {
		s.farewell()
		_ = s.ws.Close() // nobody reads from it any more
	}()
	for {
		_, raw, err := s.ws.ReadMessage()
		if err != nil {
			return
		}
		s.heard()
		f := readFrame(raw)
		switch {
		case f.Type == typeDisconnect:
			s.told(f.Reason)
		case f.EnvelopeID != "" && s.begin():
			receive(s, f)
		}
	}
}

// told notes that Slack is going to end the connection. After a warning there are some seconds left; after anything
// else it is over, and what is under way may still be answered.
func (s *socket) told(reason string) {
	if reason != "warning" {
		s.mu.Lock()
		s.reason = reason
		s.mu.Unlock()
		_ = s.ws.SetReadDeadline(time.Now().Add(leaving)) // fails only on a dead connection
	}
	s.once.Do(func() { close(s.leave) })
}

// whyLeft returns Slack's reason for the end; empty: it gave none.
func (s *socket) whyLeft() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reason
}

// tend pings, and closes the connection politely when ctx ends: a socket that just vanishes stays a ghost that Slack
// gives clicks to.
func (s *socket) tend(ctx context.Context) {
	ticker := time.NewTicker(silence / 2)
	defer ticker.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-ticker.C:
			_ = s.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)) // the deadline finds out
		case <-ctx.Done():
			s.goodbye()
			select {
			case <-s.done:
			case <-time.After(parting):
				_ = s.ws.Close() // the other side's close frame did not come
			}
			return
		}
	}
}

// goodbye waits until what the connection brought is answered, then sends a close frame.
func (s *socket) goodbye() {
	s.mu.Lock()
	s.going = true
	s.settle()
	s.mu.Unlock()
	select {
	case <-s.idle: // each envelope is bounded by its own time limit
	case <-s.done:
		return
	}
	s.farewell()
}

// farewell sends a close frame. It fails where the connection is dead already.
func (s *socket) farewell() {
	_ = s.ws.WriteControl(websocket.CloseMessage,
		websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
}

// send writes one frame.
func (s *socket) send(raw []byte) error {
	s.write.Lock()
	defer s.write.Unlock()
	if err := s.ws.SetWriteDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return err
	}
	return s.ws.WriteMessage(websocket.TextMessage, raw)
}
