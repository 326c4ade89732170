package view_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// cards is one card for every phase, each mark that can stand over it, and each outcome.
func cards() map[string]view.Message {
	all := map[string]view.Message{}
	approvers := []string{"U0G9QF9C6", "U0LAN0Z89"}
	add := func(name string, r rollout.Rollout) {
		all["card_"+name] = view.Card(r, view.CardOptions{Approvers: approvers})
	}
	for _, p := range rollout.Phases() {
		if p != rollout.Ended {
			add(p.String(), in(p))
		}
		if p >= rollout.Preparing && p <= rollout.Awaiting {
			r := in(p)
			r.Paused, r.Spans.Waiting = true, 5*time.Minute
			add(p.String()+"_paused", r)
		}
		if p.Forward() {
			r := in(p)
			r.Drift, r.Spans.Waiting = &weightDrift, 5*time.Minute
			add(p.String()+"_drift", r)
		}
		if p.Ending() {
			r := in(p)
			r.Stuck = &rollout.Reason{Code: rollout.ReasonSlow}
			add(p.String()+"_stuck", r)
		}
	}
	for name, r := range special() {
		add(name, r)
	}
	for name, r := range doubtCards() {
		add(name, r)
	}
	for name, r := range promotions() {
		add(name, r)
	}
	for name, pair := range siblingCards() {
		all["card_"+name] = view.Together([]view.Member{
			{Rollout: pair[0], Options: view.CardOptions{Approvers: approvers, Links: pages()}}, {Rollout: pair[1], Options: view.CardOptions{Approvers: approvers[:1]}},
		})
	}
	add("emergency", emergency())
	add("awaiting_two", joint())
	add("awaiting_second", joint("U0LAN0Z89"))
	all["card_awaiting_many_approvers"] = view.Card(in(rollout.Awaiting), view.CardOptions{Approvers: append(approvers, "U1A", "U1B", "U1C")})
	all["card_awaiting_nobody"] = view.Card(in(rollout.Awaiting), view.CardOptions{})
	all["card_awaiting_empty_group"] = view.Card(in(rollout.Awaiting), view.CardOptions{Empty: []string{"S0614TZR7"}})
	all["card_awaiting_empty_group_and_others"] = view.Card(in(rollout.Awaiting), view.CardOptions{Approvers: append(approvers, "S0614TZR7"), Empty: []string{"S0614TZR7"}})
	all["card_may_hurry"] = view.Card(baking(), view.CardOptions{MayHurry: true})
	all["card_held_on_fail"] = view.Card(heldOnFail(), view.CardOptions{Approvers: approvers})
	all["card_links"] = view.Card(baking(), view.CardOptions{Links: pages()})
	all["card_restarting"] = view.Card(baking(), view.CardOptions{Restarting: true})
	all["card_decided"] = view.Card(in(rollout.Preparing), view.CardOptions{Decided: &rollout.Entry{
		Kind: rollout.EntryDecided, At: noon.Add(12 * time.Minute), Actor: person("U0G9QF9C6"),
		Data: rollout.Data{Action: rollout.Promote, Text: "looks good"},
	}})
	return all
}

