package trial

import "canarybot.io/rollout/judge/bet"

// Beside are the logarithms of bets that are placed elsewhere, as they stand: those on strata, hangs, restarts and client
// errors. They count within the trial's budget like its own.
type Beside [Checks]float64

// Capped limits the factor of a single scrape as the trial's own are, for a bet that is placed elsewhere.
func (o *Options) Capped(f float64, canary bet.Counts) float64 { return o.capped(f, canary) }
