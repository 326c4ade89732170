package api

import (
	"context"
	"strings"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// tell renders a rollout.
func (a *API) tell(ctx context.Context, r rollout.Rollout) Rollout {
	told := view.Tell(r)
	weight, _ := r.Weight()
	t := Rollout{
		ID: r.ID, Service: r.Service, Environment: r.Spec.Environment, Version: r.Request.Version, Image: r.Image, From: r.From(),
		Phase: r.Phase.String(), Outcome: outcome(r), Go: r.MayGoOn(), Turn: r.Turn, Seq: r.Seq, Weight: int(weight),
		Step: min(r.Step+1, len(r.Spec.Plan.Steps)), Steps: []Step{}, Status: told.Status, Waits: told.Next, Actions: actions(r),
		By: told.By, Reason: r.Request.Text, Link: r.Request.By.Link,
		Asked: r.Request.At, Started: r.Started, Ended: r.Ending.At, Problems: told.Problems,
	}
	for _, s := range r.Spec.Plan.Steps {
		t.Steps = append(t.Steps, Step{Weight: int(s.Weight), Bake: s.Bake.String(), Gate: string(s.Gate)})
	}
	for i, e := range r.Verdict.Evidence {
		t.Checks = append(t.Checks, check(e, told.Checks[i]))
	}
	link, err := a.Card(ctx, r.ID)
	if err != nil {
		a.Log.Warn("no link to the card", "rollout", r.ID, "error", err)
	}
	t.Card = link
	return t
}

// outcome is how the rollout ended, in words; empty while it has not.
func outcome(r rollout.Rollout) string {
	if !r.Terminal() {
		return ""
	}
	return strings.ReplaceAll(string(r.Ending.Outcome), "_", " ")
}

// actions are those of the rollout's buttons that a pipeline may have too.
func actions(r rollout.Rollout) []rollout.Action {
	var all []rollout.Action
	for _, action := range view.Actions(r) {
		for _, known := range decisions {
			if action == known {
				all = append(all, action)
			}
		}
	}
	return all
}

func check(e rollout.Evidence, text string) Check {
	c := Check{Name: e.Check, Result: string(e.Result), Canary: e.Canary, Stable: e.Stable, Unit: string(e.Unit), Text: text}
	if e.Comparison != "" {
		c.Limit = &e.Threshold
	}
	if e.Result != rollout.Pass && e.Result != rollout.Fail {
		c.Result = string(rollout.Unknown)
	}
	return c
}
