package engine_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

// A business metric compared with stable: a version that answers every request well and sells half as much is rolled
// back, and one that sells less because everybody does at this time of day is promoted.
func TestABusinessMetricIsComparedWithStable(t *testing.T) {
	for name, tt := range map[string]struct {
		canary float64 // its orders for each of stable's
		falls  float64 // how many times fewer orders both sides have in half an hour
		want   rollout.Outcome
	}{
		"half as many orders":    {0.5, 1, rollout.RolledBack},
		"orders fall everywhere": {1, 4, rollout.Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, sim.Setup{}, rollout.Plan{Steps: []rollout.Step{{Weight: 20, Bake: 8 * time.Minute, Gate: rollout.Auto}}})
				w.service.Spec.Checks = append(w.service.Spec.Checks, rollout.Check{
					Name: "orders", Query: "orders per request", Compare: &rollout.Margin{Worse: rollout.Lower, Ratio: 0.8},
					Window: 20 * time.Second, Interval: 5 * time.Second, Failures: 2, Unit: rollout.Ratio,
				})
				begin := time.Now()
				w.metrics.Alter(func(s rollout.Sample) rollout.Sample {
					if s.Check != "orders" || s.CanaryWhy == rollout.WhyWarmingUp {
						return s
					}
					season := 0.04 * math.Pow(tt.falls, -s.At.Sub(begin).Hours()*2)
					stable, canary := season, season*tt.canary
					if stableOnly := s.StableWhy == rollout.WhyNone; stableOnly {
						return rollout.Sample{Check: s.Check, At: s.At, Canary: &stable}
					}
					return rollout.Sample{Check: s.Check, At: s.At, Canary: &canary, Stable: &stable}
				})
				time.Sleep(5 * time.Minute)
				w.start(0, false)
				defer w.stop()
				r, err := w.launch("v1.2.4", nil)
				if err != nil {
					t.Fatal(err)
				}
				r = w.until(r.ID, "its end", ended)
				if r.Ending.Outcome != tt.want {
					t.Fatalf("it ended %s: %+v", r.Ending.Outcome, r.Ending.Reason)
				}
				e := r.Ending.Reason.Evidence
				if tt.want == rollout.RolledBack && (e == nil || e.Check != "orders" || e.Why != rollout.WhyWorse || e.Compared.Worse < 10) {
					t.Errorf("the reason is %+v", r.Ending.Reason)
				}
			})
		})
	}
}
