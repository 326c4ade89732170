package rollout_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

// What the API server refuses for good ends a rollout at once, with its words. What may pass waits for the deadline, and
// an ending never gives up.
func TestARefusedWriteEndsWhatNoRetryMends(t *testing.T) {
	refused := rollout.Problem{Code: rollout.ProblemForbidden, Call: rollout.CallCreate, Words: `admission webhook "x" denied the request`}
	invalid := rollout.Problem{Code: rollout.ProblemRefused, Call: rollout.CallUpdate, Words: "spec.rules[0]: Invalid value"}
	down := rollout.Problem{Code: rollout.ProblemRequestFailed, Call: rollout.CallCreate, Words: `failed calling webhook "x"`}
	for name, tt := range map[string]struct {
		phase rollout.Phase
		why   rollout.Problem
		edit  func(*rollout.Rollout, *rollout.Observed)
		want  rollout.Phase
	}{
		"the canary, before it has traffic": {phase: rollout.Preparing, why: refused, want: rollout.RollingBack},
		"the route, which the server finds invalid": {phase: rollout.Shifting, why: invalid, want: rollout.RollingBack,
			edit: func(_ *rollout.Rollout, w *rollout.Observed) { w.Route.Acknowledged = false }},
		"what somebody changed and a person had us set again": {phase: rollout.Baking, why: refused, want: rollout.RollingBack},
		"stable, when everybody should get it":                {phase: rollout.Promoting, why: refused, want: rollout.RollingBack},
		"while paused": {phase: rollout.Preparing, why: refused, want: rollout.RollingBack,
			edit: func(r *rollout.Rollout, _ *rollout.Observed) { r.Paused = true }},
		"a webhook that is down": {phase: rollout.Preparing, why: down, want: rollout.Preparing},
		"no answer":              {phase: rollout.Preparing, why: rollout.Problem{Code: rollout.ProblemRequestTimeout}, want: rollout.Preparing},
		"an object that is not what it should be, which somebody may put right": {phase: rollout.Preparing,
			why: rollout.Problem{Code: rollout.ProblemNothingToSteer}, want: rollout.Preparing},
		"while the cluster cannot be read": {phase: rollout.Preparing, why: refused, want: rollout.Preparing,
			edit: func(_ *rollout.Rollout, w *rollout.Observed) {
				*w = rollout.Observed{Unreadable: rollout.Text("timeout")}
			}},
		"weight 0, while returning":    {phase: rollout.Returning, why: refused, want: rollout.Returning},
		"weight 0, while rolling back": {phase: rollout.RollingBack, why: refused, want: rollout.RollingBack},
		"the canary, while cleaning":   {phase: rollout.Cleaning, why: refused, want: rollout.Cleaning},
		"the route, while releasing":   {phase: rollout.Releasing, why: refused, want: rollout.Releasing},
	} {
		t.Run(name, func(t *testing.T) {
			r, w := checkout()
			r.Phase = tt.phase
			r.StableWritten = tt.phase >= rollout.Promoting
			w.Canary.Available, w.Canary.Endpoints = 0, 1 // so that no phase is done
			if tt.edit != nil {
				tt.edit(&r, &w)
			}
			f := facts(r, w, interval, rollout.Pass)
			f.Refused = tt.why
			after, _, _ := rollout.Next(r, f)
			if after.Phase != tt.want {
				t.Fatalf("it is %s, want %s", after.Phase, tt.want)
			}
			if why := after.Ending.Reason; tt.phase.Forward() && after.Phase == rollout.RollingBack &&
				(why.Code != rollout.ReasonWriteRefused || why.Problem.Words != tt.why.Words) {
				t.Errorf("the reason is %+v, want the server's words", why)
			}
		})
	}
}

// An ending that the server refuses is stuck, with its words.
func TestARefusedEndingIsStuckWithTheWords(t *testing.T) {
	r, w := checkout()
	r.Phase, r.Spans.Ending = rollout.RollingBack, time.Hour
	f := facts(r, w, interval, rollout.Pass)
	f.Refused = rollout.Problem{Code: rollout.ProblemForbidden, Words: "denied the request"}
	after, _, _ := rollout.Next(r, f)
	if after.Stuck == nil || after.Stuck.Code != rollout.ReasonWriteRefused || after.Stuck.Problem.Words != f.Refused.Words {
		t.Errorf("stuck is %+v, want the server's words", after.Stuck)
	}
}

// Pods that the cluster will not have end a rollout; what may yet come waits.
func TestPodsThatAreNotMade(t *testing.T) {
	for name, tt := range map[string]struct {
		kind           rollout.FailureKind
		canary, stable rollout.Phase // where it leads while preparing, and while promoting
	}{
		"a policy":             {rollout.Refused, rollout.RollingBack, rollout.RollingBack},
		"a quota":              {rollout.OverQuota, rollout.RollingBack, rollout.Promoting},
		"a webhook that fails": {rollout.NotCreated, rollout.Preparing, rollout.Promoting},
		"a missing Secret":     {rollout.ConfigMissing, rollout.Preparing, rollout.Promoting},
	} {
		t.Run(name, func(t *testing.T) {
			failure := rollout.Failure{Kind: tt.kind, Detail: "the server's words"}
			r, w := checkout()
			r.Phase = rollout.Preparing
			w.Canary.Available, w.Canary.Endpoints, w.Canary.Failure = 0, 0, failure
			after, _, _ := rollout.Next(r, facts(r, w, interval, rollout.Pass))
			if after.Phase != tt.canary {
				t.Errorf("with the canary's pods it is %s, want %s", after.Phase, tt.canary)
			}
			if after.Phase == rollout.RollingBack && after.Ending.Reason.Failure != failure {
				t.Errorf("the reason is %+v, want the failure", after.Ending.Reason)
			}
			r, w = checkout()
			r.Phase, r.StableWritten = rollout.Promoting, true
			w.Stable.Image, w.Stable.Available, w.Stable.Failure = newRef, 9, failure
			w.Stable.Stamp = &rollout.Stamp{Store: r.Store, Rollout: r.ID, Revision: r.Revision, Image: newRef}
			if after, _, _ := rollout.Next(r, facts(r, w, interval, rollout.Pass)); after.Phase != tt.stable {
				t.Errorf("with stable's pods it is %s, want %s", after.Phase, tt.stable)
			}
		})
	}
}
