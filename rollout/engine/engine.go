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
	// Audience knows whether people can see a rollout; nil: they always can.
	Audience rollout.Audience
	// Committed hears of every commit, in order for each rollout. It must not block.
	Committed func(rollout.Rollout)
	Log       *slog.Logger
}

// Engine runs rollouts. Make it with New, start it with Run.
type Engine struct {
	Options
	evaluator Evaluator

	mu      sync.Mutex // guards the fields below; held for lines, never across I/O
	workers map[rollout.ID]*worker
	running context.Context //nolint:containedctx // the lifetime of the workers that Deploy starts
	group   sync.WaitGroup
	broken  chan error
}

// New returns an engine that does nothing before Run.
func New(o Options) *Engine {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Committed == nil {
		o.Committed = func(rollout.Rollout) {}
	}
	return &Engine{
		Options: o, evaluator: Evaluator{Metrics: o.Metrics, Judge: o.Judge}, workers: map[rollout.ID]*worker{}, broken: make(chan error, 1),
	}
}

// Run reconciles every open rollout until the context ends, and returns when every goroutine of the engine has. Its
// error is nil after a cancelled context; otherwise the store failed and the process must exit: a restart reads what
// is durable.
func (e *Engine) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e.mu.Lock()
	e.running = ctx // before the store is read: rollouts made from here on start by themselves
	e.mu.Unlock()
	open, err := e.Store.Open(ctx, "")
	if err != nil && ctx.Err() == nil {
		e.fail(fmt.Errorf("read the open rollouts: %w", err))
	}
	for _, r := range open {
		e.start(r)
	}
	e.group.Go(func() { e.survey(ctx) })
	err = nil
	select {
	case <-ctx.Done():
	case err = <-e.broken:
		cancel()
	}
	e.mu.Lock()
	e.running = nil // from here on nothing new starts
	e.mu.Unlock()
	e.group.Wait()
	return err
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
// is rollout.ErrDecided.
func (e *Engine) Decide(ctx context.Context, id rollout.ID, d rollout.Decision) (rollout.Rollout, error) {
	for {
		r, err := e.Store.Load(ctx, id)
		if err != nil {
			return rollout.Rollout{}, e.fatal(err)
		}
		after, entries, err := rollout.Decide(r, d, e.policy(r.Service))
		if err != nil {
			return r, err
		}
		err = e.commit(ctx, rollout.Change{Rollout: after, Entries: entries, Decision: d.ID})
		if rollout.CodeOf(err) == rollout.Conflict && !errors.Is(err, rollout.ErrDecided) {
			continue // somebody was faster: decide again on the newer value
		}
		if err != nil {
			return r, err
		}
		after.Revision++
		e.Log.Info("decided", "rollout", id, "revision", after.Revision, "phase", after.Phase, "actor", d.Actor.ID, "action", d.Action)
		e.Committed(after)
		e.decided(after)
		return after, nil
	}
}

// commit makes the changes durable. A value that breaks an invariant is a defect of the program and is never stored.
// When the store fails, rollbacks that want weight 0 are sent ahead of their commit, and the process must end.
func (e *Engine) commit(ctx context.Context, changes ...rollout.Change) error {
	for _, c := range changes {
		if problem := rollout.Invariant(c.Rollout); problem != "" {
			return rollout.Wrap(rollout.Internal, fmt.Errorf("invariant broken, nothing was committed: %s", problem))
		}
	}
	err := e.Store.Commit(ctx, changes...)
	if rollout.CodeOf(err) == rollout.Unavailable {
		for _, c := range changes {
			e.emergency(c.Rollout)
		}
		e.fail(err)
	}
	return err
}

// emergency is the one act that may precede its commit: a rollback that wants weight 0 now sends it, with the
// annotation that the next process reads as an abort.
func (e *Engine) emergency(r rollout.Rollout) {
	if r.Phase != rollout.RollingBack {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), applyTimeout) // the process is ending; this must not
	defer cancel()
	e.mu.Lock()
	w := e.workers[r.ID]
	e.mu.Unlock()
	if w != nil {
		w.cancelApply()
	}
	for range conflictsAtOnce { // the write in flight may land first
		f := rollout.Facts{Now: now(), Observed: e.Cluster.Observe(ctx, r)}
		all := rollout.Writes(r, f)
		i := slices.IndexFunc(all, func(one rollout.Write) bool {
			return one.Object == rollout.RouteObject && one.Weight != nil
		})
		if i < 0 {
			return
		}
		all[i].AskRollback = true
		zero := rollout.Weight(0) // nothing comes after this that could take the rest
		all[i].Weight, all[i].Stamp.Weight = &zero, &zero
		err := e.Cluster.Do(ctx, r, all[i])
		e.Log.Error("store failed; weight set to 0 ahead of its commit", "rollout", r.ID, "error", err)
		if rollout.CodeOf(err) != rollout.Conflict {
			return
		}
	}
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
}

// fatal notes a store that failed: the process must end.
func (e *Engine) fatal(err error) error {
	if rollout.CodeOf(err) == rollout.Unavailable {
		e.fail(err)
	}
	return err
}

// fail ends Run with the error; the first one counts.
func (e *Engine) fail(err error) {
	select {
	case e.broken <- err:
	default:
	}
}