// special is what no phase alone shows.
func special() map[string]rollout.Rollout {
	all := outcomes()
	maps.Copy(all, map[string]rollout.Rollout{
		"compared":              with(func(r *rollout.Rollout) { r.Verdict = compared(rollout.Unknown, rollout.WhyUndecided) }),
		"compared_business":     with(func(r *rollout.Rollout) { r.Verdict = business(rollout.Unknown, rollout.WhyUndecided) }),
		"compared_one_pod":      with(func(r *rollout.Rollout) { r.Verdict = compared(rollout.Unknown, rollout.WhyOnePod) }),
		"compared_no_share":     with(func(r *rollout.Rollout) { r.Verdict = compared(rollout.Fail, rollout.WhyNoShare) }),
		"compared_little_share": with(func(r *rollout.Rollout) { r.Verdict = compared(rollout.Unknown, rollout.WhyLittleShare) }),
		"compared_probes":       with(func(r *rollout.Rollout) { r.Verdict = compared(rollout.Unknown, rollout.WhyProbes) }),
		"compared_incomplete":   with(func(r *rollout.Rollout) { r.Verdict = compared(rollout.Unknown, rollout.WhyIncomplete) }),
		"compared_dry_run": with(func(r *rollout.Rollout) {
			r.Verdict = compared(rollout.Fail, rollout.WhyWorse)
			r.Verdict.Evidence[0].DryRun = true
			r.Verdict.Result = rollout.Pass
		}),
		"compared_rolled_back": with(func(r *rollout.Rollout) {
			*r = ending(rollout.RolledBack, nil)
			r.Verdict = compared(rollout.Fail, rollout.WhyWorse)
			r.Ending.Reason.Evidence = &r.Verdict.Evidence[0]
		}),
		"frozen":          with(func(r *rollout.Rollout) { r.Frozen = &closures()[2] }),
		"frozen_awaiting": with(func(r *rollout.Rollout) { r.Phase, r.Frozen = rollout.Awaiting, &closures()[2] }),
		"frozen_back": with(func(r *rollout.Rollout) {
			*r = ending(rollout.RolledBack, nil)
			r.Ending.Reason = rollout.Reason{Code: rollout.ReasonFrozen, Detail: "migration"}
		}),
		"shut": with(func(r *rollout.Rollout) {
			r.Spec.Plan.Steps = slices.Clone(r.Spec.Plan.Steps)
			r.Spec.Plan.Steps[r.Step].Gate, r.Shut = rollout.Auto, &closures()[5]
		}),
		"many": with(func(r *rollout.Rollout) { r.Verdict = many() }),
		"many_passing": with(func(r *rollout.Rollout) {
			r.Verdict = many()
			r.Verdict.Result, r.Verdict.Evidence = rollout.Pass, r.Verdict.Evidence[5:]
		}),
		"many_unknown":     with(func(r *rollout.Rollout) { r.Verdict = manyUnknown() }),
		"own_checks":       with(func(r *rollout.Rollout) { r.Verdict = ownChecks() }),
		"orphan":           orphan("checkout-41"),
		"orphan_unstamped": orphan(""),
		"orphan_rolled_back": func() rollout.Rollout {
			r := orphan("checkout-41")
			r.Phase, r.Ending.Reason, r.Ending.By = rollout.RollingBack, rollout.Reason{Code: rollout.ReasonPerson}, person("U024BE7LH")
			return r
		}(),
		"queued_behind": func() rollout.Rollout { r := in(rollout.Queued); r.Behind = "checkout-41"; return r }(),
		"preparing_image_late": func() rollout.Rollout {
			r := in(rollout.Preparing)
			r.PodsWait = rollout.Failure{Kind: rollout.ImagePullRetried, Detail: "pod checkout-canary-7d4b9, container app: ErrImagePull: 429 Too Many Requests"}
			return r
		}(),
		"promoting_image_late": func() rollout.Rollout {
			r := in(rollout.Promoting)
			r.PodsWait = rollout.Failure{Kind: rollout.ImagePullRetried, Detail: "pod checkout-5f6c8, container app: ErrImagePull: EOF"}
			return r
		}(),
		"baking_failing_once": with(func(r *rollout.Rollout) {
			r.Verdict = unknown(rollout.WhyFailingOnce)
			r.Verdict.Evidence[0].Canary, r.Verdict.Evidence[0].Stable = ptr(0.021), ptr(0.001)
		}),
		"baking_unknown": with(func(r *rollout.Rollout) {
			r.Verdict, r.Spans.Unknown = unknown(rollout.WhyTooFewRequests), 4*time.Minute
		}),
		"baking_held": with(func(r *rollout.Rollout) {
			r.Verdict, r.Spans.Unknown, r.Held = unknown(rollout.WhyNoData), 15*time.Minute, true
		}),
		"baking_auto":  with(func(r *rollout.Rollout) { r.Step, r.Size = 1, 2 }),
		"baking_first": with(func(r *rollout.Rollout) { r.Verdict, r.Spans.Bake = notAsked(), 0 }),
		"trouble": with(func(r *rollout.Rollout) {
			r.Trouble = rollout.Text("dial tcp 10.96.0.1:443: i/o timeout")
		}),
		"baking_unseen": with(func(r *rollout.Rollout) {
			r.Unseen = rollout.Problem{Code: "channel_archived", Value: "#deploys"}
		}),
		"rolling_back_unseen": func() rollout.Rollout {
			r := in(rollout.RollingBack)
			r.Unseen = rollout.Problem{Code: "channel_archived", Value: "#deploys"}
			return r
		}(),
		"preparing_second": func() rollout.Rollout {
			r := in(rollout.Preparing)
			r.Step, r.Size, r.WeightAckedAt, r.Verdict = 1, 2, noon.Add(time.Minute), passing()
			return r
		}(),
		"awaiting_unknown": func() rollout.Rollout {
			r := in(rollout.Awaiting)
			r.Verdict = unknown(rollout.WhyTimeout)
			return r
		}(),
		"awaiting_last": func() rollout.Rollout {
			r := in(rollout.Awaiting)
			r.Step, r.Spec.Plan.Steps[1].Gate, r.Spans.Waiting = 1, rollout.Manual, 11*time.Minute
			return r
		}(),
		"awaiting_for_days": func() rollout.Rollout {
			r := in(rollout.Awaiting)
			r.Spec.Limits.Wait = 72 * time.Hour
			return r
		}(),
		"awaiting_to_hundred": hundred(0),
		"awaiting_hundred":    hundred(1),
		"stuck": func() rollout.Rollout {
			r := in(rollout.RollingBack)
			r.StableWritten, r.Step = true, 1
			r.Stuck = &rollout.Reason{
				Code: rollout.ReasonStable, Failure: rollout.Failure{Kind: rollout.ImagePull, Detail: `Back-off pulling image "registry.example.com/shop/checkout:v1.2.3"`},
			}
			return r
		}(),
		"stuck_and_drift_and_paused": with(func(r *rollout.Rollout) {
			r.Paused, r.Drift, r.Stuck = true, &weightDrift, &rollout.Reason{Code: rollout.ReasonReverted, Detail: "kubectl-edit"}
		}),
		"returning_no_surge": func() rollout.Rollout { r := in(rollout.Returning); r.Original.Surges = false; return r }(),
		"cleaning_rolled_back": func() rollout.Rollout {
			r := ending(rollout.RolledBack, nil)
			r.Phase = rollout.Cleaning
			return r
		}(),
		"back": with(func(r *rollout.Rollout) {
			r.Spec.Plan, r.Request.Back, r.Request.Text = rollout.WayBack(), true, ""
			r.Verdict, r.Image = rollout.Verdict{Result: rollout.Unknown}, "registry.example.com/shop/checkout:v1.2.2"
		}),
	})
	return all
}

