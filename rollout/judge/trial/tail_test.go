package trial_test

import (
	"math/rand/v2"
	"testing"

	"canarybot.io/rollout/judge/trial"
)

// tailed is an arm whose requests are beyond each bound with these shares, which fall.
func tailed(r *rand.Rand, requests int, beyond [trial.Bounds]float64) trial.Arm {
	a := trial.Arm{Requests: float64(requests), Timed: float64(requests), Pods: 2}
	for range requests {
		u := r.Float64()
		for b, share := range beyond {
			if u >= share {
				break
			}
			a.Slow[b]++
		}
	}
	return a
}

// A tail that grows far beyond the limit, where the share beyond the limit itself stays what it was, is found; and one
// that is as long on both sides is not.
func TestTailsBeyondTheLimit(t *testing.T) {
	t.Parallel()
	stable := [trial.Bounds]float64{0.25, 0.08, 0.02, 0.008, 0.002, 0.0002}
	longer := [trial.Bounds]float64{0.25, 0.08, 0.02, 0.008, 0.008, 0.007}
	const runs = 100
	for name, tt := range map[string]struct {
		canary [trial.Bounds]float64
		bounds int
		found  [2]int // at least, and at most
	}{
		"longer":                           {longer, trial.Bounds, [2]int{95, runs}},
		"longer, and no bound that far":    {longer, 4, [2]int{0, 1}},
		"as long as stable's":              {stable, trial.Bounds, [2]int{0, 1}},
		"as long, by what was stored once": {stable, 4, [2]int{0, 1}},
	} {
		found := 0
		for seed := range uint64(runs) {
			r := rand.New(rand.NewPCG(seed, 11))
			o := trial.Defaults(planned)
			o.Slow, o.Bounds = 3, tt.bounds
			var s trial.State
			for range planned {
				if v := s.Add(&o, both(tailed(r, 400, tt.canary), tailed(r, 2000, stable))); v.Rejected {
					found++
					break
				}
			}
		}
		if found < tt.found[0] || found > tt.found[1] {
			t.Errorf("%s: %d of %d", name, found, runs)
		}
	}
}

// Bounds that are not compared need no proof of health, and dilute no bet.
func TestBoundsThatAreNotCompared(t *testing.T) {
	t.Parallel()
	in := both(side(5000, 0.001, 0.002), side(50_000, 0.001, 0.002))
	for b := 4; b < trial.Bounds; b++ {
		in.Canary.Slow[b], in.Stable.Slow[b] = 0, 0
	}
	o := trial.Defaults(planned)
	o.Slow, o.Bounds = 3, 4
	var s trial.State
	proved := false
	for range o.Dwell + 12 {
		proved = s.Add(&o, in).Proved
	}
	bad := in
	for b := range 4 {
		bad.Canary.Slow[b] = 500
	}
	var few, all trial.State
	every := o
	every.Bounds = 0
	for range 3 {
		few.Add(&o, bad)
		all.Add(&every, bad)
	}
	if l, diluted := few.LogOdds(trial.Latency), all.LogOdds(trial.Latency); !proved || l <= diluted {
		t.Errorf("proved %v; the bet on four bounds is %v, on all %v", proved, l, diluted)
	}
}
