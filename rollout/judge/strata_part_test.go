package judge

import (
	"math"
	"math/rand/v2"
	"testing"

	"canarybot.io/rollout/judge/bet"
	"canarybot.io/rollout/judge/trial"
)

// draw is a count with this mean.
func draw(rng *rand.Rand, mean float64) (n float64) {
	if mean > 500 {
		return math.Max(0, math.Round(mean+math.Sqrt(mean)*rng.NormFloat64()))
	}
	for limit, p := math.Exp(-mean), rng.Float64(); p > limit; p *= rng.Float64() {
		n++
	}
	return n
}

// strataWorld is a service whose requests are looked at by a label: how many come in a scrape, and how many of each
// stratum's fail on each side.
type strataWorld struct {
	requests float64 // of both, in a scrape
	weight   float64 // the canary's
	failing  func(rng *rand.Rand, arm, stratum, scrape int) float64
}

// worstOdds is the largest logarithm that the bet reaches, in so many scrapes.
func (w strataWorld) worstOdds(seed uint64, scrapes int) (most float64) {
	rng := rand.New(rand.NewPCG(seed, 5))
	o := trial.Defaults(120)
	s := strata{Parts: make([]part, 21)}
	sum := 0.0
	for i := range s.Parts {
		sum += 1 / float64(1+i)
	}
	for scrape := range scrapes {
		all := make([]bothDid, len(s.Parts))
		for i := range all {
			all[i].margin, all[i].bets = o.Errors, true
			for arm, share := range [2]float64{w.weight, 1 - w.weight} {
				n := draw(rng, w.requests*share/float64(1+i)/sum)
				c := bet.Counts{N: n, Bad: min(n, draw(rng, n*w.failing(rng, arm, i, scrape)))}
				all[i].raw[arm], all[i].counts[arm] = c, c
			}
		}
		most = max(most, s.bet(&o, all, true))
	}
	return most
}

// What the bet on all strata says of healthy canaries, alone: where it has the weight of the trial's defaults, and against
// the whole budget. Most of these are not what the bound is proved for.
func TestHealthyStrata(t *testing.T) {
	t.Parallel()
	calm := func(*rand.Rand, int, int, int) float64 { return 0.001 }
	burst := func(late int, of float64) func(*rand.Rand, int, int, int) float64 {
		return func(_ *rand.Rand, arm, i, scrape int) float64 {
			if arm == canaryArm {
				scrape += late
			}
			if i == 3 && scrape >= 30 && scrape < 33 {
				return of
			}
			return 0.001
		}
	}
	for name, w := range map[string]strataWorld{
		"100 a second at 5 %":     {1500, 0.05, calm},
		"1 a second at 50 %":      {15, 0.5, calm},
		"5,000 a second at 5 %":   {75000, 0.05, calm},
		"the canary has them all": {1500, 1, calm},
		"each with its own share": {1500, 0.05, func(_ *rand.Rand, _, i, _ int) float64 { return []float64{0, 0.001, 0.02, 0.3, 0.95, 1}[i%6] }},
		"all within the margin":   {1500, 0.25, func(_ *rand.Rand, arm, _, _ int) float64 { return []float64{0.016, 0.01}[arm] }},
		"shares that wander":      {1500, 0.05, func(_ *rand.Rand, _, i, scrape int) float64 { return 0.02 * (1 + math.Sin(float64(scrape+i)/6)) }},
		"a burst of both":         {1500, 0.05, burst(0, 0.5)},
		"a burst, a scrape later": {1500, 0.05, burst(1, 0.3)},
		"a burst, two later":      {1500, 0.05, burst(2, 0.1)},
		"a burst before":          {1500, 0.05, burst(-1, 0.5)},
	} {
		const runs = 150
		wronged, held := 0, 0
		needed := math.Log(100) + math.Log(1.1/0.1)
		for seed := range uint64(runs) {
			if odds := w.worstOdds(seed, 80); odds >= needed {
				wronged++
			} else if odds >= math.Log(holdOdds) {
				held++
			}
		}
		if wronged > 2 {
			t.Errorf("%s: %d of %d wronged, %d held", name, wronged, runs, held)
		}
	}
}
