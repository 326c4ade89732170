package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"canarybot.io/rollout"
)

// Options are what an engine is made of. All but Observe and Log are required.
type Options struct {
	Store   rollout.Store
	Cluster rollout.Cluster
	Metrics rollout.Metrics
	Judge   rollout.Judge
	// Preflights are asked before a rollout starts; the first to return the original state of the cluster provides it.
	Preflights []rollout.Preflighter
	// Services is the configuration. Policies and plans are read from it live.
	Services map[rollout.ServiceName]rollout.Service
	// Policy holds for a rollout whose service left the configuration.
	Policy rollout.Policy
	// Calendar knows when rollouts may start; nil: at any time, and whatever is frozen.
	Calendar rollout.Calendar
	// AtOnce is how many rollouts may be under way at once.
	AtOnce rollout.AtOnce
	// Patience is how long a deploy is in line before it is dropped; 0: rollout.Patience.
	Patience time.Duration
	// Tags knows what tags name now; nil: nobody asks.
	Tags rollout.Tags
	// Commits knows which commits lie between two versions; nil: nobody asks.
	Commits rollout.Comparer
	// Repository takes the promotions of services that are promoted by a commit to Git; nil: there are none.
	Repository rollout.Repository
	// Audience knows whether people can see a rollout; nil: they always can.
	Audience rollout.Audience
	// Identify returns who asked for a pending deploy as they are now: a member still or not, and in which of the user groups
	// of the service's policy. An error means that nobody can tell now. nil: as they were.
	Identify func(ctx context.Context, by rollout.Actor, service rollout.ServiceName) (rollout.Actor, error)
	// Committed hears of every commit, in order for each rollout. It must not block.
	Committed func(rollout.Rollout)
	Log       *slog.Logger
}

// Engine runs rollouts. Make it with New, start it with Run.
type Engine struct {
	Options
	evaluator Evaluator
	starts    chan struct{} // holds one value while a deploy counts the others and commits
	lined     chan struct{} // of size one: something may start that is pending
	leaving   chan struct{} // holds one value while a pending deploy starts, or is removed

	mu      sync.Mutex // guards the fields below; held for lines, never across I/O
	workers map[rollout.ID]*worker
	running context.Context //nolint:containedctx // the lifetime of the workers that Deploy starts
	outage  *rollout.Outage // nil while the store is well
	group   sync.WaitGroup
}

// New returns an engine that does nothing before Run.
func New(o Options) *Engine {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Committed == nil {
		o.Committed = func(rollout.Rollout) {}
	}
	if o.Identify == nil {
		o.Identify = func(_ context.Context, by rollout.Actor, _ rollout.ServiceName) (rollout.Actor, error) {
			return by, nil
		}
	}
	return &Engine{
		Options: o, evaluator: Evaluator{Metrics: o.Metrics, Judge: o.Judge}, workers: map[rollout.ID]*worker{},
		starts: make(chan struct{}, 1), lined: make(chan struct{}, 1), leaving: make(chan struct{}, 1),
	}
}

// Run reconciles every open rollout until the context ends, and returns when every goroutine of the engine has. A store
// that fails does not end it: the engine is degraded until the store is well again.
func (e *Engine) Run(ctx context.Context) {
	e.mu.Lock()
	e.running = ctx // before the store is read: rollouts made from here on start by themselves
	e.mu.Unlock()
	e.group.Go(func() { e.probe(ctx) })
	if e.resume(ctx) {
		e.group.Go(func() { e.survey(ctx) })
		e.group.Go(func() { e.startPending(ctx) })
	}
	<-ctx.Done()
	e.mu.Lock()
	e.running = nil // from here on nothing new starts
	e.mu.Unlock()
	e.group.Wait()
}

// resume starts a worker for each rollout that has not ended, as soon as the store can be read. It reports whether that
// was before the context ended.
func (e *Engine) resume(ctx context.Context) bool {
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-again.C:
		}
		open, err := e.Store.Open(ctx, "")
		if err == nil {
			for _, r := range open {
				e.start(r)
			}
			return true
		}
		if ctx.Err() == nil {
			e.degrade(fmt.Errorf("read the open rollouts: %w", err))
		}
		again.Reset(probeEvery)
	}
}

// start gives the rollout its worker, unless it has one or the engine is not running.
func (e *Engine) start(r rollout.Rollout) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running == nil || e.workers[r.ID] != nil || r.Terminal() {
		return
	}
	w := newWorker(e, r)
	e.workers[r.ID] = w
	ctx := e.running
	e.group.Go(func() {
		w.run(ctx)
		e.mu.Lock()
		delete(e.workers, r.ID)
		e.mu.Unlock()
		e.wakeService(r.Service)
		e.lineMoved()
	})
}

// wakeService wakes the workers of the service's rollouts.
func (e *Engine) wakeService(service rollout.ServiceName) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, w := range e.workers {
		if name, _, _ := id.Split(); name == service {
			w.wake()
		}
	}
}

