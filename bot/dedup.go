package bot

import (
	"context"

	lru "github.com/hashicorp/golang-lru/v2"
)

// remembered is how many of the things that came in last are recognised in memory. Slack repeats within minutes; the
// store remembers decisions for longer.
const remembered = 2000

// dedup lets what Slack delivers twice be handled once: the second waits for the first and shares its answer.
type dedup struct {
	seen *lru.Cache[string, *attempt]
}

// attempt is one thing that came in.
type attempt struct {
	done   chan struct{} // closed when the next two hold
	answer answer
	ok     bool
}

func newDedup() *dedup {
	seen, _ := lru.New[string, *attempt](remembered) // fails for a size below one only
	return &dedup{seen: seen}
}

// do runs f unless the key was handled before, and reports whether this was the first. The answer is that of the
// first. What failed may be tried again. An empty key is always new.
func (d *dedup) do(ctx context.Context, key string, f func() (answer, bool)) (out answer, first, ok bool) {
	if key == "" {
		out, ok = f()
		return out, true, ok
	}
	now := &attempt{done: make(chan struct{})}
	before, found, _ := d.seen.PeekOrAdd(key, now)
	if !found {
		defer func() { // also through a panic
			if !now.ok {
				d.seen.Remove(key)
			}
			close(now.done)
		}()
		now.answer, now.ok = f()
		return now.answer, true, now.ok
	}
	select {
	case <-before.done:
		return before.answer, false, before.ok
	case <-ctx.Done():
		return answer{}, false, false
	}
}
