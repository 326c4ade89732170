package bet

import (
	"math"

	"canarybot.io/rollout/judge/pack"
)

// Effects is how many alternatives a Mixture bets on.
const Effects = 7

// Mixture is a running bet on several alternatives and on every scrape as the one at which the fault began.
//
// With S_j the stake on alternative j and F_j,t its factor at scrape t: S_j,t = (S_j,t-1 + w pi_t) F_j,t, and the bet is
// the sum of the stakes and of what is not staked yet. Half of the prior begins at the first scrape, the rest over
// those that are planned and beyond. That is the Shiryaev-Roberts form of an e-detector with a finite onset prior, so that the
// whole rollout has one bound. The zero value is a bet before its first scrape.
type Mixture struct {
	Stakes  [Effects]float64 `json:"stakes,omitzero"`
	Staked  float64          `json:"staked,omitempty"`  // prior of the onsets so far
	Scrapes int              `json:"scrapes,omitempty"` // that were bet on
}

// firstOnset is the share of the prior on a fault from the beginning.
const firstOnset = 0.5

// Step bets on one more scrape. The factors are logarithms, each with a mean of at most 1 under the claim. Planned is
// how many scrapes the whole rollout is to have; what comes beyond them stakes nothing new.
func (m *Mixture) Step(factors *[Effects]float64, planned int) {
	onset := Onset(m.Scrapes, planned, m.Staked)
	m.Scrapes++
	m.Staked += onset
	for j, f := range factors {
		m.Stakes[j] = Grow(m.Stakes[j]+onset/Effects, f)
	}
}

// maxStake caps a stake: beyond any limit, and small enough that what is long over does not carry a bet for ever. A
// smaller stake is a smaller bet, so the bound holds.
const maxStake = 2e4

// Grow returns a stake after a factor, which is a logarithm. It is rounded down, for it is stored: a smaller stake is a
// smaller bet.
func Grow(stake, factor float64) float64 {
	if stake == 0 {
		return 0 // though the factor be infinite
	}
	return pack.Down(min(stake*math.Exp(factor), maxStake))
}

// Onset is the prior of a fault that begins at this scrape, after so many scrapes, of so many planned, with so much of the
// prior staked: half for the first scrape, then always the same part of what is left. It is never used up, because a
// canary may wait for approval for hours.
func Onset(scrapes, planned int, staked float64) float64 {
	if scrapes == 0 {
		return firstOnset
	}
	return (1 - staked) / float64(max(planned, 2))
}

// Lower lowers the bet to what it was at its beginning, where it is more.
func (m *Mixture) Lower() {
	sum := 0.0
	for _, s := range m.Stakes {
		sum += s
	}
	if sum <= m.Staked {
		return
	}
	for j := range m.Stakes {
		m.Stakes[j] *= m.Staked / sum
	}
}

// Log returns the logarithm of the bet as it stands.
func (m *Mixture) Log() float64 {
	sum := 1 - m.Staked
	for _, s := range m.Stakes {
		sum += s
	}
	return math.Log(max(sum, minBet))
}

// minBet is the floor of a bet: after days of health its logarithm has to stay finite.
const minBet = 1e-300

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

// LogAbove returns the logarithm of one scrape's factor against the claim that the share of bad requests is at most
// limit, betting on the alternative above it. Its mean is at most 1 at every share up to the limit. An alternative at or
// below the limit bets nothing.
func LogAbove(c Counts, alternative, limit float64) float64 {
	alternative, limit = clamp(alternative), clamp(limit)
	if alternative <= limit {
		return 0
	}
	return c.logRatio(alternative, limit)
}

// LogBelow is LogAbove mirrored: against the claim that the share is at least limit.
func LogBelow(c Counts, alternative, limit float64) float64 {
	alternative, limit = clamp(alternative), clamp(limit)
	if alternative >= limit {
		return 0
	}
	return c.logRatio(alternative, limit)
}

// LogTimes is the factor against "the canary's share of bad requests is at most so many times stable's". Of all bad
// requests each is the canary's with a probability that rises with that ratio, whatever stable's share is; so the
// likelihood of the alternative ratio over that of the claimed one pays nothing while the claim holds. It takes bad
// requests for rare, which for frequent ones errs on the safe side.
func LogTimes(canary, stable Counts, times, alternative float64) float64 {
	if canary.N <= 0 || stable.N <= 0 {
		return 0
	}
	claimed := clamp(times * canary.N / (times*canary.N + stable.N))
	other := clamp(alternative * canary.N / (alternative*canary.N + stable.N))
	return canary.Bad*math.Log(other/claimed) + stable.Bad*math.Log((1-other)/(1-claimed))
}
