package rollout_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

// A step that people let bake longer asks again when that is over, and the step after it bakes as planned.
func TestExtend(t *testing.T) {
	for name, phase := range map[string]rollout.Phase{"while it bakes": rollout.Baking, "when it is done": rollout.Awaiting} {
		t.Run(name, func(t *testing.T) {
			r := decidable(phase, nil)
			planned := r.Current().Bake
			r.Spans.Bake = planned
			if phase == rollout.Awaiting {
				r.Spans.Baked = planned
			}
			policy := rollout.Policy{Deployers: []string{"U1"}, Approvers: []string{"U1"}}
			after := decided(t, r, rollout.Extend, "U1", policy)
			if after.Phase != rollout.Baking || after.Current().Bake != planned+rollout.Extension || after.Spans.Baked != 0 || after.Turn == r.Turn {
				t.Fatalf("%s, a bake of %s, %s before, turn %d after %d", after.Phase, after.Current().Bake, after.Spans.Baked, after.Turn, r.Turn)
			}
			if _, _, err := rollout.Decide(after, rollout.Decision{Action: rollout.Extend, Actor: person("U1"), Turn: r.Turn, At: t0}, policy); rollout.ProblemOf(err).Code != rollout.ProblemMovedOn {
				t.Errorf("the second click of two is answered %v", err)
			}
			_, w := checkout()
			if early, _, _ := rollout.Next(after, facts(after, w, interval, rollout.Pass)); early.Phase != rollout.Baking {
				t.Errorf("it is %s long before its bake is over", early.Phase)
			}
			after.Phase, after.Spans.Bake = rollout.Awaiting, after.Current().Bake
			if next := decided(t, after, rollout.Promote, "U1", policy); next.Extended != 0 {
				t.Errorf("the next step bakes %s more than planned", next.Extended)
			}
		})
	}
}

// What does not bake cannot bake longer.
func TestNothingToExtend(t *testing.T) {
	for name, tt := range map[string]struct {
		phase rollout.Phase
		edit  func(*rollout.Rollout)
		want  rollout.ProblemCode
	}{
		"before its traffic": {phase: rollout.Shifting, want: rollout.ProblemNothingBakes},
		"promoting":          {phase: rollout.Promoting, want: rollout.ProblemNothingBakes},
		"rolling back":       {phase: rollout.RollingBack, want: rollout.ProblemNothingBakes},
		"ended":              {phase: rollout.Ended, want: rollout.ProblemEnded},
		"a bake of nothing":  {phase: rollout.Awaiting, edit: func(r *rollout.Rollout) { r.Spec.Plan.Steps[0].Bake = 0 }, want: rollout.ProblemNothingBakes},
		"stuck": {phase: rollout.Baking, edit: func(r *rollout.Rollout) { r.Stuck = &rollout.Reason{Code: rollout.ReasonSlow} },
			want: rollout.ProblemAnswerStuckFirst},
	} {
		r := decidable(tt.phase, tt.edit)
		d := rollout.Decision{Action: rollout.Extend, Actor: person("U1"), Turn: r.Turn, At: t0.Add(time.Minute)}
		if _, _, err := rollout.Decide(r, d, allows()); rollout.ProblemOf(err).Code != tt.want {
			t.Errorf("%s: answered %v, want %s", name, err, tt.want)
		}
	}
}
