package rollout_test

import (
	"math"
	"testing"

	"canarybot.io/rollout"
)

func TestMargin(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		margin                 rollout.Margin
		canary, stable         float64
		bound, excess, doubled float64 // doubled is the excess of twice the margin
	}{
		"a ratio, higher is worse":           {rollout.Margin{Worse: rollout.Higher, Ratio: 1.2}, 15, 10, 12, 3, 0.6},
		"a ratio, lower is worse":            {rollout.Margin{Worse: rollout.Lower, Ratio: 0.8}, 7, 10, 8, 1, -0.6},
		"a difference, higher is worse":      {rollout.Margin{Worse: rollout.Higher, Difference: 5}, 18, 10, 15, 3, -2},
		"a difference, lower is worse":       {rollout.Margin{Worse: rollout.Lower, Difference: 5}, -6, 0, -5, 1, -4},
		"0 on both sides of a ratio":         {rollout.Margin{Worse: rollout.Higher, Ratio: 1.2}, 0, 0, 0, 0, 0},
		"at the margin":                      {rollout.Margin{Worse: rollout.Higher, Difference: 5}, 15, 10, 15, 0, -5},
		"better than stable, lower is worse": {rollout.Margin{Worse: rollout.Lower, Ratio: 0.8}, 20, 10, 8, -12, -13.6},
	} {
		m := tt.margin
		got := [3]float64{m.Bound(tt.stable), m.Excess(tt.canary, tt.stable), m.Twice().Excess(tt.canary, tt.stable)}
		for i, want := range [3]float64{tt.bound, tt.excess, tt.doubled} {
			if math.Abs(got[i]-want) > 1e-9 {
				t.Errorf("%s: got %v, want %g %g %g", name, got, tt.bound, tt.excess, tt.doubled)
				break
			}
		}
	}
}

// A check that is compared can judge a canary where its query gives stable one number that can be compared.
func TestOnStableOfComparedChecks(t *testing.T) {
	t.Parallel()
	ratio, difference := rollout.Margin{Worse: rollout.Higher, Ratio: 1.2}, rollout.Margin{Worse: rollout.Higher, Difference: 5}
	number := func(v float64) rollout.Sample { return rollout.Sample{Check: "queue_age", Canary: &v} }
	for name, tt := range map[string]struct {
		margin rollout.Margin
		sample rollout.Sample
		want   rollout.Result
		why    rollout.Why
	}{
		"a number":                        {ratio, number(3), rollout.Pass, rollout.WhyNone},
		"0":                               {ratio, number(0), rollout.Pass, rollout.WhyNone},
		"a ratio to a negative number":    {ratio, number(-3), rollout.Unknown, rollout.WhyNegative},
		"a difference from a negative":    {difference, number(-3), rollout.Pass, rollout.WhyNone},
		"no series":                       {ratio, rollout.Sample{Check: "queue_age"}, rollout.Unknown, rollout.WhyNoData},
		"several series":                  {ratio, rollout.Sample{Check: "queue_age", CanaryWhy: rollout.WhySeveralSeries}, rollout.Unknown, rollout.WhySeveralSeries},
		"no sample of it, but of another": {ratio, rollout.Sample{Check: "other"}, rollout.Unknown, rollout.WhyNoData},
	} {
		got := rollout.OnStable([]rollout.Check{{Name: "queue_age", Compare: &tt.margin}}, []rollout.Sample{tt.sample})
		if len(got) != 1 || got[0].Result != tt.want || got[0].Why != tt.why || got[0].Margin == nil {
			t.Errorf("%s: got %+v, want %s (%s)", name, got, tt.want, tt.why)
		}
	}
}
