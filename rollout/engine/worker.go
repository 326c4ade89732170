package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"canarybot.io/rollout"
)

const (
	// conflictsAtOnce is how often a conflict is read and judged again without waiting.
	conflictsAtOnce = 5
	// applyTimeout bounds one write.
	applyTimeout = 15 * time.Second
)

// worker reconciles one rollout. It alone observes and applies for it.
type worker struct {
	e        *Engine
	poke     chan struct{} // of size one: a wake-up that waits is enough
	checker  *checker
	promoter *promoter
	wanted   chan struct{} // of size one: which commits the version brings

	// The fields below belong to the worker's goroutine.
	stored    rollout.Rollout // as last committed
	refused   rollout.Problem
	conflicts int
	last      time.Time          // of the last commit
	ahead     []rollout.Entry    // told since the last commit, which the store did not take
	decision  rollout.DecisionID // the one among them

	mu      sync.Mutex // guards the fields below
	latest  rollout.Rollout
	asked   *rollout.Decision  // a rollback that could not be saved
	cancel  context.CancelFunc // of the look or the apply under way
	due     time.Time          // when to reconcile again at the latest
	commits *rollout.Commits   // that the version brings; nil: not known yet
	tag     string             // the image that the rollout's tag named when that was asked last
	looked  bool               // it reconciled since this process began
}

func newWorker(e *Engine, r rollout.Rollout) *worker {
	return &worker{e: e, stored: r, latest: r, due: time.Now(), poke: make(chan struct{}, 1), checker: newChecker(e), promoter: newPromoter(e), wanted: make(chan struct{}, 1)}
}

// wake makes the worker reconcile soon. It never blocks.
func (w *worker) wake() {
	select {
	case w.poke <- struct{}{}:
	default:
	}
}

// current returns the rollout as the last reconcile left it.
func (w *worker) current() rollout.Rollout {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.latest
}

func (w *worker) setCurrent(r rollout.Rollout) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.latest = r
}

// dueAt returns when the worker has to reconcile at the latest.
func (w *worker) dueAt() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.due
}

// run reconciles until the rollout or the context has ended.
func (w *worker) run(ctx context.Context) {
	var group sync.WaitGroup
	ctx, stop := context.WithCancel(ctx)
	group.Go(func() { w.checker.run(ctx, w.wake) })
	group.Go(func() { w.watchTag(ctx) })
	group.Go(func() { w.askCommits(ctx) })
	if w.stored.Spec.Promote.By == rollout.ByGit {
		group.Go(func() { w.promoter.run(ctx, w.wake) })
	}
	defer group.Wait()
	defer stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.poke:
		case <-timer.C:
		}
		next, err := w.safely(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			w.e.Log.Error("beat failed", "rollout", w.stored.ID, "revision", w.stored.Revision, "phase", w.stored.Phase, "error", err)
			// A failing reconcile is not late: a restart would not fix it, and would stop judging everything else.
			next = time.Now().Add(w.stored.Spec.Limits.Interval)
		case w.stored.Terminal():
			return
		}
		w.mu.Lock()
		w.due = next
		w.mu.Unlock()
		timer.Reset(max(0, time.Until(next)))
	}
}

// safely reconciles once and turns a panic into an error: a defect in one rollout must not stop the others.
func (w *worker) safely(ctx context.Context) (next time.Time, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return w.reconcile(ctx)
}

