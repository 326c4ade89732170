package view_test

import (
	"testing"
	"time"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// The thread has the button where the version can have harmed somebody, and nowhere else.
func TestWhereAnIncidentIsReported(t *testing.T) {
	t.Parallel()
	ended := func(o rollout.Outcome, traffic bool) rollout.Rollout {
		r := ending(o, nil)
		if r.WeightAckedAt, r.StableWritten = noon, false; !traffic {
			r.WeightAckedAt = time.Time{}
		}
		return r
	}
	back := ended(rollout.Succeeded, true)
	back.Request.Back = true
	promoted := ended(rollout.RolledBack, false)
	promoted.StableWritten = true
	for name, test := range map[string]struct {
		r    rollout.Rollout
		want bool
	}{
		"succeeded":                         {ended(rollout.Succeeded, true), true},
		"succeeded, without a step":         {ended(rollout.Succeeded, false), true},
		"rolled back":                       {ended(rollout.RolledBack, true), true},
		"rolled back from stable":           {promoted, true},
		"abandoned with traffic":            {ended(rollout.Abandoned, true), true},
		"rolled back before it had traffic": {ended(rollout.RolledBack, false), false},
		"abandoned before it had traffic":   {ended(rollout.Abandoned, false), false},
		"cancelled":                         {ended(rollout.Cancelled, false), false},
		"a way back":                        {back, false},
		"live":                              {in(rollout.Baking), false},
		"rolling back":                      {in(rollout.RollingBack), false},
	} {
		if got := view.MayReport(test.r); got != test.want {
			t.Errorf("%s: got %t, want %t", name, got, test.want)
		}
	}
}
