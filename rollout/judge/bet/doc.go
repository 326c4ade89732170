// Package bet keeps running bets against the claim that a canary is fine: e-processes.
//
// A bet begins at 1 and is multiplied, scrape by scrape, by factors whose mean is at most 1 while the claim is true. By
// Ville's inequality it then ever reaches 1/a with a probability of at most a, however often it is evaluated. So it may
// be evaluated after every scrape, and a rule that stops at 1/a rejects at most a share a of the fine canaries.
//
// The claim is never "the two versions are equal", which no two versions are, but "not worse by more than a margin":
// the share of bad requests of the canary is at most Ratio times stable's plus Slack. That is a half-plane, a convex
// set, and for convex sets the factor of one scrape is exact: the likelihood of an alternative over that of the claim's
// point nearest to it (Turner, Ly and Grünwald, "Generic E-variables for exact sequential k-sample tests"; Turner and
// Grünwald for convex nulls). It conditions on how many requests each side served, so weights may change at will.
//
// How bad a canary is, and since when, is not known beforehand. A Mixture bets on several effects and on every onset at
// once: that costs a few nats, instead of the evidence of a healthy past.
//
// The package is pure: numbers in, numbers out, no clock, and no allocation after a bet was made. It knows no metric and
// no Prometheus. Test it by enumeration: the mean of a factor over every outcome is a finite sum.
package bet
