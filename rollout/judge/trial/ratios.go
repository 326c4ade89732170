package trial

import "canarybot.io/rollout/judge/bet"

// ratios are how many times stable's share of bad requests the canary's can be shown to be, at least.
var ratios = [...]float64{1.5, 2, 3, 4, 6, 10, 20, 50}

// alternatives are how many times that ratio the two alternatives are.
var alternatives = [2]float64{1.5, 4}

// ratioBets bet, for each ratio, against "the canary's share of bad requests is at most so many times stable's", with
// every scrape as a possible onset, as a bet.Mixture does.
type ratioBets struct {
	Stakes  [len(ratios)][len(alternatives)]float64 `json:"stakes,omitzero"`
	Staked  float64                                 `json:"staked,omitempty"`
	Scrapes int                                     `json:"scrapes,omitempty"`
}

func (t *ratioBets) add(o *Options, canary, stable bet.Counts) {
	onset := bet.Onset(t.Scrapes, o.Planned, t.Staked)
	t.Scrapes++
	t.Staked += onset
	for i, r := range ratios {
		for j, by := range alternatives {
			f := o.capped(bet.LogTimes(canary, stable, r, r*by), canary)
			t.Stakes[i][j] = bet.Grow(t.Stakes[i][j]+onset/float64(len(alternatives)), f)
		}
	}
}

// atLeast returns the largest ratio that is shown with the confidence of the budget; 0: none.
func (t *ratioBets) atLeast(o *Options) (ratio float64) {
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
// least, with the confidence of the budget; 0: not known.
func (s *State) AtLeast(o *Options, c Check) float64 {
	switch c {
	case Errors, ErrorLimit:
		return s.ErrorRatios.atLeast(o)
	case Latency, SlowLimit:
		return s.SlowRatios.atLeast(o)
	case Memory, Share, Strata, Hangs, Restarts, ClientErrors, Checks:
	}
	return 0
}
