package bot

import (
	"context"
	"sync"
	"time"
)

const (
	// excessFor is how long Slack may count more connections than ours until it means something: those of a process
	// that died go within it.
	excessFor = 2 * time.Minute
	// excessTold is how often the channel hears of it at most.
	excessTold = time.Hour
)

// excess notices that somebody else uses the app's token: Slack gives them some of our clicks. Only a greeting counts
// connections, so a doubt is settled by a fresh one.
type excess struct {
	mu    sync.Mutex // guards the fields below
	since time.Time  // zero: Slack counted no more than ours
	extra int        // how many more Slack counted last; during a change of connections ours are more than usual
	due   bool       // the excess lasted; nobody was told yet
	told  time.Time
}

// greeted compares what Slack counts with what is ours.
func (x *excess) greeted(now time.Time, reported, ours int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.extra = reported - ours
	switch {
	case reported <= ours:
		x.since, x.due = time.Time{}, false
	case x.since.IsZero():
		x.since = now
	case now.Sub(x.since) >= excessFor && (x.told.IsZero() || now.Sub(x.told) >= excessTold):
		x.due = true
	}
}

// step returns whether to tell, whether to ask for a fresh greeting, and how many connections are not ours.
func (x *excess) step(now time.Time) (tell, ask bool, extra int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.due {
		x.due, x.told = false, now
		return true, false, x.extra
	}
	quiet := x.told.IsZero() || now.Sub(x.told) >= excessTold
	return false, !x.since.IsZero() && now.Sub(x.since) >= excessFor && quiet, x.extra
}

// watch settles doubts until ctx ends: it asks for a fresh connection, whose greeting counts again.
func (x *excess) watch(ctx context.Context, b *Bot, renew chan<- struct{}) {
	for sleep(ctx, excessFor/4) {
		tell, ask, extra := x.step(time.Now())
		if ask {
			select {
			case renew <- struct{}{}:
			default:
			}
		}
		if tell {
			b.stats.add(func(s *Stats) { s.Excess++ })
			b.Log.Error("slack counts more connections of this app than ours; another process uses its token",
				"ours", connections, "others", extra)
			b.announce(ctx, b.say.ConnectionsTold(connections, connections+extra))
		}
	}
}