// reconcile observes, decides, commits, and sends the missing writes. It returns when to reconcile again at the latest.
func (w *worker) reconcile(ctx context.Context) (time.Time, error) {
	if err := w.reload(ctx); err != nil && !w.e.failed(err) {
		return time.Time{}, err
	}
	if w.stored.Terminal() {
		return time.Time{}, nil // somebody decided to end it
	}
	if _, degraded := w.e.Outage(); degraded {
		return w.degraded(ctx), nil
	}
	facts := w.observe(ctx)
	if ctx.Err() != nil {
		//lint:ignore nilerr half a reading during shutdown is not a fact
		return time.Time{}, nil
	}
	before := w.current()
	after, next, err := w.commit(ctx, &facts)
	if w.e.failed(err) {
		return time.Now(), nil // and once more, without the store
	}
	if err != nil {
		return time.Time{}, err
	}
	w.setLooked()
	w.checker.follow(after)
	w.wantCommits(after)
	if wish := rollout.WishOf(after, facts); wish != rollout.WantPromotion || w.newest(ctx) {
		w.promoter.follow(after, wish)
	}
	again := after.Phase != before.Phase
	// A start is decided by a preflight, not by a look at the objects: before there is one, everything would seem to be
	// missing, and who may create nothing would be refused what is there already.
	looked := before.Phase != rollout.Queued || before.Orphan != nil
	if looked && w.apply(ctx, after, facts) {
		again = true
	}
	if again {
		return time.Now(), nil
	}
	return next, nil
}

// reload takes a decision that was committed meanwhile into account, with what this worker knows beyond it.
func (w *worker) reload(ctx context.Context) error {
	stored, err := w.e.Store.Load(ctx, w.stored.ID)
	if err != nil {
		return fmt.Errorf("load %s: %w", w.stored.ID, err)
	}
	if stored.Revision != w.stored.Revision {
		w.stored, w.ahead, w.decision = stored, nil, ""
		w.setCurrent(rollout.Carry(w.current(), stored))
	}
	return nil
}

// observe gathers the facts for a reconcile.
func (w *worker) observe(ctx context.Context) rollout.Facts {
	r := w.current()
	f := rollout.Facts{Refused: w.refused}
	if r.Phase == rollout.Queued && r.Orphan == nil {
		w.observeQueue(ctx, r, &f)
	} else {
		f.Observed = w.look(ctx, r)
	}
	f.Verdict, f.Judge = w.checker.latest()
	f.Tag, f.Commits = w.named(), w.brought()
	f.Git = w.promoter.latest()
	if w.e.Audience != nil {
		f.Unseen = w.e.Audience.Unseen(r)
	}
	f.Now = now()
	w.running(ctx, r, &f)
	return f
}

// running adds what the calendar says about rollouts under way. While the closures cannot be read it is what it was.
func (w *worker) running(ctx context.Context, r rollout.Rollout, f *rollout.Facts) {
	service, ok := w.e.Services[r.Service]
	if w.e.Calendar == nil || !ok {
		return
	}
	set, err := w.e.Store.Closures(ctx)
	if err != nil {
		f.Frozen, f.Shut = r.Frozen, r.Shut
		return
	}
	f.Frozen, f.Shut = w.e.Calendar.Running(service, set, f.Now)
}

// now is the clock of the shell, without the monotonic reading that no store keeps.
func now() time.Time { return time.Now().UTC().Round(0) }

func (w *worker) observeQueue(ctx context.Context, r rollout.Rollout, f *rollout.Facts) {
	holder, err := w.e.Store.Holder(ctx, r.Service)
	switch {
	case err != nil:
		f.Preflight = &rollout.Preflight{Unreadable: rollout.ProblemOf(err)}
	case holder != "":
		f.Holder = holder
	default:
		p := w.e.preflight(ctx, r)
		f.Preflight = &p
	}
}

