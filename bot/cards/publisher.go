package cards

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

const (
	// recently is how long after its end a rollout that has no card yet still gets one.
	recently = 24 * time.Hour
	// rereadAfter is how long what could not be read waits.
	rereadAfter = time.Second
	// outageMost and refusedMost are the longest pauses after calls that got no answer, and after a no.
	outageMost, refusedMost = 30 * time.Second, 2 * time.Minute
)

// Store is what the publisher reads of a rollout.Store.
type Store interface {
	Load(ctx context.Context, id rollout.ID) (rollout.Rollout, error)
	Open(ctx context.Context, service rollout.ServiceName) ([]rollout.Rollout, error)
	History(ctx context.Context, service rollout.ServiceName, limit int) ([]rollout.Rollout, error)
	Timeline(ctx context.Context, id rollout.ID, after int) ([]rollout.Entry, error)
}

// Options are what a publisher is made of. All but Log are required.
type Options struct {
	Slack *slack.Client
	Store Store
	Notes Notes
	// Services is the configuration. Policies and channels are read from it live.
	Services map[rollout.ServiceName]rollout.Service
	// Policy and Channel hold where a service has none, or left the configuration.
	Policy  rollout.Policy
	Channel string // id or #name
	Command string // the slash command, as people are told to type it; empty: /canary
	// Quiet knows the services' quiet hours; nil: there are none.
	Quiet QuietHours
	// SharedChannels allows cards where another organisation reads them.
	SharedChannels bool
	// Beside leaves notes in the cluster about what people cannot see in Slack; nil: there are none.
	Beside Beside
	// Draw draws charts where Slack does not; nil: nobody does.
	Draw func(view.Picture) ([]byte, error)
	Log  *slog.Logger
}

// Publisher keeps the cards: one goroutine that, again and again, makes the most urgent call that may be made.
type Publisher struct {
	Options
	cursors *cursors

	mu        sync.Mutex // guards the fields below
	committed map[rollout.ID]rollout.Rollout
	outdated  map[rollout.ID]bool
	live      map[rollout.ID]rollout.ServiceName
	unseen    map[rollout.ID]rollout.Problem // why people cannot see it, zero: they can; of those that calls were made for
	askers    *lru.Cache[rollout.ID, asker]
	wake      chan struct{} // of size one

	// The fields below belong to the goroutine.
	cards     map[rollout.ID]*card
	before    map[rollout.ID]int // the last entry that an earlier process committed, of rollouts that were read at the start
	downUntil time.Time          // Slack does not answer; not before then
	rereadAt  time.Time          // something could not be read
	misses    int
	hanging   bool      // a picture is under way
	hung      chan hung // what came of it; of size one
}

var (
	_ rollout.Preflighter = (*Publisher)(nil)
	_ rollout.Audience    = (*Publisher)(nil)
)

// New returns a publisher that posts nothing before Run.
func New(o Options) *Publisher {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Quiet == nil {
		o.Quiet = neverQuiet{}
	}
	askers, _ := lru.New[rollout.ID, asker](askersKept) // fails for a size below one only
	return &Publisher{
		Options: o, unseen: map[rollout.ID]rollout.Problem{}, askers: askers, cursors: newCursors(o.Notes),
		committed: map[rollout.ID]rollout.Rollout{}, outdated: map[rollout.ID]bool{},
		live: map[rollout.ID]rollout.ServiceName{}, wake: make(chan struct{}, 1), cards: map[rollout.ID]*card{}, before: map[rollout.ID]int{}, hung: make(chan hung, 1),
	}
}

// Committed notes a rollout's new value to be shown. It never blocks.
func (p *Publisher) Committed(r rollout.Rollout) {
	p.note(r)
	p.wakeUp()
}

// note keeps a rollout to be published, unless a newer value is there.
func (p *Publisher) note(r rollout.Rollout) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if before, ok := p.committed[r.ID]; !ok || before.Revision < r.Revision {
		p.committed[r.ID] = r
	}
	if r.Terminal() {
		delete(p.live, r.ID)
	} else {
		p.live[r.ID] = r.Service
	}
}

// Redraw makes the rollout's card be edited although nothing changed: somebody acted on what it no longer shows.
func (p *Publisher) Redraw(id rollout.ID) {
	p.mu.Lock()
	p.outdated[id] = true
	p.mu.Unlock()
	p.wakeUp()
}

