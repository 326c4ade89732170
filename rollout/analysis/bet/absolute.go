package bet

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
