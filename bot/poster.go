package bot

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

const (
	// recently is how long after its end a rollout that has no card yet still gets one.
	recently = 24 * time.Hour
	// rereadAfter is how long what could not be read waits.
	rereadAfter = time.Second
	// outageMost and refusedMost are the longest pauses after calls that got no answer, and after a no.
	outageMost, refusedMost = 30 * time.Second, 5 * time.Minute
)

// poster shows rollouts in Slack: one goroutine that, again and again, makes the most urgent call that may be made.
// It compares what is stored with the cursors, so it needs no queue, and after an outage or a crash it just goes on.
type poster struct {
	b *Bot

	mu   sync.Mutex // guards the fields below
	news map[rollout.ID]rollout.Rollout
	old  map[rollout.ID]bool // cards that somebody found stale
	live map[rollout.ID]rollout.ServiceName
	wake chan struct{} // of size one

	// The fields below belong to the goroutine.
	subjects map[rollout.ID]*subject
	down     time.Time // Slack does not answer; not before then
	again    time.Time // something could not be read; it is read again then
	misses   int
}

func newPoster(b *Bot) *poster {
	return &poster{
		b: b, news: map[rollout.ID]rollout.Rollout{}, old: map[rollout.ID]bool{},
		live: map[rollout.ID]rollout.ServiceName{}, wake: make(chan struct{}, 1), subjects: map[rollout.ID]*subject{},
	}
}

// hear takes a committed rollout. It never blocks.
func (p *poster) hear(r rollout.Rollout) {
	p.keep(r)
	p.poke()
}

// keep notes a rollout to be looked at, unless a newer value is noted.
func (p *poster) keep(r rollout.Rollout) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if before, ok := p.news[r.ID]; !ok || before.Revision < r.Revision {
		p.news[r.ID] = r
	}
	if r.Terminal() {
		delete(p.live, r.ID)
	} else {
		p.live[r.ID] = r.Service
	}
}

// refresh makes the rollout's card be edited although nothing changed: somebody acted on what it shows no more.
func (p *poster) refresh(id rollout.ID) {
	p.mu.Lock()
	p.old[id] = true
	p.mu.Unlock()
	p.poke()
}

func (p *poster) poke() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// services returns the services of the rollouts that have not ended.
func (p *poster) services() []rollout.ServiceName {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Values(p.live))
}

// run shows until ctx ends, then says on the open cards that the bot is restarting.
func (p *poster) run(ctx, late context.Context) {
	for failures := 1; ; failures++ {
		err := p.reconcile(ctx)
		if err == nil {
			break
		}
		p.b.Log.Error("rollouts not read; no card is kept until they are", "error", err)
		if !sleep(ctx, setback(nil, failures)) {
			return
		}
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		p.take(ctx)
		next, when, ok := p.pick(time.Now())
		if ok {
			p.do(ctx, next)
			continue
		}
		if !p.again.IsZero() && p.again.Before(when) {
			when, p.again = p.again, time.Time{}
		}
		timer.Reset(max(0, time.Until(when)))
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-timer.C:
		}
	}
	p.restarting(late)
}

// reconcile finds what is to be shown: every open rollout, and those that ended and are not shown to their end.
func (p *poster) reconcile(ctx context.Context) error {
	known, err := p.b.cursors.all(ctx)
	if err != nil {
		return err
	}
	open, err := p.b.Store.Open(ctx, "")
	if err != nil {
		return err
	}
	for id, cur := range known {
		if cur.Done {
			continue
		}
		r, err := p.b.Store.Load(ctx, id)
		if rollout.CodeOf(err) == rollout.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		open = append(open, r)
	}
	for name := range p.b.Services {
		past, err := p.b.Store.History(ctx, name, rollout.Recent)
		if err != nil {
			return err
		}
		for _, r := range past {
			if _, ok := known[r.ID]; !ok && r.Terminal() && time.Since(r.Ending.At) < recently {
				open = append(open, r)
			}
		}
	}
	for _, r := range open {
		p.hear(r)
	}
	for id, cur := range known {
		if !cur.Done {
			p.subjects[id] = newSubject(cur)
		}
	}
	return nil
}

