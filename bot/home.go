package bot

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

const (
	// homesKept is how many people's home tabs are kept up to date, and homeFresh for how long after they opened it.
	homesKept = 50
	homeFresh = 10 * time.Minute
	// homeEvery is how often they are looked at while something changes.
	homeEvery = 5 * time.Second
	// homeSweep is how often they are looked at while nothing does: freezes begin and end by themselves.
	homeSweep = time.Minute
	// recentShown is how many rollouts that ended a home lists.
	recentShown = 5
)

// homes knows who looked at their home tab lately, and what it shows.
type homes struct {
	mu     sync.Mutex // guards the rest
	opened *lru.Cache[string, opened]
	dirty  chan struct{} // of size one
}

// opened is when somebody opened their home tab, and a sum of what it shows.
type opened struct {
	at  time.Time
	sum [sha256.Size]byte
}

func newHomes() *homes {
	all, _ := lru.New[string, opened](homesKept) // fails for a size below one only
	return &homes{opened: all, dirty: make(chan struct{}, 1)}
}

// Committed notes that something changed which home tabs show. It never blocks.
func (b *Bot) Committed(rollout.Rollout) { b.homes.changed() }

// changed notes that something changed which home tabs show. It never blocks.
func (h *homes) changed() {
	select {
	case h.dirty <- struct{}{}:
	default:
	}
}

// homeOpened shows somebody the home tab that they opened.
func (b *Bot) homeOpened(user string) (answer, error) {
	b.homes.mu.Lock()
	b.homes.opened.Add(user, opened{at: time.Now()})
	b.homes.mu.Unlock()
	return answer{then: func(ctx context.Context) { b.publishHome(ctx, user) }}, nil
}

// keepHomes keeps the home tabs up to date that somebody looked at lately.
func (b *Bot) keepHomes(ctx context.Context) {
	ticker := time.NewTicker(homeEvery)
	defer ticker.Stop()
	sweep := time.NewTicker(homeSweep)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.homes.dirty:
		case <-sweep.C:
		}
		for _, user := range b.homes.lately() {
			b.publishHome(ctx, user)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// lately returns who opened their home tab lately.
func (h *homes) lately() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(h.opened.Keys(), func(user string) bool {
		o, ok := h.opened.Peek(user)
		return !ok || time.Since(o.at) > homeFresh
	})
}

// publishHome puts a person's home tab up to date, unless it shows all of that already.
func (b *Bot) publishHome(ctx context.Context, user string) {
	defer b.recoverFrom("home")
	blocks, sum, err := b.home(ctx, user)
	if err != nil {
		b.Log.Warn("home not shown", "actor", user, "error", err)
		return
	}
	b.homes.mu.Lock()
	before, known := b.homes.opened.Peek(user)
	b.homes.mu.Unlock()
	if !known || before.sum == sum {
		return
	}
	if err := b.Slack.PublishHome(ctx, user, blocks); err != nil {
		b.Log.Warn("home not shown", "actor", user, "error", err)
		return
	}
	b.homes.mu.Lock()
	defer b.homes.mu.Unlock()
	if now, known := b.homes.opened.Peek(user); known {
		b.homes.opened.Add(user, opened{at: now.at, sum: sum})
	}
}

// sumOf is a sum of what matters on a home tab: which rollouts wait, run and ended, and how each stands. A bake's clock and
// its numbers do not; the card has them.
func sumOf(h view.Home) (sum [sha256.Size]byte) {
	w := sha256.New()
	for _, all := range [][]rollout.Rollout{h.Waiting, h.Running, h.Recent} {
		for _, r := range all {
			fmt.Fprintln(w, r.ID, r.Turn, r.Phase, r.Step, r.Paused, r.Held, r.Stuck != nil, r.Drift != nil, len(r.Approvals), r.Verdict.Result, r.Ending.Outcome, h.Links[r.ID])
		}
		fmt.Fprintln(w, len(h.Notice.Blocks))
	}
	for _, c := range h.Closures {
		fmt.Fprintln(w, c.Kind, c.Scope, c.From, c.Until, c.Text, c.Holds(h.Now))
	}
	for _, p := range append(h.Queue.Line(h.Now), h.Queue.Coming(h.Now)...) {
		fmt.Fprintln(w, p.ID, h.Queue.Place(p.ID, h.Now))
	}
	w.Sum(sum[:0])
	return sum
}

// home returns what one person sees on their home tab, and a sum of what matters in it.
func (b *Bot) home(ctx context.Context, user string) (view.Blocks, [sha256.Size]byte, error) {
	if no, away := b.turnAway(ctx, request{user: user}); away {
		return no.Blocks, sha256.Sum256([]byte(no.Text)), nil
	}
	h, err := b.homeOf(ctx, user)
	return b.answers.Home(h), sumOf(h), err
}

// homeOf collects what waits for a person, what runs, and what ended.
func (b *Bot) homeOf(ctx context.Context, user string) (view.Home, error) {
	open, err := b.Store.Open(ctx, "")
	o, degraded := b.Rollouts.Outage()
	if degraded {
		open, err = b.Rollouts.Snapshot(), nil
	}
	if err != nil {
		return view.Home{}, err
	}
	h := view.Home{Links: map[rollout.ID]string{}, Now: now()}
	if h.Closures, err = b.closures(ctx); err != nil {
		b.Log.Warn("closures not read", "error", err) // the rest is there
	}
	if degraded {
		h.Notice = b.answers.OutageBegan(o)
	}
	if h.Queue, err = b.Store.Queue(ctx); err != nil {
		b.Log.Warn("queue not read", "error", err)
	}
	for _, r := range open {
		actor, err := b.actor(ctx, request{user: user}, rollout.Promote, r.Service)
		if err == nil && b.waitsFor(r, actor) {
			h.Waiting = append(h.Waiting, r)
			continue
		}
		h.Running = append(h.Running, r)
	}
	if h.Recent, err = b.ended(ctx); err != nil && !degraded {
		return h, err
	}
	for _, all := range [][]rollout.Rollout{h.Waiting, h.Running, h.Recent} {
		for _, r := range all[:min(len(all), view.MostOnHome)] {
			h.Links[r.ID] = b.link(ctx, r.ID)
		}
	}
	return h, nil
}

// waitsFor reports whether the rollout waits for what this person may decide.
func (b *Bot) waitsFor(r rollout.Rollout, actor rollout.Actor) bool {
	if !r.Waits() && r.Stuck == nil {
		return false
	}
	actions, policy := view.Actions(r), b.policy(r.Service)
	if len(actions) == 0 || policy.Allows(actor, actions[0]) != nil {
		return false
	}
	return actions[0] != rollout.Promote || policy.Counts(r, actor) == nil // who approved already waits for others
}

// ended returns the last rollouts that have ended, newest first.
func (b *Bot) ended(ctx context.Context) ([]rollout.Rollout, error) {
	var all []rollout.Rollout
	for _, s := range b.sorted() {
		past, err := b.Store.History(ctx, s.Name, recentShown+2)
		if err != nil {
			return nil, fmt.Errorf("read what ended: %w", err)
		}
		all = append(all, slices.DeleteFunc(past, func(r rollout.Rollout) bool { return !r.Terminal() })...)
	}
	slices.SortStableFunc(all, func(x, y rollout.Rollout) int { return y.Ending.At.Compare(x.Ending.At) })
	return all[:min(len(all), recentShown)], nil
}
