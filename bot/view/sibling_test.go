package view_test

import (
	"canarybot.io/rollout"
)

// siblingCards are rollouts that go together with others.
func siblingCards() map[string]rollout.Rollout {
	web := rollout.Sibling{ID: "web-4", Phase: rollout.Baking, Steps: 2, Gate: rollout.Manual, Weight: 5, Result: rollout.Pass}
	beside := func(p rollout.Phase, s rollout.Sibling, edit func(r *rollout.Rollout)) rollout.Rollout {
		r := in(p)
		r.Request.Together = []rollout.ID{r.ID, s.ID}
		r.Siblings = []rollout.Sibling{s}
		if edit != nil {
			edit(&r)
		}
		return r
	}
	with := func(edit func(s *rollout.Sibling)) rollout.Sibling {
		s := web
		edit(&s)
		return s
	}
	ready := func(r *rollout.Rollout) { r.Ready = true }
	auto := func(r *rollout.Rollout) {
		r.Ready = true
		r.Spec.Plan = r.Spec.Plan.Automatic()
	}
	back := rollout.Reason{Code: rollout.ReasonSibling, Detail: "web-4"}
	return map[string]rollout.Rollout{
		"sibling_queued":        beside(rollout.Queued, with(func(s *rollout.Sibling) { s.Phase = rollout.Queued }), ready),
		"sibling_queued_ready":  beside(rollout.Queued, with(func(s *rollout.Sibling) { s.Phase, s.Ready = rollout.Queued, true }), nil),
		"sibling_baking":        beside(rollout.Baking, web, nil),
		"sibling_ready":         beside(rollout.Baking, web, ready),
		"sibling_ready_auto":    beside(rollout.Baking, with(func(s *rollout.Sibling) { s.Phase = rollout.Awaiting }), auto),
		"sibling_paused":        beside(rollout.Baking, with(func(s *rollout.Sibling) { s.Paused = true }), ready),
		"sibling_held":          beside(rollout.Baking, with(func(s *rollout.Sibling) { s.Held, s.Result = true, rollout.Unknown }), ready),
		"sibling_stuck":         beside(rollout.Baking, with(func(s *rollout.Sibling) { s.Stuck, s.Result = true, rollout.Fail }), ready),
		"sibling_at_the_gate":   beside(rollout.Awaiting, with(func(s *rollout.Sibling) { s.Phase = rollout.Awaiting }), nil),
		"sibling_needs_another": beside(rollout.Awaiting, with(func(s *rollout.Sibling) { s.Phase, s.Missing = rollout.Awaiting, 1 }), func(r *rollout.Rollout) { r.Approvals = []rollout.Approval{{By: person("U0LAN0Z89"), At: noon}} }),
		"sibling_lost":          beside(rollout.RollingBack, with(func(s *rollout.Sibling) { s.Phase = rollout.RollingBack }), func(r *rollout.Rollout) { r.Ending.Reason = back }),
		"sibling_cancelled": beside(rollout.Queued, with(func(s *rollout.Sibling) { s.Phase, s.Outcome = rollout.Ended, rollout.Cancelled }), func(r *rollout.Rollout) {
			r.Phase, r.Ending = rollout.Ended, rollout.Ending{Outcome: rollout.Cancelled, Reason: back, At: noon}
		}),
		"sibling_succeeded": beside(rollout.Promoting, with(func(s *rollout.Sibling) { s.Phase, s.Outcome = rollout.Ended, rollout.Succeeded }), nil),
	}
}
