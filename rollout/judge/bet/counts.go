package bet

import "math"

// Counts are what one side served between two scrapes: N requests, Bad of them bad. They need not be whole: tempering
// divides them.
type Counts struct{ N, Bad float64 }

// Temper returns the counts divided by the over-dispersion: requests that come in clusters count as fewer. Phi below 1
// counts as 1. Where the requests were independent after all, the bet keeps its bound (Jensen).
func (c Counts) Temper(phi float64) Counts {
	if phi <= 1 {
		return c
	}
	return Counts{N: c.N / phi, Bad: c.Bad / phi}
}

// Margin is how much worse than stable a canary may be and still be fine: p(canary) <= Ratio*p(stable) + Slack.
type Margin struct{ Ratio, Slack float64 }

// Bound is the largest share of bad requests that is still fine beside a stable one with this share.
func (m Margin) Bound(stable float64) float64 { return m.Ratio*stable + m.Slack }

// Rates are the shares of bad requests of both sides.
type Rates struct{ Canary, Stable float64 }

// Odds returns the share whose odds are those of p times m: 1 % times 2 is a little under 2 %, and 90 % stays below 1.
// Certainty stays certain.
func Odds(p, m float64) float64 {
	if p >= 1 {
		return 1
	}
	o := p / (1 - p) * m
	return o / (1 + o)
}

// clamp keeps a share away from 0 and 1, where logarithms end.
func clamp(p float64) float64 {
	const edge = 1e-12
	return min(max(p, edge), 1-edge)
}

// logRatio is the logarithm of how much likelier the counts are at p than at q.
func (c Counts) logRatio(p, q float64) float64 {
	return c.Bad*math.Log(p/q) + (c.N-c.Bad)*math.Log((1-p)/(1-q))
}
