package engine

import (
	"context"
	"errors"
	"time"

	"canarybot.io/rollout"
)

// probeEvery is how often the store is tried, so how soon a store that fails, or is well again, is noticed where nothing
// is committed.
const probeEvery = 5 * time.Second

// Outage returns why the engine is degraded, and whether it is: the store cannot commit. Then it goes on judging, takes
// canaries off traffic whose health or whose people demand it, and does nothing else.
func (e *Engine) Outage() (rollout.Outage, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.outage == nil {
		return rollout.Outage{}, false
	}
	return *e.outage, true
}

// failed reports whether the error is the store's, and notes that it is degraded if so.
func (e *Engine) failed(err error) bool {
	if rollout.CodeOf(err) != rollout.Unavailable {
		return false
	}
	e.degrade(err)
	return true
}

func (e *Engine) degrade(why error) {
	e.mu.Lock()
	began := e.outage == nil
	if began {
		e.outage = &rollout.Outage{Since: now()}
	}
	e.outage.Words = cause(why)
	e.mu.Unlock()
	if began {
		e.Log.Error("the store cannot commit: only judging and taking canaries off traffic go on", "error", why)
	}
}

// cause is what the disk or the operating system said.
func cause(err error) string {
	var known *rollout.Error
	if errors.As(err, &known) && known.Cause != nil {
		return known.Cause.Error()
	}
	return err.Error()
}

// recover ends an outage: every worker commits what it kept in memory, and rollouts that were stored unheard get one.
func (e *Engine) recover() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.outage == nil {
		return
	}
	if ctx := e.running; ctx != nil {
		e.group.Go(func() { e.resume(ctx) })
	}
	e.Log.Info("the store commits again", "after", time.Since(e.outage.Since))
	e.outage = nil
	for _, w := range e.workers {
		w.wake()
	}
}

// probe tries the store until the context ends.
func (e *Engine) probe(ctx context.Context) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := e.Store.Probe(ctx); err == nil {
			e.recover()
		} else if ctx.Err() == nil {
			e.failed(err)
		}
	}
}

// ask has the worker roll back as soon as it reconciles, which is at once, although that could not be saved. What it is
// sending is cancelled.
func (w *worker) ask(d rollout.Decision) {
	w.mu.Lock()
	w.asked = &d
	w.mu.Unlock()
	w.cancelApply()
	w.wake()
}

// heed applies a rollback that could not be saved, and stays with it until it is.
func (w *worker) heed(r rollout.Rollout) rollout.Rollout {
	w.mu.Lock()
	d := w.asked
	w.mu.Unlock()
	if d == nil || w.decision == d.ID {
		return r
	}
	after, entries, err := rollout.Decide(r, *d, w.e.policy(r.Service))
	if err != nil { // it is rolling back already
		w.mu.Lock()
		w.asked = nil
		w.mu.Unlock()
		return r
	}
	w.ahead, w.decision = append(w.ahead, entries...), d.ID
	w.setCurrent(after)
	return after
}

// saved forgets what was kept in memory.
func (w *worker) saved() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.asked != nil && w.asked.ID == w.decision {
		w.asked = nil
	}
	w.ahead, w.decision = nil, ""
}

// degraded reconciles in memory, and returns when to do so again at the latest.
func (w *worker) degraded(ctx context.Context) time.Time {
	before := w.current()
	if before.Phase == rollout.Queued && !before.Orphaned() {
		return now().Add(probeEvery) // nothing starts
	}
	before = w.heed(before)
	if before.Phase.Forward() || before.TakenOff() { // nothing moves forward, in Git neither, and the revert has to be saved first
		w.promoter.follow(before, rollout.WantNothing)
	}
	f := w.observe(ctx)
	if ctx.Err() != nil {
		return time.Time{}
	}
	// What takes traffic off comes before anything is asked of a disk that may hang.
	if before.Phase.Ending() && (!before.TakenOff() || len(rollout.UnsavedWrites(before, f)) == 0) {
		if at, ok := w.end(ctx, f); ok {
			return at
		}
	}
	w.e.meetInMemory(before, &f)
	after, entries, next := rollout.Degraded(before, f)
	w.ahead = append(w.ahead, entries...)
	w.setCurrent(after)
	if after.Phase != before.Phase {
		w.e.wakeSiblings(after)
	}
	w.checker.follow(after)
	var writes []rollout.Write
	switch {
	case after.TakenOff():
		writes = rollout.UnsavedWrites(after, f)
	case after.Phase.Ending(): // as committed
		writes = rollout.Writes(after, f)
	}
	again := w.sendAll(ctx, after, writes, func(ctx context.Context) bool { return ctx.Err() == nil })
	if again || after.Phase != before.Phase {
		return now()
	}
	return next
}

// end goes on with an ending, which a store with little room may still take, and returns when to reconcile again. Ok is
// false where the store does not take it.
func (w *worker) end(ctx context.Context, f rollout.Facts) (at time.Time, ok bool) {
	before := w.current()
	after, at, err := w.commit(ctx, &f)
	if err != nil {
		return at, false
	}
	w.promoter.follow(after, rollout.WishOf(after, f)) // a revert, now that it is saved
	if w.apply(ctx, after, f) || after.Phase != before.Phase {
		return now(), true
	}
	return at, true
}

// decideDegraded takes a rollback into memory, for the rollout's worker to carry out as far as that goes without a
// store, and refuses everything else. Either answer is an error, since nothing was saved.
func (e *Engine) decideDegraded(id rollout.ID, d rollout.Decision) (rollout.Rollout, error) {
	e.mu.Lock()
	w := e.workers[id]
	e.mu.Unlock()
	if w == nil {
		return rollout.Rollout{}, e.degraded(rollout.ProblemDegraded, id)
	}
	r := w.current()
	after, _, err := rollout.Decide(r, d, e.policy(r.Service))
	switch {
	case err != nil:
		return r, err
	case after.Phase != rollout.RollingBack:
		return r, e.degraded(rollout.ProblemDegraded, id)
	}
	w.ask(d)
	e.Log.Warn("rollback taken and not saved", "rollout", id, "revision", r.Revision, "phase", r.Phase, "actor", d.Actor.ID)
	return r, e.degraded(rollout.ProblemRollbackUnsaved, id)
}

// degraded returns the answer to what is not taken as usual.
func (e *Engine) degraded(code rollout.ProblemCode, id rollout.ID) error {
	o, _ := e.Outage()
	return rollout.Refuse(rollout.Conflict, rollout.Problem{Code: code, Rollout: id, Words: o.Words})
}
