package bot

import (
	"context"
	"sync"
	"time"
)

// rate is what we allow ourselves of a method, below what Slack documents.
type rate struct {
	every time.Duration
	burst int
}

// rateOf returns the budget of a method. With its burst it stays under the tier's quota in any minute.
func rateOf(method string) rate {
	switch method {
	case "chat.postMessage": // about one a second and channel; bursts are tolerated
		return rate{time.Second, 5}
	case "chat.update", "conversations.history", "conversations.replies", "conversations.info", "users.conversations",
		"apps.connections.open": // tier 3
		return rate{1500 * time.Millisecond, 8}
	case "users.info", "chat.postEphemeral": // tier 4
		return rate{time.Second, 30}
	default:
		return rate{100 * time.Millisecond, 10}
	}
}

// share is what a call leaves of a burst.
type share int

const (
	nothing share = iota
	half
)

// budget spends the calls of the whole workspace, by method. A 429 closes its method for as long as Slack says.
type budget struct {
	mu      sync.Mutex // guards the buckets
	buckets map[string]*bucket
}

// bucket holds when the next call would be due if calls came evenly; it may lie up to a burst in the past.
type bucket struct {
	rate
	due    time.Time
	closed time.Time
}

func newBudget() *budget { return &budget{buckets: map[string]*bucket{}} }

func (b *budget) of(method string) *bucket {
	k := b.buckets[method]
	if k == nil {
		k = &bucket{rate: rateOf(method)}
		b.buckets[method] = k
	}
	return k
}

// free returns when the method may be called; a time that is not after now means now. Of the burst so much is left for
// others: a half for calls that can wait, nothing for those that cannot.
func (b *budget) free(method string, leave share) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.of(method)
	use := k.burst
	if leave == half {
		use = max(1, use/2)
	}
	due := k.due.Add(-time.Duration(use-1) * k.every)
	if k.closed.After(due) {
		return k.closed
	}
	return due
}

// spend takes one call.
func (b *budget) spend(method string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.of(method)
	if k.due.Before(now) {
		k.due = now
	}
	k.due = k.due.Add(k.every)
}

// shut closes the method until then.
func (b *budget) shut(method string, until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k := b.of(method); until.After(k.closed) {
		k.closed = until
	}
}

// wait takes one call as soon as the method is free. The error is the context's.
func (b *budget) wait(ctx context.Context, method string) error {
	for {
		now := time.Now()
		wait := b.free(method, nothing).Sub(now)
		if wait <= 0 {
			b.spend(method, now)
			return nil
		}
		if deadline, ok := ctx.Deadline(); ok && now.Add(wait).After(deadline) {
			return context.DeadlineExceeded // not worth the wait
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}
