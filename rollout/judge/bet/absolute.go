package bet

import "math"

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
