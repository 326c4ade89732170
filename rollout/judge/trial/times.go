package trial

import (
	"canarybot.io/rollout/judge/bet"
)

// ratios are by how many times worse than stable a canary can be shown to be.
var ratios = [...]float64{1.5, 2, 3, 4, 6, 10, 20, 50}

// beyondRatio are by how much worse than that the two alternatives are that are bet on.
var beyondRatio = [2]float64{1.5, 4}

// times bets, for each of the ratios, that the canary's share of bad requests is no more than so many times stable's, on
// every scrape as the one at which it began, as a bet.Mixture does.
type times struct {
	Stakes  [len(ratios)][len(beyondRatio)]float64 `json:"stakes,omitzero"`
	Staked  float64                                `json:"staked,omitempty"`
	Scrapes int                                    `json:"scrapes,omitempty"`
}

func (t *times) add(o *Options, canary, stable bet.Counts) {
	onset := bet.Onset(t.Scrapes, o.Planned, t.Staked)
	t.Scrapes++
	t.Staked += onset
	for i, r := range ratios {
		for j, by := range beyondRatio {
			f := o.capped(bet.LogTimes(canary, stable, r, r*by), canary)
			t.Stakes[i][j] = bet.Grow(t.Stakes[i][j]+onset/float64(len(beyondRatio)), f)
		}
	}
}

// atLeast returns the largest ratio that is shown with the certainty of the budget; 0: none.
func (t *times) atLeast(o *Options) (ratio float64) {
	for i, r := range ratios {
		sum := 1 - t.Staked
		for _, s := range t.Stakes[i] {
			sum += s
		}
		if sum >= 1/o.Alpha {
			ratio = r
		}
	}
	return ratio
}

// AtLeast returns how many times stable's share of errors, or of requests beyond the service's limit, the canary's is at
// least, with the certainty of the budget; 0 where that is not known.
func (s *State) AtLeast(o *Options, c Check) float64 {
	switch c {
	case Errors, ErrorLimit:
		return s.Erring.atLeast(o)
	case Latency, SlowLimit:
		return s.Slower.atLeast(o)
	case Memory, Share, Checks:
	}
	return 0
}
