package rollout_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

// An emergency is reviewed once, after its end, by an approver who did not ask for it.
func TestReview(t *testing.T) {
	for name, tt := range map[string]struct {
		phase rollout.Phase
		user  string
		edit  func(*rollout.Rollout)
		want  rollout.ProblemCode // none: it counts
	}{
		"by another approver":       {},
		"by whoever asked for it":   {user: "U1", want: rollout.ProblemOwnEmergency},
		"by somebody without right": {user: "U9", want: rollout.ProblemNotAllowed},
		"while it is under way":     {phase: rollout.Promoting, want: rollout.ProblemNothingToReview},
		"of no emergency":           {edit: func(r *rollout.Rollout) { r.Request.Emergency = false }, want: rollout.ProblemNothingToReview},
		"a second time": {edit: func(r *rollout.Rollout) { r.Reviewed = &rollout.Approval{By: person("U3"), At: t0} },
			want: rollout.ProblemReviewedAlready},
	} {
		phase, user := rollout.Ended, "U2"
		if tt.phase != 0 {
			phase = tt.phase
		}
		if tt.user != "" {
			user = tt.user
		}
		r := decidable(phase, func(r *rollout.Rollout) {
			r.Request.Emergency, r.Request.By = true, person("U1")
			if tt.edit != nil {
				tt.edit(r)
			}
		})
		d := rollout.Decision{Action: rollout.Review, Actor: person(user), At: t0.Add(time.Hour), Text: "it was right"}
		policy := rollout.Policy{Approvers: []string{"U1", "U2"}}
		after, entries, err := rollout.Decide(r, d, policy)
		if rollout.ProblemOf(err).Code != tt.want {
			t.Errorf("%s: answered %v, want %q", name, err, tt.want)
		}
		if tt.want != "" {
			continue
		}
		if after.Reviewed == nil || !after.Reviewed.By.Is(person("U2")) || after.Phase != rollout.Ended || len(entries) != 1 {
			t.Errorf("%s: reviewed by %+v, %s, %d entries", name, after.Reviewed, after.Phase, len(entries))
		}
	}
}

// An emergency goes the same way as the plan, without bakes and gates.
func TestHurried(t *testing.T) {
	plan := rollout.Plan{Name: "slow", OnFail: rollout.HoldOnFail, Steps: []rollout.Step{
		{Weight: 5, Bake: time.Hour, Gate: rollout.Manual, Approvals: 2}, {Weight: 50, Bake: time.Hour, Gate: rollout.Auto},
	}}
	got := plan.Hurried()
	for i, s := range got.Steps {
		if s.Bake != 0 || s.Gate != rollout.Auto || s.Approvals != 0 || s.Weight != plan.Steps[i].Weight {
			t.Errorf("step %d became %+v", i, s)
		}
	}
	if plan.Steps[0].Bake != time.Hour {
		t.Error("the plan itself changed")
	}
	if got.Name != "slow" || got.OnFail != rollout.HoldOnFail {
		t.Errorf("it became %+v", got)
	}
}
