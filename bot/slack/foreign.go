package slack

import (
	"context"
	"sync"
	"time"
)

const (
	// foreignAfter is how long Slack may count more connections than ours until it means something: those of a process
	// that died are gone by then.
	foreignAfter = 2 * time.Minute
	// foreignEvery is how often it is reported at most.
	foreignEvery = time.Hour
)

// foreignConnections notices that another process uses the app's token: Slack gives it some of our clicks. Only a hello
// counts connections, so a suspicion is settled by a new connection.
type foreignConnections struct {
	mu       sync.Mutex // guards the fields below
	since    time.Time  // zero: Slack counted no more than ours
	count    int        // at the last hello; while connections are replaced ours are more than usual
	due      bool       // to be reported
	reported time.Time
}

// hello compares what Slack counts with what is ours.
func (f *foreignConnections) hello(now time.Time, counted, ours int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count = counted - ours
	switch {
	case counted <= ours:
		f.since, f.due = time.Time{}, false
	case f.since.IsZero():
		f.since = now
	case now.Sub(f.since) >= foreignAfter && f.mayReport(now):
		f.due = true
	}
}

// mayReport reports whether the last report is long ago; the caller holds the lock.
func (f *foreignConnections) mayReport(now time.Time) bool {
	return f.reported.IsZero() || now.Sub(f.reported) >= foreignEvery
}

// check returns whether to report, whether to ask for another hello, and how many connections are not ours.
func (f *foreignConnections) check(now time.Time) (report, ask bool, count int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.due {
		f.due, f.reported = false, now
		return true, false, f.count
	}
	return false, !f.since.IsZero() && now.Sub(f.since) >= foreignAfter && f.mayReport(now), f.count
}

// watchForeign settles suspicions until ctx ends: it asks for a new connection, whose hello counts again.
func (c *Connections) watchForeign(ctx context.Context, renew chan<- struct{}) {
	for sleep(ctx, foreignAfter/4) {
		report, ask, count := c.foreign.check(time.Now())
		if ask {
			select {
			case renew <- struct{}{}:
			default:
			}
		}
		if report {
			c.client.metrics.foreign.Inc()
			c.client.log.Error("slack counts more connections of this app than ours; another process uses its token",
				"ours", kept, "others", count)
			c.reportForeign(ctx, kept, kept+count)
		}
	}
}
