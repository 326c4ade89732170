package bot

import (
	"context"
	"sync"
	"time"
)

// remembered is how long something that came in is known again in memory. The store remembers decisions longer.
const remembered = 10 * time.Minute

// once lets what Slack delivers twice be handled once: the second waits for the first and shares its end.
type once struct {
	mu    sync.Mutex // guards the fields below
	seen  map[string]*attempt
	swept time.Time
}

// attempt is one thing that came in.
type attempt struct {
	done chan struct{} // closed when the next two hold
	out  answer
	ok   bool
	at   time.Time
}

func newOnce() *once { return &once{seen: map[string]*attempt{}} }

// do runs f unless the key was handled before, and reports whether this was the first. The answer is that of the
// first. What failed may be tried again. An empty key is always new.
func (o *once) do(ctx context.Context, key string, f func() (answer, bool)) (out answer, first, ok bool) {
	if key == "" {
		out, ok = f()
		return out, true, ok
	}
	o.mu.Lock()
	before := o.seen[key]
	if before == nil {
		h := &attempt{done: make(chan struct{}), at: time.Now()}
		o.seen[key] = h
		o.sweep(h.at)
		o.mu.Unlock()
		o.first(key, h, f)
		return h.out, true, h.ok
	}
	o.mu.Unlock()
	select {
	case <-before.done:
		return before.out, false, before.ok
	case <-ctx.Done():
		return answer{}, false, false
	}
}

// first runs f, also through a panic of it.
func (o *once) first(key string, h *attempt, f func() (answer, bool)) {
	defer func() {
		if !h.ok {
			o.mu.Lock()
			delete(o.seen, key)
			o.mu.Unlock()
		}
		close(h.done)
	}()
	h.out, h.ok = f()
}

// sweep forgets what is old, now and then; the caller holds the lock.
func (o *once) sweep(now time.Time) {
	if now.Sub(o.swept) < time.Minute {
		return
	}
	o.swept = now
	for key, h := range o.seen {
		if now.Sub(h.at) > remembered {
			delete(o.seen, key)
		}
	}
}