// outcomes is a rollout for each way to end.
func outcomes() map[string]rollout.Rollout {
	return map[string]rollout.Rollout{
		"succeeded":   ending(rollout.Succeeded, nil),
		"rolled_back": ending(rollout.RolledBack, nil),
		"rolled_back_foreign_image": ending(rollout.RolledBack, func(e *rollout.Ending) {
			e.StableImage = "registry.example.com/shop/checkout:v1.2.5"
		}),
		"cancelled": ending(rollout.Cancelled, func(e *rollout.Ending) {
			e.Reason = rollout.Reason{Code: rollout.ReasonPreflight}
			e.Left = []rollout.Problem{rollout.Text("service/checkout-stable selects pods of the canary too: add track: stable to its selector."), rollout.Text("deployment/checkout-stable is paused: resume it.")}
		}),
		"abandoned": ending(rollout.Abandoned, abandonedEnding),
	}
}

func abandonedEnding(e *rollout.Ending) {
	e.Reason, e.By = rollout.Reason{Code: rollout.ReasonPerson, Detail: "the cluster goes away tonight"}, person("U0G9QF9C6")
	e.Left = []rollout.Problem{rollout.Text("deployment/checkout-canary in shop"), rollout.Text("the canary's weight in httproute/checkout")}
}

// hundred awaits at a step of a plan that ends with everyone on the canary.
func hundred(step int) rollout.Rollout {
	r := in(rollout.Awaiting)
	r.Step = step
	r.Spec.Plan.Steps = []rollout.Step{
		{Weight: 50, Bake: 10 * time.Minute, Gate: rollout.Manual}, {Weight: 100, Bake: time.Hour, Gate: rollout.Manual},
	}
	return r
}

func notAsked() rollout.Verdict { return unanswered(passing(), rollout.WhyNotAsked) }