func (p *Publisher) wakeUp() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// LiveServices returns the services of the rollouts that have not ended.
func (p *Publisher) LiveServices() []rollout.ServiceName {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Values(p.live))
}

// Run publishes until ctx ends, and then shows on the live cards that the bot is restarting, for five seconds at most.
func (p *Publisher) Run(ctx context.Context) {
	if !p.loadAll(ctx) {
		return
	}
	var pictures sync.WaitGroup
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		p.takeCommitted(ctx)
		due := p.hangPictures(ctx, &pictures)
		next, when, ok := p.next(time.Now())
		if ok {
			p.perform(ctx, next)
			continue
		}
		if !p.rereadAt.IsZero() && p.rereadAt.Before(when) {
			when, p.rereadAt = p.rereadAt, time.Time{}
		}
		if !due.IsZero() && due.Before(when) {
			when = due
		}
		timer.Reset(max(0, time.Until(when)))
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-timer.C:
		}
	}
	pictures.Wait()
	late, stop := context.WithTimeout(context.WithoutCancel(ctx), restartingMost)
	defer stop()
	p.showRestarting(late)
}

// loadAll tries to load until it works, and reports whether it did before ctx ended.
func (p *Publisher) loadAll(ctx context.Context) bool {
	for failures := 0; ; failures++ {
		err := p.load(ctx)
		if err == nil {
			return true
		}
		p.Log.Error("rollouts not read; no card is kept until they are", "error", err)
		pause, stop := context.WithTimeout(ctx, backoff(time.Second, failures, outageMost))
		<-pause.Done()
		stop()
		if ctx.Err() != nil {
			return false
		}
	}
}

// load reads what is to be shown: every open rollout, and those that ended and are not shown to their end.
func (p *Publisher) load(ctx context.Context) error {
	known, err := p.cursors.all(ctx)
	if err != nil {
		return err
	}
	open, err := p.Store.Open(ctx, "")
	if err != nil {
		return err
	}
	for id, cur := range known {
		if cur.Done {
			continue
		}
		r, err := p.Store.Load(ctx, id)
		if rollout.CodeOf(err) == rollout.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		open = append(open, r)
	}
	for name := range p.Services {
		past, err := p.Store.History(ctx, name, rollout.Recent)
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
		p.before[r.ID] = r.Seq
		p.Committed(r)
	}
	for id, cur := range known {
		if !cur.Done {
			p.cards[id] = newCard(cur)
		}
	}
	return nil
}

// takeCommitted brings the cards' state up to date with what was committed.
func (p *Publisher) takeCommitted(ctx context.Context) {
	p.mu.Lock()
	committed, outdated := p.committed, p.outdated
	p.committed, p.outdated = map[rollout.ID]rollout.Rollout{}, map[rollout.ID]bool{}
	p.mu.Unlock()
	for id, r := range committed {
		if err := p.recovered(func() error { return p.update(ctx, r) }); err != nil && ctx.Err() == nil {
			p.Log.Error("rollout not read; its card stays as it is", "rollout", id, "error", err)
			p.rereadAt = time.Now().Add(rereadAfter)
			p.note(r) // it is not lost, and waits until then
		}
	}
	for id := range outdated {
		if c := p.cards[id]; c != nil {
			c.holder().outdated = true
		}
	}
	if err := p.keepTogether(ctx); err != nil && ctx.Err() == nil {
		p.Log.Error("a card that shows several rollouts is not noted for all of them", "error", err)
		p.rereadAt = time.Now().Add(rereadAfter)
	}
	maps.DeleteFunc(p.cards, func(_ rollout.ID, c *card) bool { return c.r.ID == "" }) // the store forgot the rollout
}

// update takes a newer value and the entries that came with it, unless all of the rollout is shown for good.
func (p *Publisher) update(ctx context.Context, r rollout.Rollout) error {
	return p.take(ctx, r, false)
}

