package view_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// pair are two rollouts that go together.
type pair [2]rollout.Rollout

// webOf is the rollout that is as its sibling sees it.
func webOf(s rollout.Sibling, id rollout.ID) rollout.Rollout {
	r := in(s.Phase)
	if s.Phase == rollout.Ended {
		r = ending(s.Outcome, nil)
	}
	r.ID, r.Service, r.Turn, r.Spec.Repository = s.ID, "web", 7, "registry.example/shop/web"
	r.Image, r.Original.Stable.Image = r.Spec.Repository+":v2.0.1", r.Spec.Repository+":v2.0.0"
	r.Request.Together = []rollout.ID{id, s.ID}
	r.Paused, r.Held, r.Ready = s.Paused, s.Held, s.Ready
	if s.Stuck {
		r.Stuck = &rollout.Reason{Code: rollout.ReasonSlow}
	}
	return r
}

// siblingCards are pairs of rollouts that go together.
func siblingCards() map[string]pair {
	web := rollout.Sibling{ID: "web-4", Phase: rollout.Baking, Steps: 2, Gate: rollout.Manual, Weight: 5, Result: rollout.Pass}
	beside := func(p rollout.Phase, s rollout.Sibling, edit func(r *rollout.Rollout)) pair {
		r := in(p)
		r.Request.Together = []rollout.ID{r.ID, s.ID}
		r.Siblings = []rollout.Sibling{s}
		if edit != nil {
			edit(&r)
		}
		return pair{r, webOf(s, r.ID)}
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
	return map[string]pair{
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

// TestACardOfSeveralPutsEachButtonToWhoItIsAbout plays the commonest: at the gate one promotion is for both, and what only one is asked
// stands below it.
func TestACardOfSeveralPutsEachButtonToWhoItIsAbout(t *testing.T) {
	checkout := in(rollout.Awaiting)
	web := webOf(rollout.Sibling{ID: "web-4", Phase: rollout.Awaiting}, checkout.ID)
	web.Spec.Plan.Steps = joint().Spec.Plan.Steps // web needs more approvals: it is asked for both
	drifted := web
	drifted.Drift = &weightDrift
	for _, c := range []struct {
		name string
		web  rollout.Rollout
		want string
	}{
		{"both at the gate", web, "web-4/promote checkout-42/extend checkout-42/pause checkout-42/rollback"},
		{"one is asked about drift", drifted, "checkout-42/extend checkout-42/pause checkout-42/rollback web-4/set_ours"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := view.Together([]view.Member{{Rollout: checkout}, {Rollout: c.web}})
			if got := strings.Join(pressable(t, m), " "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// pressable are the buttons of a message, as ROLLOUT/ACTION.
func pressable(t *testing.T, m view.Message) (all []string) {
	t.Helper()
	for _, b := range m.Blocks {
		actions, ok := b.(*slack.ActionBlock)
		if !ok {
			continue
		}
		for _, e := range actions.Elements.ElementSet {
			v, err := view.ParseValue(e.(*slack.ButtonBlockElement).Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprintf("%s/%s", v.Rollout, v.Action))
		}
	}
	return all
}
