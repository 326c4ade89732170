package api

import (
	"net/http"
	"sync"
	"time"

	"canarybot.io/rollout"
)

// waiting are the requests that wait for a rollout to change. The zero value is ready.
type waiting struct {
	mu sync.Mutex // guards the field below; held for lines: commits wait for it
	on map[rollout.ID]map[*waiter]struct{}
}

// waiter waits for an entry after one that it has seen.
type waiter struct {
	after int
	seen  chan struct{} // gets one value when there is such an entry
}

// changed wakes whoever waits for what the rollout has now. It never blocks.
func (w *waiting) changed(r rollout.Rollout) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for one := range w.on[r.ID] {
		if r.Seq <= one.after && !r.Terminal() {
			continue
		}
		select {
		case one.seen <- struct{}{}:
		default: // it is awake already
		}
	}
}

// enter adds a waiter, and returns it with what takes it away again.
func (w *waiting) enter(id rollout.ID, after int) (one *waiter, leave func()) {
	one = &waiter{after: after, seen: make(chan struct{}, 1)}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.on == nil {
		w.on = map[rollout.ID]map[*waiter]struct{}{}
	}
	if w.on[id] == nil {
		w.on[id] = map[*waiter]struct{}{}
	}
	w.on[id][one] = struct{}{}
	return one, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if delete(w.on[id], one); len(w.on[id]) == 0 {
			delete(w.on, id)
		}
	}
}

// wait blocks until the rollout has an entry after the one named, the time is over, or the caller is gone.
func (a *API) wait(w http.ResponseWriter, r *http.Request, id rollout.ID, after int, most time.Duration) {
	one, leave := a.waiting.enter(id, after)
	defer leave()
	a.Meters.waiting.Inc()
	defer a.Meters.waiting.Dec()
	if n, ok := w.(*noting); ok {
		began := time.Now()
		defer func() { n.waited = time.Since(began) }()
	}
	// Only now: what is committed from here on wakes it, and what was committed before is read here.
	if now, err := a.load(r.Context(), id); err != nil || now.Seq > after || now.Terminal() {
		return
	}
	patient(w, most)
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-one.seen:
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// patient lets the connection live for as long as the request may wait. A deadline for reading would end it too: the server
// reads on, to learn that the caller is gone.
func patient(w http.ResponseWriter, most time.Duration) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // not every writer can: then there is no deadline either
	_ = control.SetWriteDeadline(time.Now().Add(most + answering))
}

// answering is how long an answer may take to be read.
const answering = 10 * time.Second
