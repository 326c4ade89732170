package engine

import (
	"context"
	"slices"
	"time"

	"canarybot.io/rollout"
)

// Evaluator asks Prometheus about a rollout and has the judge say what the answer means. Every verdict comes
// from here: the workers, the command checks, the preflight, and validate --live.
type Evaluator struct {
	Metrics rollout.Metrics
	Judge   rollout.Judge
}

// Evaluation is the verdict of one question to Prometheus.
type Evaluation struct {
	Verdict rollout.Verdict
	State   rollout.JudgeState // the judge's, to go on from
	Next    time.Time          // when asking makes sense again
}

// Canary judges the rollout's canary, going on from the judge's state. It blocks as long as the metrics do.
func (v Evaluator) Canary(ctx context.Context, r rollout.Rollout, state rollout.JudgeState) Evaluation {
	c := r.Case(now())
	c.State = state
	q := r.Question(c.Now)
	// What has a signal is judged by its raw counts: its query is not asked.
	q.Checks = slices.DeleteFunc(slices.Clone(q.Checks), func(c rollout.Check) bool { return c.Signal != rollout.NoSignal })
	q.Want = v.Judge.Want(c)
	return v.evaluate(ctx, c, q)
}

// Stable holds stable against each check as its query and limit are written, for want of a canary to compare it with.
// It blocks as long as the metrics do.
func (v Evaluator) Stable(ctx context.Context, r rollout.Rollout) rollout.Verdict {
	r.Spec.Checks = slices.Clone(r.Spec.Checks)
	for i := range r.Spec.Checks {
		r.Spec.Checks[i].Signal, r.Spec.Checks[i].Compare = rollout.NoSignal, nil
	}
	c := r.Case(now())
	q := r.Question(c.Now)
	q.StableOnly = true
	return v.evaluate(ctx, c, q).Verdict
}

// evaluate asks once and judges the answer.
func (v Evaluator) evaluate(ctx context.Context, c rollout.Case, q rollout.Question) Evaluation {
	answer := v.Metrics.Ask(ctx, q)
	c.Now, c.Samples, c.Raw = now(), answer.Samples, answer.Raw
	var out Evaluation
	out.Verdict, out.State = v.Judge.Judge(c)
	c.State = out.State
	out.Next = v.Judge.Want(c).At
	return out
}

// DetectionPower lets the judge look at stable's past, as it will once the canary has traffic, and returns what it will
// be able to see. It blocks as long as the metrics do, a few times.
func (v Evaluator) DetectionPower(ctx context.Context, r rollout.Rollout) rollout.DetectionPower {
	at := now()
	c := r.Case(at)
	c.Step, c.Since = 0, at // what is known of earlier rollouts is in the state
	const most = 8          // whatever a judge still wants then it will not get
	for range most {
		q := r.Question(at)
		q.Checks, q.Want = nil, v.Judge.Want(c)
		if !q.Want.Buckets && !q.Want.History {
			break
		}
		c.Raw = v.Metrics.Ask(ctx, q).Raw
		_, c.State = v.Judge.Judge(c)
	}
	return v.Judge.DetectionPower(c)
}

// Backtests returns what the checks would have said of stable in the last hour; nil where the metrics cannot tell. It
// blocks as long as the metrics do, for each check.
func (v Evaluator) Backtests(ctx context.Context, r rollout.Rollout) []rollout.Backtest {
	b, ok := v.Metrics.(rollout.Backtester)
	if !ok {
		return nil
	}
	q := r.Question(now())
	q.StableOnly = true
	return b.Backtest(ctx, q)
}

// Readiness says whether a rollout's checks could judge a canary, by what they say of stable now.
type Readiness struct {
	Evidence       []rollout.Evidence // what each check says of stable
	DetectionPower rollout.DetectionPower
	Inspection     rollout.Inspection // what the store's answers are like
}

// Readiness asks each check of stable now, and measures what the judge will see. It blocks as long as the metrics do, a
// few times.
func (v Evaluator) Readiness(ctx context.Context, r rollout.Rollout) Readiness {
	q := r.Question(now())
	q.StableOnly = true
	ready := Readiness{Evidence: rollout.OnStable(r.Spec.Checks, v.Metrics.Ask(ctx, q).Samples)}
	if _, away := ready.Unreachable(); away { // nothing more would come from what does not answer
		return ready
	}
	ready.Inspection = v.inspect(ctx, r)
	if !ready.Inspection.Limits.IsZero() {
		r.Spec.Checks = rollout.ByLimits(r.Spec.Checks)
	}
	ready.DetectionPower = v.DetectionPower(ctx, r)
	return ready
}

// inspect looks at what the metrics' answers are like, if they can be looked at.
func (v Evaluator) inspect(ctx context.Context, r rollout.Rollout) rollout.Inspection {
	inspector, ok := v.Metrics.(rollout.Inspector)
	if !ok {
		return rollout.Inspection{}
	}
	found := inspector.Inspect(ctx, r.Question(now()))
	compared := slices.ContainsFunc(r.Spec.Checks, func(c rollout.Check) bool { return c.Signal != rollout.NoSignal })
	if !compared { // nothing changes for a service that is judged by limits anyway
		found.Limits = rollout.Problem{}
	}
	return found
}

// Problems returns the checks that could judge no canary: those that have no answer about stable, or fail there. A
// check that only informs is not one of them.
func (r Readiness) Problems() []rollout.Evidence {
	var all []rollout.Evidence
	for _, e := range r.Evidence {
		if e.Result != rollout.Pass && !e.DryRun {
			all = append(all, e)
		}
	}
	return append(all, r.DetectionPower.Checks...)
}

// Unreachable reports whether none of the checks could be asked: Prometheus is away then. Why is what it said; empty: it did not answer in time.
func (r Readiness) Unreachable() (why string, away bool) {
	if len(r.Evidence) == 0 {
		return "", false
	}
	for _, e := range r.Evidence {
		if e.Why != rollout.WhyTimeout && e.Why != rollout.WhyUnreachable {
			return "", false
		}
	}
	return r.Evidence[0].Detail, true
}

// Unmeasured reports whether all that is wrong is that Prometheus has no numbers of stable yet.
func (r Readiness) Unmeasured() bool {
	problems := r.Problems()
	return len(problems) > 0 && !slices.ContainsFunc(problems, func(e rollout.Evidence) bool {
		return e.Why != rollout.WhyNoData && e.Why != rollout.WhyNotANumber
	})
}

// Recheck has the checks of a live rollout asked at once; what they say is committed as ever. It never blocks.
func (e *Engine) Recheck(id rollout.ID) {
	e.mu.Lock()
	w := e.workers[id]
	e.mu.Unlock()
	if w != nil {
		w.checker.askNow()
	}
}

// Checks returns what the checks say now: of the rollout's canary where it has traffic, going on from the judge's stored
// state; of stable for a rollout without an id, which stands for its service. It blocks as long as the metrics do.
func (e *Engine) Checks(ctx context.Context, r rollout.Rollout) rollout.Verdict {
	if r.ID == "" {
		return e.evaluator.Stable(ctx, r)
	}
	return e.evaluator.Canary(ctx, r, r.Judge).Verdict
}
