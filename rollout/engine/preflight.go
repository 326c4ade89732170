package engine

import (
	"context"
	"fmt"
	"strings"

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
	if r.Spec.Plan.DemandsEvidence() {
		all.Problems = append(all.Problems, e.checkProblems(ctx, r)...)
	}
	return all
}

// checkProblems asks each check of stable now: what has no answer there, or fails there, could never judge a canary.
func (e *Engine) checkProblems(ctx context.Context, r rollout.Rollout) []string {
	q := r.Question(now())
	q.StableOnly = true
	samples := map[string]rollout.Sample{}
	for _, s := range e.Metrics.Ask(ctx, q) {
		samples[s.Check] = s
	}
	var problems []string
	for _, c := range r.Spec.Checks {
		if problem := checkProblem(c, samples[c.Name]); problem != "" {
			problems = append(problems, problem)
		}
	}
	return problems
}

func checkProblem(c rollout.Check, s rollout.Sample) string {
	value, why := s.Stable, s.StableWhy
	if value == nil {
		value, why = s.Canary, s.CanaryWhy
	}
	switch {
	case value == nil:
		reason := strings.ReplaceAll(string(why), "_", " ")
		if s.Detail != "" {
			reason += ": " + s.Detail
		}
		return fmt.Sprintf("checks.%s: the stable version has no value (%s); mend its query, or take it out of the service's checks.", c.Name, reason)
	case !c.Comparison.Holds(*value, c.Threshold):
		return fmt.Sprintf("checks.%s: the stable version is at %.4g already, and the limit is %.4g; change checks.%s.threshold, or mend the service first.",
			c.Name, *value, c.Threshold, c.Name)
	}
	return ""
}
