package rollout_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

// hasty lets U1 promote before a bake is over.
func hasty() rollout.Policy {
	return rollout.Policy{Deployers: []string{"U1", "U2"}, Approvers: []string{"U1", "U2"}, PromoteNow: []string{"U1", "U3"}}
}

// now is the decision to promote at once.
func now(r rollout.Rollout, user string) rollout.Decision {
	return rollout.Decision{Action: rollout.PromoteNow, Actor: person(user), Turn: r.Turn, At: t0.Add(time.Minute), Text: "the fix is urgent"}
}

// Whoever may skips the rest of a bake, and the timeline says how much of it was left.
func TestPromoteNow(t *testing.T) {
	r := decidable(rollout.Baking, func(r *rollout.Rollout) {
		r.Verdict.Result, r.Spans.Bake = rollout.Pass, time.Minute
	})
	left := r.Current().Bake - time.Minute
	after, entries, err := rollout.Decide(r, now(r, "U1"), hasty())
	if err != nil {
		t.Fatal(err)
	}
	if after.Phase != rollout.Preparing || after.Step != r.Step+1 || after.Spans.Baked != time.Minute || after.Turn == r.Turn {
		t.Errorf("%s at step %d after %s of baking, turn %d", after.Phase, after.Step, after.Spans.Baked, after.Turn)
	}
	if e := entries[0]; e.Kind != rollout.EntryDecided || e.Data.Left != left || e.Data.Text == "" {
		t.Errorf("the timeline says %+v; left were %s", e.Data, left)
	}
}

// It is a promotion all the same: what keeps one back keeps back this one too.
func TestPromoteNowRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		phase  rollout.Phase
		user   string
		edit   func(*rollout.Rollout)
		policy func(*rollout.Policy)
		text   string
		want   rollout.ProblemCode
	}{
		"who may not":                     {user: "U2", want: rollout.ProblemNotAllowed},
		"who may skip bakes, not promote": {user: "U3", want: rollout.ProblemNotAllowed},
		"no reason":                       {text: " ", want: rollout.ProblemReasonMissing},
		"the bake is over":                {phase: rollout.Awaiting, want: rollout.ProblemNothingBakes},
		"before its traffic":              {phase: rollout.Shifting, want: rollout.ProblemNothingBakes},
		"a failing check":                 {edit: verdict(rollout.Fail), want: rollout.ProblemCheckFails},
		"no verdict yet":                  {edit: verdict(rollout.Unknown), want: rollout.ProblemCheckUnknown},
		"paused":                          {edit: func(r *rollout.Rollout) { r.Paused = true }, want: rollout.ProblemResumeFirst},
		"unseen":                          {edit: func(r *rollout.Rollout) { r.Unseen = rollout.Problem{Code: "away"} }, want: rollout.ProblemUnseen},
		"two people have to approve":      {edit: func(r *rollout.Rollout) { r.Spec.Plan.Steps[0].Approvals = 2 }, want: rollout.ProblemBakeForSeveral},
		"their own, and another has to":   {policy: func(p *rollout.Policy) { p.SecondPerson = true }, want: rollout.ProblemOwnRollout},
		"a freeze pauses it": {edit: func(r *rollout.Rollout) { r.Frozen = &rollout.Closure{Running: rollout.PauseRunning} },
			want: rollout.ProblemPromoteFrozen},
	} {
		t.Run(name, func(t *testing.T) {
			phase, user, policy := rollout.Baking, "U1", hasty()
			if tt.phase != 0 {
				phase = tt.phase
			}
			if tt.user != "" {
				user = tt.user
			}
			if tt.policy != nil {
				tt.policy(&policy)
			}
			r := decidable(phase, func(r *rollout.Rollout) {
				verdict(rollout.Pass)(r)
				r.Request.By = person("U1")
				if tt.edit != nil {
					tt.edit(r)
				}
			})
			d := now(r, user)
			if tt.text != "" {
				d.Text = tt.text
			}
			if _, _, err := rollout.Decide(r, d, policy); rollout.ProblemOf(err).Code != tt.want {
				t.Errorf("answered %v, want %s", err, tt.want)
			}
		})
	}
}

// verdict gives the rollout a verdict with one check.
func verdict(result rollout.Result) func(*rollout.Rollout) {
	return func(r *rollout.Rollout) {
		r.Verdict = rollout.Verdict{Result: result, Evidence: []rollout.Evidence{{Check: "errors", Result: result}}}
	}
}
