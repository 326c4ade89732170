package rollout_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

// What may pass is told while it lasts, ends at the deadline, and is committed once, however the kubelet words it.
func TestPodsThatWaitAreTold(t *testing.T) {
	busy := rollout.Failure{Kind: rollout.ImagePullRetried, Detail: "ErrImagePull: 429 Too Many Requests"}
	for name, tt := range map[string]struct {
		phase          rollout.Phase
		canary, stable rollout.Failure
		want           rollout.Failure
		late           rollout.ReasonCode
	}{
		"the canary's image":                        {phase: rollout.Preparing, canary: busy, want: busy, late: rollout.ReasonDeadline},
		"no room for the canary":                    {phase: rollout.Preparing, canary: rollout.Failure{Kind: rollout.Unschedulable}, want: rollout.Failure{Kind: rollout.Unschedulable}, late: rollout.ReasonDeadline},
		"a missing Secret":                          {phase: rollout.Preparing, canary: rollout.Failure{Kind: rollout.ConfigMissing}, want: rollout.Failure{Kind: rollout.ConfigMissing}, late: rollout.ReasonDeadline},
		"a webhook that is down":                    {phase: rollout.Preparing, canary: rollout.Failure{Kind: rollout.NotCreated}, want: rollout.Failure{Kind: rollout.NotCreated}, late: rollout.ReasonDeadline},
		"no room in a quota for stable's next pod":  {phase: rollout.Promoting, stable: rollout.Failure{Kind: rollout.OverQuota}, want: rollout.Failure{Kind: rollout.OverQuota}, late: rollout.ReasonStable},
		"stable's image":                            {phase: rollout.Promoting, stable: busy, want: busy, late: rollout.ReasonStable},
		"the canary's, while everybody gets it":     {phase: rollout.Promoting, canary: busy, late: rollout.ReasonStable},
		"starting, which is no news":                {phase: rollout.Preparing, canary: rollout.Failure{Kind: rollout.NotReady, Detail: "runs but is not ready"}, late: rollout.ReasonDeadline},
		"a further pod's, while the step is judged": {phase: rollout.Baking, canary: busy, want: busy},
	} {
		t.Run(name, func(t *testing.T) {
			r, w := checkout()
			r.Phase, r.StableWritten = tt.phase, tt.phase == rollout.Promoting
			w.Canary.Failure, w.Stable.Failure = tt.canary, tt.stable
			if tt.phase == rollout.Preparing {
				w.Canary.Available, w.Canary.Endpoints = 0, 0
			}
			after, _, _ := rollout.Next(r, facts(r, w, interval, rollout.Pass))
			if after.Phase != tt.phase || after.PodsWait != tt.want {
				t.Fatalf("%s, waits for %+v; want %s and %+v", after.Phase, after.PodsWait, tt.phase, tt.want)
			}
			worded := w
			worded.Canary.Failure.Detail, worded.Stable.Failure.Detail = "in other words", "in other words"
			if again, _, _ := rollout.Next(after, facts(after, worded, interval, rollout.Pass)); rollout.NeedsCommit(after, again) {
				t.Error("other words alone are committed")
			}
			if settled, _, _ := rollout.Next(after, facts(after, rollout.Observed{Unreadable: rollout.Text("timeout")}, interval, rollout.Pass)); settled.PodsWait != tt.want {
				t.Error("it is forgotten while the cluster cannot be read")
			}
			if tt.late == "" {
				return
			}
			after.Spans.Deadline, after.Spans.Furthest = 10*time.Minute, 1000
			if phase, why := moved(after, facts(after, w, interval, rollout.Pass)); phase != rollout.RollingBack || why != tt.late {
				t.Errorf("past its deadline it is %s because of %q, want rolled back because of %q", phase, why, tt.late)
			}
		})
	}
}
