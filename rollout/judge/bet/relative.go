package bet

import "math"

// LogRelative returns the logarithm of one scrape's factor against the claim that the canary is within the margin of
// stable, betting on the alternative. An alternative within the margin bets nothing: 0.
//
// Its mean is at most 1 at every point of the claim: nearest is the minimiser over a convex set of the divergence that
// the counts weigh, so the mean's first-order change towards any point of the claim is not above 0, and the weighted
// arithmetic-geometric inequality does the rest. The alternative must have been chosen before the scrape was seen.
func LogRelative(canary, stable Counts, alternative Rates, m Margin) float64 {
	alternative = Rates{Canary: clamp(alternative.Canary), Stable: clamp(alternative.Stable)}
	if alternative.Canary <= m.Bound(alternative.Stable) {
		return 0
	}
	null := nearest(canary.N, stable.N, alternative, m)
	return canary.logRatio(alternative.Canary, null.Canary) + stable.logRatio(alternative.Stable, null.Stable)
}

// LogWithin is LogRelative for the opposite claim, that the canary is at or beyond the margin: what proves health. An
// alternative at or beyond the margin bets nothing.
func LogWithin(canary, stable Counts, alternative Rates, m Margin) float64 {
	alternative = Rates{Canary: clamp(alternative.Canary), Stable: clamp(alternative.Stable)}
	if alternative.Canary >= m.Bound(alternative.Stable) {
		return 0
	}
	null := nearest(canary.N, stable.N, alternative, m)
	return canary.logRatio(alternative.Canary, null.Canary) + stable.logRatio(alternative.Stable, null.Stable)
}

// nearest returns the point on the margin's line that minimises n_s k(stable || s) + n_c k(canary || Ratio s + Slack),
// where k is the divergence of two coins from the alternative. The derivative is monotone between the stable share of
// the alternative and the one that the line has at its canary share: Newton's steps, kept inside by halving.
func nearest(nc, ns float64, a Rates, m Margin) Rates {
	low, high := a.Stable, clamp((a.Canary-m.Slack)/m.Ratio)
	if low > high {
		low, high = high, low
	}
	// The line must stay within the unit square on both sides.
	high = min(high, clamp((1-m.Slack)/m.Ratio))
	// Where the divergences were parabolas, this would be the place.
	ws, wc := ns/(a.Stable*(1-a.Stable)), nc*m.Ratio/(a.Canary*(1-a.Canary))
	s := (ws*a.Stable + wc*(a.Canary-m.Slack)) / (ws + wc*m.Ratio)
	if !(s > low && s < high) {
		s = (low + high) / 2
	}
	for range 60 {
		u := m.Bound(s) // within the unit square, because s is
		is, iu := 1/(s*(1-s)), 1/(u*(1-u))
		slope := ns*(s-a.Stable)*is + nc*m.Ratio*(u-a.Canary)*iu
		if slope > 0 {
			high = s
		} else {
			low = s
		}
		if slope == 0 {
			break
		}
		// The second derivative of the divergence is that of each side's own, summed.
		curve := ns*(a.Stable*(1-s)*(1-s)+(1-a.Stable)*s*s)*is*is +
			nc*m.Ratio*m.Ratio*(a.Canary*(1-u)*(1-u)+(1-a.Canary)*u*u)*iu*iu
		next := s - slope/curve
		if !(next > low && next < high) {
			next = (low + high) / 2
		}
		near := math.Abs(next-s) <= 1e-10*s
		if s = next; near {
			break
		}
	}
	return Rates{Canary: clamp(m.Bound(s)), Stable: s}
}
