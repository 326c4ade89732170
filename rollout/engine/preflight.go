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

// preflight collects everything that keeps the rollout from starting, from the preflighters and from asking the checks of
// stable. All problems come at once.
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
		if one.Pinned != "" {
			all.Pinned, r.Image = one.Pinned, one.Pinned // the others look at what would be started
		}
		all.Problems = append(all.Problems, one.Problems...)
		all.Notices = append(all.Notices, one.Notices...)
	}
	e.remember(ctx, r, &all)
	if e.readRepository(ctx, r, &all); !all.Unreadable.IsZero() {
		return rollout.Preflight{Unreadable: all.Unreadable}
	}
	if r.Spec.Plan.DemandsEvidence() && len(r.Spec.Checks) > 0 {
		e.askStable(ctx, r, &all)
	}
	return all
}

// remember adds what only earlier rollouts tell of the image that stable runs: the tag that it was released by, where
// admission put a digest in its place, and that this is the version that was asked for. A store that cannot be read has
// nothing to add.
func (e *Engine) remember(ctx context.Context, r rollout.Rollout, p *rollout.Preflight) {
	past, err := e.Store.History(ctx, r.Service, rollout.Recent)
	if err != nil {
		return
	}
	stable := &p.Original.Stable
	stable.Tag = rollout.TagOf(stable.Image, past)
	if r.Runs(stable.Image, past) && !rollout.SameImage(stable.Image, r.Image) { // the cluster's adapter says it of those
		p.Problems = append(p.Problems, rollout.Problem{
			Code: rollout.ProblemAlreadyRuns, Value: rollout.ShortVersion(r.Image),
			Object: rollout.ObjectRef{Kind: "Deployment", Namespace: r.Spec.Objects.Namespace, Name: r.Spec.Objects.Stable},
		})
	}
}

// askStable adds the checks that could judge no canary. Where none of them could be asked, Prometheus is away and the
// rollout has to wait.
func (e *Engine) askStable(ctx context.Context, r rollout.Rollout, p *rollout.Preflight) {
	ready := e.evaluator.Readiness(ctx, r)
	p.DetectionPower, p.ByLimits = ready.DetectionPower, !ready.Inspection.Limits.IsZero()
	p.Notices = append(p.Notices, ready.Inspection.All()...)
	p.Checks = append(p.Checks, ready.Problems()...)
	if len(p.Problems) > 0 {
		return
	}
	if why, away := ready.Unreachable(); away {
		*p = rollout.Preflight{Unreadable: noMetrics(why)}
	} else if ready.Unmeasured() && e.stableIsYoung(ctx, r) {
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
