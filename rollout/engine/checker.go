package engine

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"canarybot.io/rollout"
)

// checker evaluates a rollout's checks beside its worker, once an interval while the canary has a weight to be judged,
// and keeps the newest verdict.
type checker struct {
	e    *Engine
	news chan struct{} // of size one

	mu      sync.Mutex
	rollout rollout.Rollout // the rollout to check
	verdict rollout.Verdict
	state   rollout.JudgeState
}

func newChecker(e *Engine) *checker { return &checker{e: e, news: make(chan struct{}, 1)} }

// follow gives the checker the rollout as it is now. A new weight is checked at once, and so is what a person accepted.
func (c *checker) follow(r rollout.Rollout) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fresh := !r.WeightAckedAt.Equal(c.rollout.WeightAckedAt) || r.Phase.Forward() != c.rollout.Phase.Forward()
	if fresh && c.verdict.Since.IsZero() {
		c.state = r.Judge // after a restart the judge goes on where it was
	}
	accepted := !slices.Equal(r.Accepted, c.rollout.Accepted)
	c.rollout = r
	if fresh || accepted {
		c.askNow()
	}
}

// askNow has the checks asked at once. It never blocks.
func (c *checker) askNow() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// latest returns the newest verdict and the judge's state after it.
func (c *checker) latest() (rollout.Verdict, rollout.JudgeState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.verdict, c.state
}

// run checks until the context ends, and calls answered after each answer.
func (c *checker) run(ctx context.Context, answered func()) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.news:
		case <-timer.C:
		}
		timer.Reset(c.safely(ctx, answered))
	}
}

// safely checks once and turns a panic into no answer, which is unknown evidence: a defect in one rollout must not stop
// the others.
func (c *checker) safely(ctx context.Context, answered func()) (wait time.Duration) {
	defer func() {
		if p := recover(); p != nil {
			c.e.Log.Error("checks not asked", "rollout", c.current().ID, "error", fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			wait = time.Minute
		}
	}()
	return c.check(ctx, answered)
}

// current returns the rollout to check.
func (c *checker) current() rollout.Rollout {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rollout
}

// check asks once, if there is something to judge, and returns how long to wait.
func (c *checker) check(ctx context.Context, answered func()) time.Duration {
	c.mu.Lock()
	r, state := c.rollout, c.state
	c.mu.Unlock()
	interval := r.Spec.Limits.Interval
	if interval <= 0 {
		interval = time.Minute
	}
	if r.WeightAckedAt.IsZero() || !r.Phase.Forward() || len(r.Spec.Checks) == 0 || !r.Spec.Plan.DemandsEvidence() {
		return interval
	}
	evaluation := c.e.evaluator.Canary(ctx, r, state)
	if ctx.Err() != nil {
		return interval // half an answer is no evidence
	}
	c.mu.Lock()
	current := c.rollout.WeightAckedAt.Equal(r.WeightAckedAt)
	if current {
		c.verdict, c.state = evaluation.Verdict, evaluation.State
	}
	c.mu.Unlock()
	if current {
		answered()
	}
	return min(2*interval, max(atOnce, time.Until(evaluation.Next))) // an older verdict would not count
}

// atOnce is how soon the judge's question is asked when it wants an answer at once.
const atOnce = 50 * time.Millisecond