// hold waits until nobody else holds what has room for one value, and returns what lets go of it.
func hold(ctx context.Context, one chan struct{}) (release func(), err error) {
	select {
	case one <- struct{}{}:
		return func() { <-one }, nil
	case <-ctx.Done():
		return nil, rollout.Wrap(rollout.Unavailable, ctx.Err())
	}
}

// Wake reconciles the service's rollouts now. Watches call it; waking too often does no harm.
func (e *Engine) Wake(service rollout.ServiceName) { e.wakeService(service) }

// Snapshot returns every open rollout as its worker last had it, spans included.
func (e *Engine) Snapshot() []rollout.Rollout {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]rollout.Rollout, 0, len(e.workers))
	for _, w := range e.workers {
		all = append(all, w.current())
	}
	return all
}

// Late returns how overdue the most overdue reconcile is: the engine's health.
func (e *Engine) Late(now time.Time) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	var late time.Duration
	for _, w := range e.workers {
		late = max(late, now.Sub(w.dueAt()))
	}
	return late
}

// policy returns the service's current policy.
func (e *Engine) policy(service rollout.ServiceName) rollout.Policy {
	if s, ok := e.Services[service]; ok {
		return s.Policy
	}
	return e.Policy
}

// Decide commits a decision about a rollout and returns the rollout as committed. It returns once the decision is
// durable and before anything follows from it. The error is the answer for whoever decided; the same decision twice
// is rollout.ErrDecided. While the store cannot commit only a rollback is taken, and its error says that it is not saved.
func (e *Engine) Decide(ctx context.Context, id rollout.ID, d rollout.Decision) (rollout.Rollout, error) {
	for {
		if _, degraded := e.Outage(); degraded && d.Action != rollout.Rollback {
			return rollout.Rollout{}, e.degraded(rollout.ProblemDegraded, id)
		}
		r, err := e.Store.Load(ctx, id)
		if e.failed(err) {
			return e.decideDegraded(id, d)
		}
		if err != nil {
			return rollout.Rollout{}, err
		}
		siblings, err := e.loadSiblings(ctx, r, d)
		if e.failed(err) {
			return r, e.degraded(rollout.ProblemDegraded, id)
		}
		if err != nil {
			return r, err
		}
		changes, err := rollout.DecideTogether(r, siblings, d, e.policy)
		if err != nil {
			return r, err
		}
		after := changes[0].Rollout
		changes[0].Given = given(siblings)
		err = e.commit(ctx, changes...)
		switch {
		case rollout.CodeOf(err) == rollout.Conflict && !errors.Is(err, rollout.ErrDecided):
			continue // somebody was faster: decide again on the newer value
		case e.failed(err) && after.Phase != rollout.RollingBack:
			return r, e.degraded(rollout.ProblemUncertain, id)
		case e.failed(err):
			return e.decideDegraded(id, d)
		case err != nil:
			return r, err
		}
		for i := range changes {
			after := &changes[i].Rollout
			after.Revision++
			e.Log.Info("decided", "rollout", after.ID, "revision", after.Revision, "phase", after.Phase, "actor", d.Actor.ID, "action", d.Action)
			e.Committed(*after)
			e.decided(*after)
		}
		return changes[0].Rollout, nil
	}
}

// commit makes the changes durable. A value that breaks an invariant is a defect of the program and is never stored.
// A store that fails degrades the engine; one that commits makes it well.
func (e *Engine) commit(ctx context.Context, changes ...rollout.Change) error {
	for _, c := range changes {
		if problem := rollout.Invariant(c.Rollout); problem != "" {
			return rollout.Wrap(rollout.Internal, fmt.Errorf("invariant broken, nothing was committed: %s", problem))
		}
	}
	changes, err := e.audited(ctx, changes)
	if err == nil {
		err = e.Store.Commit(ctx, changes...)
	}
	ends := func(c rollout.Change) bool { return c.Rollout.Phase.Ending() || c.Rollout.Terminal() }
	switch {
	case err != nil:
		e.failed(err)
	case !slices.ContainsFunc(changes, ends): // room may be kept for those alone
		e.recover()
	}
	return err
}

// audited returns the changes with what the audit keeps of each. Of a rollout that ends that is all of it, so its timeline is
// read: nobody else can add to that meanwhile, because the commit would be a Conflict.
func (e *Engine) audited(ctx context.Context, changes []rollout.Change) ([]rollout.Change, error) {
	changes = slices.Clone(changes)
	for i, c := range changes {
		var told []rollout.Entry
		if c.Rollout.Terminal() {
			var err error
			if told, err = e.Store.Timeline(ctx, c.Rollout.ID, 0); err != nil {
				return nil, err
			}
		}
		changes[i].Audit = c.Audited(told, e.policy(c.Rollout.Service))
	}
	return changes, nil
}

// decided wakes the rollout's worker; what it is sending is cancelled when the rollout is being rolled back.
func (e *Engine) decided(r rollout.Rollout) {
	e.mu.Lock()
	w := e.workers[r.ID]
	e.mu.Unlock()
	if w == nil {
		e.start(r)
		return
	}
	if r.Phase == rollout.RollingBack {
		w.cancelApply()
	}
	w.wake()
	e.wakeSiblings(r)
}
