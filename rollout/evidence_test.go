package rollout_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

// Evidence counts while it is fresh by the clock that there is. After a jump of the clock the next answer counts at once,
// whichever way it jumped, and what was answered before it does not.
func TestEvidenceAfterAJumpOfTheClock(t *testing.T) {
	t.Parallel()
	acked := time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)
	before := acked.Add(5 * time.Minute)
	r := rollout.Rollout{WeightAckedAt: acked, Spec: rollout.Spec{Limits: rollout.Limits{Interval: 15 * time.Second}}}
	for _, jump := range []time.Duration{10 * time.Minute, -10 * time.Minute, time.Hour, -time.Hour} {
		now := before.Add(jump)
		for answered, want := range map[time.Time]rollout.Result{
			before: rollout.Unknown, now: rollout.Pass, now.Add(-30 * time.Second): rollout.Pass,
		} {
			v := rollout.Verdict{Result: rollout.Pass, Since: acked, At: answered}
			if got := r.Evidence(rollout.Facts{Now: now, Verdict: v}); got.Result != want {
				t.Errorf("by %s, answered at %s: %s, want %s", jump, answered.Format(time.TimeOnly), got.Result, want)
			}
		}
	}
}