// take brings the subjects up to date with what was committed.
func (p *poster) take(ctx context.Context) {
	p.mu.Lock()
	news, old := p.news, p.old
	p.news, p.old = map[rollout.ID]rollout.Rollout{}, map[rollout.ID]bool{}
	p.mu.Unlock()
	for id, r := range news {
		err := p.b.shielded(func() error {
			s, err := p.subject(ctx, r)
			if err != nil || s == nil {
				return err
			}
			return p.follow(ctx, s, r)
		})
		if err != nil && ctx.Err() == nil {
			p.b.Log.Error("rollout not read; its card stays as it is", "rollout", id, "error", err)
			p.again = time.Now().Add(rereadAfter)
			p.keep(r) // it is not lost, and waits until then
		}
	}
	for id := range old {
		if s := p.subjects[id]; s != nil {
			s.redraw = true
		}
	}
	for id, s := range p.subjects {
		if s.r.ID == "" {
			delete(p.subjects, id) // the store forgot the rollout
		}
	}
}

// subject returns the rollout's subject; nil when all of it is shown for good.
func (p *poster) subject(ctx context.Context, r rollout.Rollout) (*subject, error) {
	if s := p.subjects[r.ID]; s != nil {
		return s, nil
	}
	cur, err := p.b.cursors.load(ctx, r.ID)
	if err != nil || cur.Done {
		return nil, err
	}
	s := newSubject(cur)
	p.subjects[r.ID] = s
	return s, nil
}

// follow takes a newer value and the entries that came with it.
func (p *poster) follow(ctx context.Context, s *subject, r rollout.Rollout) error {
	if r.Revision < s.r.Revision {
		return nil
	}
	if r.Seq > s.read {
		entries, err := p.b.Store.Timeline(ctx, r.ID, s.read)
		if err != nil {
			return err
		}
		for _, e := range entries {
			s.read = max(s.read, e.Seq)
			s.urgent = min(s.urgent, rankOf(e))
			if _, told := view.Reply(r, e, nil, ""); told {
				s.entries = append(s.entries, e)
			}
		}
	}
	s.r = r
	return nil
}

// pick returns the most urgent task that may be done now, or when the next may.
func (p *poster) pick(now time.Time) (best task, when time.Time, ok bool) {
	when = now.Add(time.Hour)
	for _, s := range p.subjects {
		tasks := s.tasks()
		if len(tasks) == 0 && s.shown() {
			tasks = []task{{s: s, rank: progress, do: s.finish}}
		}
		for _, t := range tasks {
			leave := nothing
			if t.rank >= progress {
				leave = half // so that an end need not wait behind a thousand numbers
			}
			t.at = latest(t.at, p.b.api.budget.free(t.method, leave), s.notBefore, p.down)
			switch {
			case t.at.After(now):
				if t.at.Before(when) {
					when = t.at
				}
			case !ok || t.before(best):
				best, ok = t, true
			}
		}
	}
	return best, when, ok
}

// latest returns the last of the times.
func latest(times ...time.Time) time.Time {
	return slices.MaxFunc(times, time.Time.Compare)
}

// before orders tasks: the more urgent first, then who has waited longest.
func (t task) before(o task) bool {
	if t.rank != o.rank {
		return t.rank < o.rank
	}
	if !t.since.Equal(o.since) {
		return t.since.Before(o.since)
	}
	return t.s.r.ID < o.s.r.ID
}

// step does one task.
type step func(ctx context.Context, p *poster) error

// do makes the call and notes what came of it.
func (p *poster) do(ctx context.Context, t task) {
	err := p.b.shielded(func() error { return t.do(ctx, p) })
	s := t.s
	if err == nil {
		s.failures, p.misses = 0, 0
		s.notBefore, p.down = time.Time{}, time.Time{}
		return
	}
	if ctx.Err() != nil {
		return
	}
	switch outcomeOf(err) {
	case limited: // the budget knows until when; of a call on the way to this one nobody asks it
		s.notBefore = time.Now().Add(time.Second)
		return
	case lost:
		p.misses++
		s.failures++
		p.down = time.Now().Add(min(time.Second<<min(p.misses, 10), outageMost))
		// The others go first then: what fails for this one alone must not keep them waiting.
		s.notBefore = time.Now().Add(min(time.Second<<min(s.failures, 10), outageMost))
		if turn := p.down.Add(time.Second); s.notBefore.Before(turn) {
			s.notBefore = turn
		}
	case refused:
		s.failures++
		s.notBefore = time.Now().Add(min(5*time.Second<<min(s.failures-1, 10), refusedMost))
	}
	p.b.Log.Warn("slack not up to date", "rollout", s.r.ID, "method", t.method, "error", err)
}

// finish notes that everything is shown and forgets the rollout.
func (s *subject) finish(ctx context.Context, p *poster) error {
	cur := s.cur
	cur.Done, cur.Posting = true, nil
	if err := p.b.cursors.save(ctx, s.r.ID, cur); err != nil {
		return stored(err)
	}
	delete(p.subjects, s.r.ID)
	return nil
}
