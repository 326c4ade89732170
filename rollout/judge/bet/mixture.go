package bet

import "math"

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

// maxStake caps a stake: far beyond any limit, and small enough that sums and products stay finite. A smaller stake is a
// smaller bet, so the bound holds.
const maxStake = 1e100

// Grow returns a stake after a factor, which is a logarithm.
func Grow(stake, factor float64) float64 {
	if stake == 0 {
		return 0 // though the factor be infinite
	}
	return min(stake*math.Exp(factor), maxStake)
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
