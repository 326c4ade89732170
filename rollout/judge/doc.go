// Package judge judges a canary: samples from Prometheus go in, a verdict with its evidence comes out.
//
// Judge is pure. It returns what to ask next, and remembers between calls only what it returns as a state, which the
// rollout keeps and stores without looking inside (package pack; valid.go says what a stored one can be). It judges each check in one of two ways.
//
// Checks with a query of their own are compared with their limits (Compare, limits*.go):
//
//   - One bad sample may be noise: a value beyond the threshold fails the check only after so many samples in a row, each
//     an interval after the one before. Until then the check is unknown (failing once). Unknown samples neither count nor
//     break the row; a pass breaks it.
//   - A value beyond the ceiling is not noise: one sample fails the check.
//   - What one weight showed says nothing about the next: all of it is forgotten when the weight ends.
//
// Where such a check asks for it, its value is compared with stable's too, by a bet that is carried through all weights
// (compared*.go, package sign).
//
// Checks with a signal are judged by running bets on raw counts (package trial). That goes one way:
//
//	judge.go     reads the stored state, and brings it to the weight that the canary has
//	window.go    normalises the answer once: both arms, the interval, the limits, every default
//	arm.go       indexes what was read of an arm by target: what happened in a span is a difference of two values
//	clock.go     follows the clock of the samples, by which everything is judged
//	state.go     updates the state by each scrape that is over, part by part
//	verdict.go   decides each check by the state, with the numbers that people are shown
//
// The parts of the state do not know each other. Each has a file and an update of its own:
//
//	baseline.go  what is learned of stable before: bounds (bounds.go), spreads, rate, interval, lag (history.go)
//	targets.go   the age of the canary's pods, and how pods start
//	missing.go   silence, scrapes without samples, latency that cannot be read, arms that cannot be told apart
//	counts.go    requests, each counted once however late its sample comes (tally.go: what an arm did in a span)
//	memory.go    how much memory the largest pods use
//	evidence.go  the bets, carried through all weights: one budget for a rollout
//	outlier.go   a single bad pod, for which the canary is held for a while before it fails
//	trend.go     how values went, for people
//
// A rollout that succeeded leaves to the next one of its service how pods start (Judge.WarmStart). What a rollout can
// detect is computed before it starts (Judge.DetectionPower, detection.go).
//
// Unknown is never a pass: a value that is missing or old, or too few requests, leaves the check unknown, with the reason.
// A canary that is silent while stable reports on the same questions is gone: it fails.
//
// The package knows neither Prometheus nor a clock: every time is passed in. Test it with plain samples; fleet_test.go
// has pods whose counters are scraped.
package judge