// take is update; again takes also one that was shown to its end.
func (p *Publisher) take(ctx context.Context, r rollout.Rollout, again bool) error {
	c := p.cards[r.ID]
	if c == nil {
		cur, err := p.cursors.load(ctx, r.ID)
		if err != nil || cur.Done && r.Reviewed == nil && !again { // a review comes when all else is shown
			return err
		}
		c = newCard(cur)
		p.cards[r.ID] = c
	}
	if r.Revision < c.r.Revision {
		return nil
	}
	if err := p.join(ctx, c, r); err != nil {
		return err
	}
	if c.r.ID == "" { // what happened before this process
		before, err := p.Store.Timeline(ctx, r.ID, max(0, r.Seq-tail))
		if err != nil {
			return err
		}
		c.stands.saw(r, before, time.Now())
	}
	if r.Seq > c.read {
		entries, err := p.Store.Timeline(ctx, r.ID, c.read)
		if err != nil {
			return err
		}
		// What is newer than the value comes with the next: an end is urgent for the card that shows it.
		entries = slices.DeleteFunc(entries, func(e rollout.Entry) bool { return e.Seq > r.Seq })
		c.stands.saw(r, entries, time.Now())
		for _, e := range entries {
			c.read = max(c.read, e.Seq)
			h := c.holder()
			h.urgent = min(h.urgent, rankOf(e))
			if _, inThread := view.Reply(r, e, view.Audience{}, ""); inThread {
				c.entries = append(c.entries, e)
			}
		}
	}
	c.stands.saw(r, nil, time.Now())
	c.r, c.endsIn = r, p.Services[r.Service].EndsChannel
	return nil
}

// next returns the most urgent task that may be done now, or when the next may.
func (p *Publisher) next(now time.Time) (best task, when time.Time, ok bool) {
	when = now.Add(time.Hour)
	for _, c := range p.cards {
		c.hush(p.Quiet, now)
	}
	for _, c := range p.cards {
		for _, t := range c.tasks() {
			in := cmp.Or(t.in, p.ChannelOf(c.r.Service))
			t.at = latest(t.at, p.Slack.FreeAt(now, t.method, in, t.rank.reserve()), t.pace.notBefore, p.downUntil)
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

// perform makes the call and notes what came of it.
func (p *Publisher) perform(ctx context.Context, t task) {
	err := p.recovered(func() error { return t.do(ctx, p) })
	c := t.c
	if err == nil {
		p.worked(t)
		return
	}
	if ctx.Err() != nil {
		return
	}
	switch slack.OutcomeOf(err) {
	case slack.RateLimited: // the budget knows until when, but for calls on the way to this one
		t.pace.notBefore = time.Now().Add(time.Second)
		t.pace.failures++
		if t.pace == &c.showing && c.cur.Card == "" { // there is no card for as long
			t.pace.refused = rollout.Problem{Code: ProblemMessageRefused, Value: p.ChannelOf(c.r.Service), Want: limited}
			p.seeAll(c)
		}
		return
	case slack.Lost: // also where a cursor could not be stored: everything waits a little
		p.misses++
		t.pace.failures++
		p.downUntil = time.Now().Add(backoff(time.Second, p.misses, outageMost))
		// The others go first then: what fails for this one alone must not keep them waiting.
		t.pace.notBefore = latest(time.Now().Add(backoff(time.Second, t.pace.failures, outageMost)), p.downUntil.Add(time.Second))
	case slack.Refused:
		t.pace.refused = p.Refusal(p.ChannelOf(c.r.Service), err)
		t.pace.failures++
		t.pace.notBefore = time.Now().Add(backoff(5*time.Second, t.pace.failures-1, refusedMost))
		p.seeAll(c)
	}
	p.Log.Warn("slack not up to date", "rollout", c.r.ID, "method", t.method, "error", err)
}

// worked notes that a call worked. What was refused before in its channel is tried again at once.
func (p *Publisher) worked(t task) {
	again := !t.pace.refused.IsZero()
	*t.pace, p.misses, p.downUntil = pace{}, 0, time.Time{}
	p.seeAll(t.c)
	for _, o := range p.cards {
		if again && o.cur.Channel == t.c.cur.Channel {
			o.showing.notBefore, o.replying.notBefore = time.Time{}, time.Time{}
		}
	}
}

// backoff doubles the first pause with each failure.
func backoff(first time.Duration, failures int, most time.Duration) time.Duration {
	return min(first<<min(failures, 10), most)
}

// recovered turns a panic into an error: one rollout's card must not take the others' with it.
func (p *Publisher) recovered(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			p.Slack.Count(slack.Panicked)
			p.Log.Error("panic", "in", "publisher", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			err = &slack.Error{Method: "publisher", Outcome: slack.Refused, Code: "panic"}
		}
	}()
	return f()
}
