package slacksim

import (
	"time"

	"github.com/gorilla/websocket"
)

func disconnect(reason, host string) map[string]any {
	return map[string]any{"type": "disconnect", "reason": reason, "debug_info": map[string]any{"host": host}}
}

// beginRefresh warns the client and returns when to go on. The link still works
// in between.
func (s *Sim) beginRefresh(c *socket) <-chan time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.state != live {
		return nil
	}
	c.send(disconnect("warning", c.host))
	return time.After(s.opts.Timing.Warning)
}

// continueRefresh asks the client to reconnect, and closes if it did not.
func (s *Sim) continueRefresh(c *socket) <-chan time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.state == live {
		c.state = closing
		c.send(disconnect("refresh_requested", c.host))
		return time.After(drainTime)
	}
	c.cut()
	return nil
}

// RefreshAll makes every connection go through warning and refresh_requested.
func (s *Sim) RefreshAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.sockets {
		c.askRefresh()
	}
}

func (c *socket) askRefresh() {
	select {
	case c.refresh <- struct{}{}:
	default: // already asked
	}
}

// DropSockets cuts every connection without a close frame, as a broken network
// does.
func (s *Sim) DropSockets() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cutAll()
}

// CloseSockets ends every connection with a close frame, as a proxy does that is going down.
func (s *Sim) CloseSockets(code int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.sockets {
		c.state = closing
		_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(time.Second))
		c.closeAfter(drainTime)
	}
}

func (s *Sim) cutAll() {
	for _, c := range s.sockets {
		c.cut()
	}
}

// MuteSockets makes the present connections half-open: they stay, but nothing
// comes through any more, not even pings.
func (s *Sim) MuteSockets() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.sockets {
		c.muted = true
	}
}

// DisableSocketMode switches Socket Mode off for the app: every connection
// receives link_disabled and closes, and new ones are refused until
// EnableSocketMode.
func (s *Sim) DisableSocketMode() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disabled = true
	for _, c := range s.sockets {
		c.send(disconnect("link_disabled", c.host))
		c.state = closing
		c.closeAfter(drainTime)
	}
	s.notifyChange()
}

// EnableSocketMode ends DisableSocketMode.
func (s *Sim) EnableSocketMode() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disabled = false
	s.notifyChange()
}

// closeAfter closes the connection unless the client did so before.
func (c *socket) closeAfter(d time.Duration) {
	time.AfterFunc(d, func() { _ = c.ws.NetConn().Close() }) // closing twice is harmless
}

// Connections returns how many live Socket Mode connections the app has.
func (s *Sim) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.liveSockets())
}

// liveSockets returns the connections that may be given envelopes, oldest first.
func (s *Sim) liveSockets() []*socket {
	var out []*socket
	for _, c := range s.sockets {
		if c.state == live {
			out = append(out, c)
		}
	}
	return out
}
