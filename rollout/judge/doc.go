// Package judge judges a canary: what Prometheus said goes in, evidence and a verdict come out.
//
// Judge is pure. It says what it wants to know, and remembers between calls only what it returns as bytes, which the
// rollout stores without looking in. It judges each check in one of two ways.
//
// Checks with a query of their own are compared with their limits (Compare):
//
//   - One bad reading may be noise: a value beyond the threshold condemns only when so many samples in a row say it,
//     each an interval after the one before. Until then the check is unknown (failing once). Unknown samples in the
//     row neither count nor break it; a pass breaks it.
//   - A value beyond the ceiling is no noise: one sample condemns.
//   - What one weight showed says nothing about the next: all memory ends when the weight does.
//
// Checks with a signal are judged by running bets on raw counts (docket, and package trial):
//
//   - Scrapes are judged one after the other on a grid that begins with the weight's acknowledgement (docket.go), each
//     from the samples themselves (scrape.go). Late samples come with the next scrape: nothing is lost, nothing counts
//     twice, and whoever goes on from a stored docket comes to the same numbers.
//   - Before the first scrape it looks once at which bounds the histogram has (setup.go) and at stable's past (past.go).
//   - What speaks against the canary is carried through all weights; there is one budget for a rollout.
//   - A single bad pod of several is held for a while before it condemns (alone.go).
//   - A rollout that succeeded leaves to the next one of its service how pods start (Judge.WarmStart).
//
// In both ways unknown is never a pass: a value that could not be had, too few requests to mean anything, or an answer
// that has grown old leaves the check unknown, with the reason. And a canary that says nothing at all, while stable is
// heard on the same questions, is gone: it fails.
//
// The package knows neither Prometheus nor a clock: every time is handed in. Test it with plain samples; fleet_test.go
// has pods whose counters are scraped.
package judge
