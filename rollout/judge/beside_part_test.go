package judge

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"canarybot.io/rollout/judge/bet"
	"canarybot.io/rollout/judge/trial"
)

// Whatever stable's restarts are, a canary whose containers restart as often is not taken for worse, and hardly ever asked
// about; a half more often is still fine.
func TestHealthyRestarts(t *testing.T) {
	t.Parallel()
	const runs, scrapes, past = 400, 240, 60
	needed := math.Log(100) + math.Log(1.15/0.05)
	for name, tt := range map[string]struct {
		each  time.Duration // between two restarts of a stable pod
		times float64       // as often, the canary's
		pods  [2]float64
	}{
		"never":                      {1000 * time.Hour, 1, [2]float64{3, 20}},
		"each hour":                  {time.Hour, 1, [2]float64{3, 20}},
		"each hour, one pod each":    {time.Hour, 1, [2]float64{1, 1}},
		"each ten minutes":           {10 * time.Minute, 1, [2]float64{1, 4}},
		"each two minutes, one each": {2 * time.Minute, 1, [2]float64{1, 1}},
		"more pods than stable":      {30 * time.Minute, 1, [2]float64{20, 3}},
		"a half more often":          {10 * time.Minute, 1.5, [2]float64{3, 20}},
	} {
		wronged, asked := 0, 0
		for seed := range uint64(runs) {
			rng := rand.New(rand.NewPCG(seed, 21))
			o := trial.Defaults(120)
			p := 15 / tt.each.Seconds()
			did := func(arm int, times float64) bet.Counts {
				return bet.Counts{N: tt.pods[arm], Bad: min(tt.pods[arm], draw(rng, tt.pods[arm]*p*times))}
			}
			r := restarts{Part: part{Usual: bet.Counts{N: restartsKnown}}}
			for range past {
				c := did(stableArm, 1)
				r.Part.Usual.N, r.Part.Usual.Bad = r.Part.Usual.N+c.N, r.Part.Usual.Bad+c.Bad
			}
			most := 0.0
			for range scrapes {
				most = max(most, r.bet(&o, [2]bet.Counts{did(canaryArm, tt.times), did(stableArm, 1)}))
			}
			if most >= needed {
				wronged++
			} else if most >= math.Log(holdOdds) {
				asked++
			}
		}
		if wronged > runs/100 || asked > runs/20 {
			t.Errorf("%s: %d of %d wronged, %d asked", name, wronged, runs, asked)
		}
	}
}

// A share of 4xx that is as stable's, however large, or that swings with stable's, is neither asked about nor acted on.
func TestHealthyRefusals(t *testing.T) {
	t.Parallel()
	const runs, scrapes = 200, 120
	for name, tt := range map[string]struct {
		requests [2]float64 // in a scrape
		share    func(arm, scrape int) float64
	}{
		"few":        {[2]float64{75, 1425}, func(int, int) float64 { return 0.01 }},
		"many":       {[2]float64{75, 1425}, func(int, int) float64 { return 0.6 }},
		"all":        {[2]float64{75, 1425}, func(int, int) float64 { return 1 }},
		"thin":       {[2]float64{1, 20}, func(int, int) float64 { return 0.2 }},
		"it swings":  {[2]float64{750, 14250}, func(_, scrape int) float64 { return 0.1 * (1 + math.Sin(float64(scrape)/5)) }},
		"a point":    {[2]float64{750, 14250}, func(arm, _ int) float64 { return 0.02 + 0.01*float64(stableArm-arm) }},
		"it is less": {[2]float64{75, 1425}, func(arm, _ int) float64 { return 0.3 * float64(arm) }},
	} {
		wronged, asked := 0, 0
		for seed := range uint64(runs) {
			rng := rand.New(rand.NewPCG(seed, 22))
			o := trial.Defaults(120)
			var r refusals
			acts, asks := 0.0, false
			for scrape := range scrapes {
				var c bothDid
				for arm, mean := range tt.requests {
					n := draw(rng, mean)
					bad := min(n, draw(rng, n*tt.share(arm, scrape)))
					if tt.share(arm, scrape) >= 1 {
						bad = n
					}
					c.raw[arm] = bet.Counts{N: n, Bad: bad}
					c.counts[arm] = c.raw[arm].Temper(clusters)
				}
				c.bets = true
				acts = max(acts, r.bet(&o, c))
				asks = asks || r.Differs
			}
			if acts >= math.Log(100)+math.Log(1.15/0.05) {
				wronged++
			}
			if asks {
				asked++
			}
		}
		if wronged > 0 || asked > runs/100 {
			t.Errorf("%s: %d of %d wronged, %d asked", name, wronged, runs, asked)
		}
	}
}

// What is under way where nothing hangs: any number of requests for any time, and no growth beyond what stable explains.
func TestHealthyHangs(t *testing.T) {
	t.Parallel()
	for name, began := range map[string]bet.Counts{
		"nothing is left over": {N: 75}, "one in thirty is": {N: 75, Bad: 2.5}, "nothing comes": {}, "as many as the limit allows": {N: 1000, Bad: 50},
	} {
		o := trial.Defaults(120)
		var h hangs
		for range 240 {
			h.bet(&o, began)
		}
		if l := h.Bet.Log(); l > 0.01 || math.IsNaN(l) {
			t.Errorf("%s: %v", name, l)
		}
	}
}
