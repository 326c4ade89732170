package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"canarybot.io/rollout"
)

// asker puts a rollout's checks to Prometheus beside its beats, once an interval while the canary has a weight to be
// judged, and keeps the newest verdict.
type asker struct {
	e    *Engine
	news chan struct{} // of size one

	mu      sync.Mutex
	about   rollout.Rollout // the rollout to ask about
	verdict rollout.Verdict
	state   []byte
}

func newAsker(e *Engine) *asker { return &asker{e: e, news: make(chan struct{}, 1)} }

// follow tells the asker what the rollout is now. A new weight starts it at once.
func (a *asker) follow(r rollout.Rollout) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fresh := !r.WeightAckedAt.Equal(a.about.WeightAckedAt) || r.Phase.Forward() != a.about.Phase.Forward()
	if fresh && a.verdict.Since.IsZero() {
		a.state = r.Judge // after a restart the judge goes on where it was
	}
	a.about = r
	if fresh {
		select {
		case a.news <- struct{}{}:
		default:
		}
	}
}

// latest returns the newest verdict and the judge's state after it.
func (a *asker) latest() (rollout.Verdict, []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.verdict, a.state
}

// run asks until the context ends, and calls heard after each answer.
func (a *asker) run(ctx context.Context, heard func()) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.news:
		case <-timer.C:
		}
		timer.Reset(a.safely(ctx, heard))
	}
}

// safely asks once and turns a panic into no answer, which is unknown: one rollout's defect must not take the others
// down.
func (a *asker) safely(ctx context.Context, heard func()) (wait time.Duration) {
	defer func() {
		if p := recover(); p != nil {
			a.e.Log.Error("checks not asked", "rollout", a.rollout().ID, "error", fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			wait = time.Minute
		}
	}()
	return a.ask(ctx, heard)
}

// rollout returns the rollout to ask about.
func (a *asker) rollout() rollout.Rollout {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.about
}

// ask asks once, if there is something to judge, and returns how long to wait.
func (a *asker) ask(ctx context.Context, heard func()) time.Duration {
	a.mu.Lock()
	r, state := a.about, a.state
	a.mu.Unlock()
	interval := r.Spec.Limits.Interval
	if interval <= 0 {
		interval = time.Minute
	}
	if r.WeightAckedAt.IsZero() || !r.Phase.Forward() || len(r.Spec.Checks) == 0 || !r.Spec.Plan.DemandsEvidence() {
		return interval
	}
	evaluation := a.e.evaluator.Canary(ctx, r, state)
	if ctx.Err() != nil {
		return interval // half an answer is no evidence
	}
	a.mu.Lock()
	current := a.about.WeightAckedAt.Equal(r.WeightAckedAt)
	if current {
		a.verdict, a.state = evaluation.Verdict, evaluation.State
	}
	a.mu.Unlock()
	if current {
		heard()
	}
	return min(2*interval, max(atOnce, time.Until(evaluation.Next))) // a verdict is worth no more when it is older
}

// atOnce is how soon a judge that wants to know more at once is answered.
const atOnce = 50 * time.Millisecond
