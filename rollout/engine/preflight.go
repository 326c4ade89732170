package engine

import (
	"cmp"
	"context"

	"canarybot.io/rollout"
)

// preflight asks everybody who may know why the rollout should not start, and the checks of stable. All problems come
// at once.
func (e *Engine) preflight(ctx context.Context, r rollout.Rollout) rollout.Preflight {
	var all rollout.Preflight
	for _, p := range e.Preflights {
		one := p.Preflight(ctx, r)
		if one.Unreadable != "" {
			return rollout.Preflight{Unreadable: one.Unreadable}
		}
		if all.Found.Stable.UID == "" {
			all.Found = one.Found
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
	for _, ev := range rollout.OnStable(r.Spec.Checks, e.Metrics.Ask(ctx, q)) {
		if ev.Result != rollout.Pass {
			p.Checks = append(p.Checks, ev)
		}
		if ev.Why == rollout.WhyTimeout || ev.Why == rollout.WhyUnreachable {
			unasked = append(unasked, cmp.Or(ev.Detail, "no answer in time"))
		}
	}
	if len(unasked) == len(r.Spec.Checks) && len(p.Problems) == 0 {
		*p = rollout.Preflight{Unreadable: "Prometheus cannot be asked: " + unasked[0]}
	}
}
