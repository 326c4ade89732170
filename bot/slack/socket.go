package slack

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
	// idleTimeout is how long a connection may stay without a sign of life; it is pinged twice within.
	idleTimeout = 20 * time.Second
	// slackTimeout is how long Slack itself may send nothing: its pings come every few seconds. A pong alone may come
	// from something on the way.
	slackTimeout = 35 * time.Second
	// helloTimeout bounds the wait for hello.
	helloTimeout = 10 * time.Second
	// closeTimeout bounds the wait for the other side's close frame.
	closeTimeout = time.Second
	// drain is how long a connection stays after Slack asked us to leave.
	drain = 5 * time.Second
	// maxFrame bounds what is read.
	maxFrame = 1 << 20
)

// socket is one connection. It reads until the end, and hands each envelope to whoever opened it.
type socket struct {
	ws    *websocket.Conn
	host  string // that it is connected to
	began time.Time
	hello frame
	leave chan struct{} // closed when Slack is about to end the connection; it still works
	done  chan struct{} // closed when it has ended
	idle  chan struct{} // closed when, on the way out, nothing is left to be answered

	write   sync.Mutex   // one writer of data at a time
	slackAt atomic.Int64 // the last sign of life of Slack itself, in nanoseconds since 1970
	once    sync.Once    // closes leave

	mu      sync.Mutex // guards the fields below
	reason  string     // why Slack asked us to leave
	ended   error      // what ended it; nil: we did, or it has not
	pending int        // envelopes that are not answered yet
	going   bool       // it closes as soon as nothing is pending
	closing bool       // nothing more can be answered
}

// openSocket dials the address and waits for Slack's hello. The address holds a ticket: no error quotes it.
func openSocket(ctx context.Context, dialer *websocket.Dialer, address string) (*socket, error) {
	host := hostOf(address)
	ws, resp, err := dialer.DialContext(ctx, address, http.Header{"Origin": {"https://api.slack.com"}})
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close() // an upgrade has no body worth an error
	}
	if err != nil {
		err = &hostError{host: host, cause: withoutTicket(err, address)}
		if resp != nil {
			err = fmt.Errorf("%w, the answer was %d %s", err, resp.StatusCode, http.StatusText(resp.StatusCode))
		}
		return nil, fmt.Errorf("dial the socket: %w", err)
	}
	s := &socket{ws: ws, host: host, began: time.Now(), leave: make(chan struct{}), done: make(chan struct{}), idle: make(chan struct{})}
	ws.SetReadLimit(maxFrame)
	ws.SetPingHandler(func(data string) error {
		s.alive()
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
	if err := s.awaitHello(); err != nil {
		_ = ws.Close() // the error that matters is known
		return nil, fmt.Errorf("wait for hello: %w", &hostError{host: host, cause: err})
	}
	return s, nil
}

// awaitHello reads hello. Slack may instead say at once that there are too many connections.
func (s *socket) awaitHello() error {
	_ = s.ws.SetReadDeadline(time.Now().Add(helloTimeout)) // fails only on a dead connection, as the read will
	_, raw, err := s.ws.ReadMessage()
	if err != nil {
		return err
	}
	s.hello = readFrame(raw)
	switch s.hello.Type {
	case typeHello:
		s.alive()
		return nil
	case typeDisconnect:
		return &disconnected{reason: s.hello.Reason}
	default:
		return fmt.Errorf("the first message is %q, want hello", s.hello.Type)
	}
}

// disconnected says that Slack asked us to leave, and why.
type disconnected struct{ reason string }

// Error returns Slack's word.
func (e *disconnected) Error() string { return "disconnected: " + e.reason }

// alive notes a sign of life from Slack itself.
func (s *socket) alive() {
	s.slackAt.Store(time.Now().UnixNano())
	_ = s.extend() // fails only on a dead connection
}

// extend moves the time at which silence ends the connection.
func (s *socket) extend() error {
	if s.leaving() {
		return nil
	}
	limit := time.Now().Add(idleTimeout)
	if slack := time.Unix(0, s.slackAt.Load()).Add(slackTimeout); slack.Before(limit) {
		limit = slack
	}
	return s.ws.SetReadDeadline(limit)
}

// leaving reports whether the connection is on its way out.
func (s *socket) leaving() bool {
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
	s.closeIfIdle()
}

// closeIfIdle takes no more envelopes once none is pending; the caller holds the lock.
func (s *socket) closeIfIdle() {
	if s.going && !s.closing && s.pending == 0 {
		s.closing = true
		close(s.idle)
	}
}

// serve reads until the connection ends, and closes it. Envelopes go to receive, which must not block. When ctx ends,
// the connection closes once what it brought is answered.
func (s *socket) serve(ctx context.Context, receive func(frame)) {
	var keeping sync.WaitGroup
	keeping.Go(func() { s.keepAlive(ctx) })
	defer keeping.Wait()
	defer close(s.done)
	defer func() {
		s.sendClose()
		_ = s.ws.Close() // it is not read any more
	}()
	for {
		_, raw, err := s.ws.ReadMessage()
		if err != nil {
			s.endedBy(ctx, err)
			return
		}
		s.alive()
		f := readFrame(raw)
		switch {
		case f.Type == typeDisconnect:
			s.disconnecting(f.Reason)
		case f.EnvelopeID != "" && s.begin():
			receive(f)
		}
	}
}

// endedBy notes what ended the connection, unless that were we.
func (s *socket) endedBy(ctx context.Context, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() == nil {
		s.ended = err
	}
}

// whyEnded returns why the connection ended: Slack's reason, and what was read in place of a frame.
func (s *socket) whyEnded() (reason string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reason, s.ended
}

// disconnecting notes that Slack is going to end the connection. After a warning some seconds are left; after anything
// else it is over, and what is under way may still be answered.
func (s *socket) disconnecting(reason string) {
	if reason != "warning" {
		s.mu.Lock()
		s.reason = reason
		s.mu.Unlock()
		_ = s.ws.SetReadDeadline(time.Now().Add(drain)) // fails only on a dead connection
	}
	s.once.Do(func() { close(s.leave) })
}

// keepAlive pings, and closes the connection politely when ctx ends: a socket that just vanishes stays a ghost that Slack
// gives clicks to.
func (s *socket) keepAlive(ctx context.Context) {
	ticker := time.NewTicker(idleTimeout / 2)
	defer ticker.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-ticker.C:
			_ = s.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)) // the deadline finds out
		case <-ctx.Done():
			s.shutdown()
			select {
			case <-s.done:
			case <-time.After(closeTimeout):
				_ = s.ws.Close() // the other side's close frame did not come
			}
			return
		}
	}
}

// shutdown waits until what the connection brought is answered, then sends a close frame.
func (s *socket) shutdown() {
	s.mu.Lock()
	s.going = true
	s.closeIfIdle()
	s.mu.Unlock()
	select {
	case <-s.idle: // each envelope is bounded by its own time limit
	case <-s.done:
		return
	}
	s.sendClose()
}

// sendClose sends a close frame. It fails where the connection is dead already.
func (s *socket) sendClose() {
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
