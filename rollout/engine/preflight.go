package engine

import (
	"context"

	"canarybot.io/rollout"
)

// Why a start cannot be judged yet.
const (
	ProblemMetricsTimeout     rollout.ProblemCode = "metrics_timeout"     // Prometheus did not answer in time
	ProblemMetricsUnavailable rollout.ProblemCode = "metrics_unavailable" // Words say why
	ProblemStableIsNew        rollout.ProblemCode = "stable_is_new"       // Prometheus has not measured its pods yet
)

// noMetrics is that Prometheus cannot be asked, with what it said.
func noMetrics(words string) rollout.Problem {
	if words == "" {
		return rollout.Problem{Code: ProblemMetricsTimeout}
	}
	return rollout.Problem{Code: ProblemMetricsUnavailable, Words: words}
}

// preflight asks everybody who may know why the rollout should not start, and the checks of stable. All problems come
// at once.
func (e *Engine) preflight(ctx context.Context, r rollout.Rollout) rollout.Preflight {
	var all rollout.Preflight
	for _, p := range e.Preflights {
		one := p.Preflight(ctx, r)
		if !one.Unreadable.IsZero() {
			return rollout.Preflight{Unreadable: one.Unreadable}
		}
		if all.Original.Stable.UID == "" {
			all.Original = one.Original
		}
		all.Problems = append(all.Problems, one.Problems...)
	}
	if r.Spec.Plan.DemandsEvidence() && len(r.Spec.Checks) > 0 {
		e.askStable(ctx, r, &all)
	}
	return all
}

// askStable asks each check of stable now: what has no answer there, or fails there, could never judge a canary. Where
// nothing at all could be asked it is Prometheus that is away, and nothing can be said yet.
func (e *Engine) askStable(ctx context.Context, r rollout.Rollout, p *rollout.Preflight) {
	q := r.Question(now())
	q.StableOnly = true
	var unasked []string
	unmeasured := 0
	for _, ev := range rollout.OnStable(r.Spec.Checks, e.Metrics.Ask(ctx, q).Samples) {
		if ev.Result != rollout.Pass && !ev.DryRun { // what only informs keeps nothing from starting
			p.Checks = append(p.Checks, ev)
		}
		if ev.Why == rollout.WhyTimeout || ev.Why == rollout.WhyUnreachable {
			unasked = append(unasked, ev.Detail)
		}
		if ev.Why == rollout.WhyNoData || ev.Why == rollout.WhyNotANumber {
			unmeasured++
		}
	}
	p.DetectionPower = rollout.MeasureDetectionPower(ctx, e.Metrics, e.Judge, r, now())
	p.Checks = append(p.Checks, p.DetectionPower.Checks...)
	switch {
	case len(p.Problems) > 0:
	case len(unasked) == len(r.Spec.Checks):
		*p = rollout.Preflight{Unreadable: noMetrics(unasked[0])}
	case unmeasured > 0 && unmeasured == len(p.Checks) && e.stableIsYoung(ctx, r):
		*p = rollout.Preflight{Unreadable: rollout.Problem{Code: ProblemStableIsNew}}
	}
}

// stableIsYoung reports whether the rollout before this one replaced stable's pods so recently that a check's window is
// longer than they have been there.
func (e *Engine) stableIsYoung(ctx context.Context, r rollout.Rollout) bool {
	past, err := e.Store.History(ctx, r.Service, 2)
	if err != nil {
		return false
	}
	for _, before := range past {
		if before.ID == r.ID || !before.StableWritten {
			continue
		}
		for _, c := range r.Spec.Checks {
			if now().Sub(before.Ending.At) < c.Window {
				return true
			}
		}
	}
	return false
}
