package slack

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limitedFirst and limitedMost are how long a method is closed where Slack does not tell: at first, and at most.
const limitedFirst, limitedMost = 5 * time.Second, 5 * time.Minute

// Reserve is how much of a burst a call leaves to others.
type Reserve int

// The reserves.
const (
	NoReserve      Reserve = iota // for calls that cannot wait
	QuarterReserve                // for calls that are urgent
	HalfReserve                   // for calls that can wait
)

// of returns how many calls of a burst are left to others.
func (r Reserve) of(burst int) int {
	switch r {
	case NoReserve:
	case QuarterReserve:
		return burst / 4
	case HalfReserve:
		return burst - max(1, burst/2)
	}
	return 0
}

// budget spends the calls of the whole workspace, by method, and posts by channel too. A rate limit closes its method for
// as long as Slack says.
type budget struct {
	mu      sync.Mutex // guards the fields below
	methods map[string]*quota
	rooms   map[string]*quota // by channel
}

// quota is what we allow ourselves of one method.
type quota struct {
	*rate.Limiter
	closed  time.Time // until then
	limited int       // how often in a row Slack said that there are too many calls, and not for how long
}

func newBudget() *budget { return &budget{methods: map[string]*quota{}, rooms: map[string]*quota{}} }

// newQuota stays below what Slack documents: with its burst it is under the tier's quota in any minute.
func newQuota(method string) *quota {
	every, burst := 100*time.Millisecond, 10
	switch method {
	case MethodPost: // several hundred a minute
		every, burst = 200*time.Millisecond, 20
	case methodShare: // as careful as with posts in one channel
		every, burst = time.Second, 5
	case MethodUpdate, MethodHistory, MethodReplies, "conversations.info", "users.conversations",
		"apps.connections.open": // tier 3
		every, burst = 1500*time.Millisecond, 8
	case "users.info", "chat.postEphemeral", "views.open", "views.update", "views.publish", methodUpload: // tier 4
		every, burst = time.Second, 30
	}
	return &quota{Limiter: rate.NewLimiter(rate.Every(every), burst)}
}

// of returns the method's quota; the caller holds the lock.
func (b *budget) of(method string) *quota {
	q := b.methods[method]
	if q == nil {
		q = newQuota(method)
		b.methods[method] = q
	}
	return q
}

// room returns the quota of posts to one channel: about one a second, and bursts are tolerated. The caller holds the lock.
func (b *budget) room(channel string) *quota {
	q := b.rooms[channel]
	if q == nil {
		q = &quota{Limiter: rate.NewLimiter(rate.Every(time.Second), 5)}
		b.rooms[channel] = q
	}
	return q
}

// freeAt returns when the method may be called, leaving the reserve; a post to the channel, where one is named.
func (b *budget) freeAt(now time.Time, method, channel string, reserve Reserve) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.of(method).freeAt(now, reserve)
	if method != MethodPost || channel == "" {
		return at
	}
	if room := b.room(channel).freeAt(now, reserve); room.After(at) {
		return room
	}
	return at
}

func (q *quota) freeAt(now time.Time, reserve Reserve) time.Time {
	need, at := 1+reserve.of(q.Burst()), now
	if missing := float64(need) - q.TokensAt(now); missing > 0 {
		at = now.Add(time.Duration(missing / float64(q.Limit()) * float64(time.Second)))
	}
	if q.closed.After(at) {
		return q.closed
	}
	return at
}

// limited closes the method after Slack said that there were too many calls: for as long as it told, else for longer each
// time. Of calls that were under way together the first counts.
func (b *budget) limited(method string, told time.Duration) {
	now := time.Now()
	if told > 0 {
		b.closeUntil(method, now.Add(told))
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.of(method)
	if q.closed.After(now) {
		return
	}
	q.closed = now.Add(min(limitedFirst<<min(q.limited, 10), limitedMost))
	q.limited++
}

// worked notes that Slack took a call: the method is not limited any more.
func (b *budget) worked(method string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(method).limited = 0
}

// closeUntil closes the method.
func (b *budget) closeUntil(method string, until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if q := b.of(method); until.After(q.closed) {
		q.closed = until
	}
}

// wait takes one call as soon as the method is free, and of a post the channel, or fails at once where ctx would end before
// that.
func (b *budget) wait(ctx context.Context, method, channel string) error {
	b.mu.Lock()
	q, room := b.of(method), (*quota)(nil)
	if method == MethodPost {
		room = b.room(channel)
	}
	b.mu.Unlock()
	if room != nil {
		if err := room.Wait(ctx); err != nil {
			return err
		}
	}
	if err := q.Wait(ctx); err != nil {
		return err
	}
	for { // somebody may have closed it meanwhile
		b.mu.Lock()
		closed := q.closed
		b.mu.Unlock()
		if !closed.After(time.Now()) {
			return nil
		}
		if deadline, ok := ctx.Deadline(); ok && closed.After(deadline) {
			return context.DeadlineExceeded
		}
		if !sleep(ctx, time.Until(closed)) {
			return ctx.Err()
		}
	}
}
