// Package analysis judges a canary: samples go in, evidence and a verdict come out.
//
// Judge compares each check's value with its limits. It is one Func; another way of judging, such as a statistical
// one, is another Func in a file of its own, and whoever wires the program chooses. A Func is pure: it remembers
// between calls only what it returns as bytes, which the rollout stores without looking in.
//
// What Judge holds to:
//
//   - Unknown is never a pass. A value that could not be had, too few requests to mean anything, or an answer that
//     has grown old leaves the check unknown, with the reason.
//   - One bad reading may be noise: a value beyond the threshold condemns only when so many samples in a row say it,
//     each an interval after the one before. Until then the check is unknown (failing once). Unknown samples in the
//     row neither count nor break it; a pass breaks it.
//   - A value beyond the ceiling is no noise: one sample condemns.
//   - A canary that says nothing at all, while stable is heard on the same questions, is gone: it fails.
//   - What one weight showed says nothing about the next: all memory ends when the weight does.
//
// The package knows neither Prometheus nor a clock: every time is handed in. Test it with plain samples.
package analysis
