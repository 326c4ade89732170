package judge

import (
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/trial"
)

func TestEvidenceUpdate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		errors   float64 // of 1000 requests of the canary
		rejected bool
	}{
		"as stable":           {1, false},
		"worse":               {50, true},
		"every request fails": {1000, true},
	} {
		var e evidence
		sc := &scrape{window: &window{options: trial.Defaults(40)}, partial: true}
		for range 10 {
			e.update(sc, trial.Scrape{
				Canary: trial.Arm{Requests: 1000, Errors: tt.errors, Pods: 1}, Stable: trial.Arm{Requests: 9000, Errors: 9, Pods: 9}, Age: 600,
			})
		}
		if s := e.Standing; s.Rejected != tt.rejected || !s.Partial {
			t.Errorf("%s: %+v", name, s)
		}
		if got := e.rejects(rollout.Check{Signal: rollout.ErrorSignal}, &sc.options); (got != rollout.WhyNone) != tt.rejected {
			t.Errorf("%s: rejected for %q", name, got)
		}
		if e.newStep(); e.Standing.Rejected || e.Standing.LogOdds == 0 {
			t.Errorf("%s: in the next step %+v", name, e.Standing)
		}
		if e.forget(); e.Standing != (standing{}) || e.Trial.Errors.Expected.N == 0 {
			t.Errorf("%s: after its pod was replaced %+v, stable %+v", name, e.Standing, e.Trial.Errors.Expected)
		}
	}
}