// commit runs Next and makes its outcome durable where that is worth it. Whoever loses the swap runs it again on the
// newer value.
func (w *worker) commit(ctx context.Context, f *rollout.Facts) (rollout.Rollout, time.Time, error) {
	for {
		before := w.heed(w.current())
		given := w.e.meet(ctx, before, f)
		after, entries, next := rollout.Next(before, *f)
		if !rollout.NeedsCommit(w.stored, after) && f.Now.Sub(w.last) < after.SamplesEvery() {
			w.setCurrent(after)
			return after, next, nil
		}
		change := rollout.Change{Rollout: after, Entries: slices.Concat(w.ahead, entries), Decision: w.decision}
		if after.Phase != before.Phase && after.Phase.Forward() {
			change.Given = given
		}
		err := w.e.commit(ctx, change)
		var held *rollout.HeldError
		switch {
		case errors.As(err, &held):
			f.Holder, f.Preflight = held.Holder, nil
			continue
		case rollout.CodeOf(err) == rollout.Conflict:
			if err := w.reload(ctx); err != nil {
				return before, next, err
			}
			continue
		case err != nil:
			return before, next, fmt.Errorf("commit %s: %w", after.ID, err)
		}
		after.Revision++
		w.stored, w.last = after, f.Now
		w.saved()
		w.setCurrent(after)
		if after.Phase != before.Phase {
			w.e.Log.Info("phase", "rollout", after.ID, "revision", after.Revision, "phase", after.Phase, "from", before.Phase, "step", after.Step)
		}
		w.e.Committed(after)
		w.e.wakeSiblings(after)
		return after, next, nil
	}
}

// apply sends the writes that are missing, in order, and reports whether to reconcile again at once: something was
// written, or there was a conflict. A committed rollback cancels it. Rolling back writes the route and stable at once:
// one of them refused does not hold up the other.
func (w *worker) apply(ctx context.Context, r rollout.Rollout, f rollout.Facts) bool {
	return w.sendAll(ctx, r, rollout.Writes(r, f), w.newest)
}

// sendAll sends the writes, each as long as it is still wanted.
func (w *worker) sendAll(ctx context.Context, r rollout.Rollout, writes []rollout.Write, wanted func(context.Context) bool) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w.mu.Lock()
	w.cancel = cancel
	w.mu.Unlock()
	again, refused := false, false
	for _, write := range writes {
		if !wanted(ctx) {
			return true // somebody decided meanwhile: nothing more is sent because of it
		}
		if err := w.send(ctx, r, write); err == nil {
			again = true
			continue
		} else if w.failed(r, write, err) {
			again = true
		}
		refused = true
		if r.Phase != rollout.RollingBack {
			break
		}
	}
	if !refused {
		w.refused, w.conflicts = rollout.Problem{}, 0
	}
	return again
}

// newest reports whether what this worker acts on is still what is stored.
func (w *worker) newest(ctx context.Context) bool {
	stored, err := w.e.Store.Load(ctx, w.stored.ID)
	return err == nil && stored.Revision == w.stored.Revision
}

func (w *worker) send(ctx context.Context, r rollout.Rollout, write rollout.Write) error {
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	return w.e.Cluster.Do(ctx, r, write)
}

// failed notes why a write did not happen, and reports whether to read and judge again at once.
func (w *worker) failed(r rollout.Rollout, write rollout.Write, err error) bool {
	level := slog.LevelWarn
	if rollout.CodeOf(err) == rollout.Conflict {
		level = slog.LevelInfo // controllers write statuses all the time
	}
	w.e.Log.Log(context.Background(), level, "write not done", "rollout", r.ID, "revision", r.Revision, "phase", r.Phase,
		"object", write.Object, "verb", write.Verb, "error", err)
	switch rollout.CodeOf(err) {
	case rollout.Conflict, rollout.NotFound:
		if w.conflicts++; w.conflicts <= conflictsAtOnce || r.Phase == rollout.RollingBack {
			return true // while it rolls back, for as long as it takes
		}
		w.conflicts = 0 // the next reconcile may try as often again
		return false
	case rollout.Invalid, rollout.Forbidden, rollout.Unavailable, rollout.Internal:
	}
	w.refused = rollout.ProblemOf(err)
	return false
}

// cancelApply ends the look or the apply under way, if there is one.
func (w *worker) cancelApply() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel != nil {
		w.cancel()
	}
}
