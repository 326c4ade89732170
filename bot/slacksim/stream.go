package slacksim

import (
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// settleTime lets a burst of changes become one push.
const settleTime = 40 * time.Millisecond

// keepAlive is how often an idle stream sends a comment, so that proxies and
// browsers keep it.
const keepAlive = 15 * time.Second

// stream is one visitor's server-sent events.
type stream struct {
	sim   *Sim
	w     http.ResponseWriter
	r     *http.Request
	alive *time.Ticker
}

// serveEvents pushes the visitor's snapshot now and after each change.
func (s *Sim) serveEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	first := s.visit()
	defer s.leave()
	v := stream{sim: s, w: w, r: r, alive: time.NewTicker(keepAlive)}
	defer v.alive.Stop()
	for {
		changed := s.Changed()
		snap := s.snapshot(r.URL.Query().Get("as"))
		if !first {
			snap.Prefill = "" // it is typed already, in another tab
		}
		data, err := json.Marshal(snap)
		if err != nil || !v.push("data: "+string(data)) || !v.idle(changed) || !s.delay(r, settleTime) {
			return
		}
	}
}

// visit notes that a page is open, and reports whether it is the only one.
func (s *Sim) visit() (first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.visitors++
	return s.visitors == 1
}

// leave notes that a page was closed.
func (s *Sim) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.visitors--
}

// idle keeps the stream alive until something changes; false means it ended.
func (v stream) idle(changed <-chan struct{}) bool {
	for {
		select {
		case <-changed:
			return true
		case <-v.alive.C:
			if !v.push(": still here") {
				return false
			}
		case <-v.r.Context().Done():
			return false
		case <-v.sim.closed:
			return false
		}
	}
}

// push writes one event and reports whether the visitor is still there.
func (v stream) push(event string) bool {
	if _, err := io.WriteString(v.w, event+"\n\n"); err != nil {
		return false
	}
	return http.NewResponseController(v.w).Flush() == nil
}
