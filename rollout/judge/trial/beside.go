package trial

import (
	"math"

	"canarybot.io/rollout/judge/bet"
)

// Beside are the logarithms of bets that are placed elsewhere, as they stand: those on strata, hangs, restarts and client
// errors. They count within the trial's budget like its own. Whoever places them sees to it that they may be acted on: none
// of the trial's rules looks at them.
type Beside [Checks]float64

// placedBeside are the checks whose bets are placed elsewhere.
var placedBeside = [...]Check{Strata, Hangs, Restarts, ClientErrors}

// join puts the bets among the trial's own.
func (b *Beside) join(logs *[Checks]float64) {
	for _, c := range placedBeside {
		logs[c] = b[c]
	}
}

// besideAlone returns a check whose bet, placed elsewhere, suffices whatever the others say: then no rule about another
// one speaks against acting on it.
func (s *State) besideAlone(o *Options) (c Check, ok bool) {
	for _, c := range placedBeside {
		if s.alone(o, c) {
			return c, true
		}
	}
	return 0, false
}

// alone reports whether a check's bet suffices whatever the others say.
func (s *State) alone(o *Options, c Check) bool {
	total := 0.0
	for _, w := range o.Weights {
		total += w
	}
	return o.Weights[c] > 0 && s.Odds[c]+math.Log(o.Weights[c]/total) >= o.Limit()
}

// Capped limits the factor of a single scrape as the trial's own are, for a bet that is placed elsewhere.
func (o *Options) Capped(f float64, canary bet.Counts) float64 { return o.capped(f, canary) }

// ErrorMargin is the margin of errors in a scrape.
func (o *Options) ErrorMargin(in Scrape) bet.Margin { return o.margin(ErrorMeasure, in) }
