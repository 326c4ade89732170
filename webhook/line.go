package webhook

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"canarybot.io/rollout"
)

const (
	// oldest is how long an event waits before it is given up, and most how many wait for one target.
	oldest = 24 * time.Hour
	most   = 5000
	// sendMost bounds one event's requests together, and saveMost the write of a cursor at the end.
	sendMost, saveMost = 20 * time.Second, 5 * time.Second
	// pauseFirst and pauseMost are the pauses after a first failure and after many; afterMost bounds what a target asks for.
	pauseFirst, pauseMost, afterMost = time.Second, 5 * time.Minute, time.Hour
	// storePause is how long what the store did not read or write waits.
	storePause = 5 * time.Second
)

// What became of an event, as it is counted; or an Outcome.
const (
	sent    = "sent"
	tooOld  = "too_old"  // it waited for too long
	tooMany = "too_many" // too many waited
	// forgotten is also an outcome: the store has the rollout no more.
	forgotten = "forgotten"
)

// line is what one recipient is told: one goroutine that tells one event after the other.
type line struct {
	Recipient
	o       Options
	cursors cursors
	meters  *meters
	log     *slog.Logger

	mu     sync.Mutex // guards the fields below
	heads  map[rollout.ID]head
	queued int       // events that wait
	first  time.Time // when the one that waits longest happened; zero: none waits
	gone   bool
	wake   chan struct{} // of size one

	// The fields below belong to the goroutine.
	since     time.Time
	tales     map[rollout.ID]*tale
	order     []*tale // those with something to tell, in the order in which they are told next
	failures  int
	notBefore time.Time
	unsaved   map[rollout.ID]*tale // those whose cursor could not be stored
	saveAt    time.Time            // when that is tried again
	silenced  bool                 // a refusal was logged, and nothing was taken since
}

// head is how long a rollout's timeline is.
type head struct {
	service rollout.ServiceName
	seq     int
	over    bool // the rollout has ended
}

func newLine(o Options, r Recipient, m *meters) *line {
	m.begin(r.Name)
	return &line{
		Recipient: r, o: o, cursors: cursors{o.Notes, r.Name}, meters: m, log: o.Log.With("target", r.Name),
		heads: map[rollout.ID]head{}, wake: make(chan struct{}, 1), tales: map[rollout.ID]*tale{}, unsaved: map[rollout.ID]*tale{},
	}
}

// committed notes a rollout's new value.
func (l *line) committed(r rollout.Rollout) {
	if !l.follows(r.Service) {
		return
	}
	l.note(r.ID, head{r.Service, r.Seq, r.Terminal()})
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// note keeps a head, unless a newer one is there.
func (l *line) note(id rollout.ID, h head) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.gone && h.seq >= l.heads[id].seq {
		l.heads[id] = h
	}
}

// run tells until the context ends, or the target wants no more.
func (l *line) run(ctx context.Context) {
	if !l.loadAll(ctx) {
		return
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil && !l.isGone() {
		again := l.read(ctx)
		l.saveAgain(ctx)
		l.giveUp(ctx)
		l.publish()
		wait := l.waits()
		if wait <= 0 {
			l.tellNext(ctx)
			continue
		}
		if again || len(l.unsaved) > 0 {
			wait = min(wait, storePause)
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-timer.C:
		}
	}
	l.publish()
}

func (l *line) isGone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gone
}

// waits returns how long there is nothing to do.
func (l *line) waits() time.Duration {
	if len(l.order) == 0 {
		return time.Hour
	}
	return time.Until(l.notBefore)
}

// loadAll loads until it works, and reports whether it did before the context ended.
func (l *line) loadAll(ctx context.Context) bool {
	began := time.Now()
	for failures := 0; ; failures++ {
		err := l.load(ctx, began)
		if err == nil {
			return true
		}
		l.log.Error("target not told until the store is read", "error", err)
		pause, stop := context.WithTimeout(ctx, backoff(failures, storePause, time.Minute))
		<-pause.Done()
		stop()
		if ctx.Err() != nil {
			return false
		}
	}
}

// load finds what is to be told since the last process: of every open rollout, of those whose cursor is not at their end,
// and of those that ended before they had a cursor.
func (l *line) load(ctx context.Context, began time.Time) (err error) {
	if l.since, err = l.cursors.since(ctx, began); err != nil {
		return err
	}
	known, err := l.cursors.all(ctx)
	if err != nil {
		return err
	}
	all, err := l.o.Store.Open(ctx, "")
	if err != nil {
		return err
	}
	for _, name := range l.o.Services {
		past, err := l.o.Store.History(ctx, name, rollout.Recent)
		if err != nil {
			return err
		}
		all = append(all, past...)
	}
	for id, cur := range known {
		if cur.Done {
			continue
		}
		r, err := l.o.Store.Load(ctx, id)
		if rollout.CodeOf(err) == rollout.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	for _, r := range all {
		recent := !r.Terminal() || !r.Ending.At.Before(l.since) && time.Since(r.Ending.At) < oldest
		if _, has := known[r.ID]; (has || recent) && !known[r.ID].Done {
			l.committed(r)
		}
	}
	return nil
}