func TestCardOfTheIssue(t *testing.T) {
	got := string(render(t, view.Card(baking(), view.CardOptions{})))
	for _, line := range []string{
		"🐤 checkout · production · v1.2.3 → v1.2.4",
		"5 % of traffic · step 1 of 2 · baking 6:30 of 10:00 · all checks pass",
		"[ Pause ] [ Roll back ]",
		"✅ start   ⏳ 5 % · 10 min   ○ 50 % · 10 min   ○ everyone",
		"✅ errors 0.1 % · stable 0.1 % · limit 1 %", "✅ p99 210 ms · stable 205 ms · limit 500 ms", "✅ memory 180 MiB · limit 512 MiB",
		"Next: asks for approval today at 14:13 UTC; rolls back today at 16:13 UTC if nobody answers",
		`@U024BE7LH today at 14:02 UTC "faster tax lookup" · checkout-42 · last checked today at 14:09:45 UTC`,
	} {
		if !slices.Contains(splitLines(got), line) {
			t.Errorf("the card lacks the line %q:\n%s", line, got)
		}
	}
}

// TestButtons holds the buttons to the design, for every phase and every set of marks.
func TestButtons(t *testing.T) {
	for _, p := range rollout.Phases() {
		for marks := range 8 {
			r := in(p)
			r.Paused = marks&1 != 0
			if marks&2 != 0 {
				r.Drift = &weightDrift
			}
			if marks&4 != 0 {
				r.Stuck = &rollout.Reason{Code: rollout.ReasonSlow}
			}
			got := actionsOf(t, view.Card(r, view.CardOptions{}))
			if diff := cmp.Diff(wanted(p, r), got); diff != "" {
				t.Errorf("%s, paused %t, drift %t, stuck %t (-want +got):\n%s", p, r.Paused, r.Drift != nil, r.Stuck != nil, diff)
			}
		}
	}
}

// wanted is the paragraph "Buttons" of the design.
func wanted(p rollout.Phase, r rollout.Rollout) []string {
	switch {
	case p == rollout.Queued:
		return []string{"rollback"}
	case p == rollout.Ended:
		return nil
	case r.Stuck != nil && p >= rollout.RollingBack:
		return []string{"retry", "abandon"}
	case r.Stuck != nil:
		return []string{"retry", "rollback", "abandon"}
	case p >= rollout.RollingBack:
		return nil
	case r.Drift != nil && p.Forward():
		return []string{"set_ours", "rollback"}
	case p >= rollout.Promoting:
		return []string{"rollback"}
	case r.Paused:
		return []string{"resume", "rollback"}
	case p == rollout.Awaiting:
		return []string{"promote", "extend", "pause", "rollback"}
	}
	return []string{"pause", "rollback"}
}

func TestCardWhileRestartingHasNoButtons(t *testing.T) {
	if got := actionsOf(t, view.Card(baking(), view.CardOptions{Restarting: true})); got != nil {
		t.Errorf("nobody would get a click on %v", got)
	}
}

func TestCardIsAFunctionOfTheRollout(t *testing.T) {
	for range 3 {
		if diff := cmp.Diff(fmt.Sprint(string(raw(t, view.Card(baking(), view.CardOptions{})))), string(raw(t, view.Card(baking(), view.CardOptions{})))); diff != "" {
			t.Fatal(diff)
		}
	}
}

// Promote now is offered where it may count, and nowhere else.
func TestWhoMayHurryIsOfferedIt(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(*rollout.Rollout)
		may  bool
		want bool
	}{
		"a passing bake":             {may: true, want: true},
		"nobody may":                 {},
		"a check fails":              {may: true, edit: func(r *rollout.Rollout) { r.Verdict = failing() }},
		"two have to approve":        {may: true, edit: func(r *rollout.Rollout) { r.Spec.Plan.Steps[r.Step].Approvals = 2 }},
		"others go together with it": {may: true, edit: func(r *rollout.Rollout) { r.Request.Together = []rollout.ID{r.ID, "web-4"} }},
		"the bake is over":           {may: true, edit: func(r *rollout.Rollout) { r.Phase = rollout.Awaiting }},
		"paused":                     {may: true, edit: func(r *rollout.Rollout) { r.Paused = true }},
		"a freeze pauses it":         {may: true, edit: func(r *rollout.Rollout) { r.Frozen = &rollout.Closure{Running: rollout.PauseRunning} }},
	} {
		r := baking()
		r.Spec.Plan.Steps = slices.Clone(r.Spec.Plan.Steps)
		if tt.edit != nil {
			tt.edit(&r)
		}
		if got := slices.Contains(actionsOf(t, view.Card(r, view.CardOptions{MayHurry: tt.may})), string(rollout.PromoteNow)); got != tt.want {
			t.Errorf("%s: it is offered: %t", name, got)
		}
	}
}
