package trial

import (
	"math"

	"canarybot.io/rollout/judge/bet"
)

// Needed is how many nats a check's bet has to gain to suffice alone. It includes the price of not knowing beforehand
// which check, which effect, and which onset.
func (o *Options) Needed(c Check) float64 {
	total := 0.0
	for _, w := range o.Weights {
		total += w
	}
	if o.Weights[c] == 0 {
		return math.Inf(1)
	}
	return o.Limit() + math.Log(total/o.Weights[c]) + math.Log(bet.Effects) + math.Ln2
}

// Gain is how many nats the bet on errors gains from a scrape like this, by the best of its alternatives. Expected is
// stable's share of errors.
func (o *Options) Gain(canary, stable Arm, expected float64) (most float64) {
	in := Scrape{Canary: canary, Stable: stable}
	c, s := in.canary(o, ErrorMeasure).counts, in.stable(o, ErrorMeasure).counts
	bound := o.Errors.Bound(expected)
	for _, by := range effects {
		alternative := bet.Rates{Canary: bet.Odds(bound, by), Stable: expected}
		most = max(most, o.capped(bet.LogRelative(c, s, alternative, o.Errors), c))
	}
	return most
}
