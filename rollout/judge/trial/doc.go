// Package trial judges one canary over its whole rollout by running bets.
//
// Every check places a bet of its own (package bet): more errors than stable of the same seconds, slower than it, errors
// or slow requests beyond the service's limits, memory that will reach its limit, and traffic that does not come. One trial has one budget: the bets are averaged with fixed weights, which is a bet again under any dependence
// (Vovk and Wang), and the canary is rolled back when the average reaches 1/alpha. So at most a share alpha of the
// rollouts of fine canaries is rolled back, over all checks, steps and evaluations together.
//
// Each check also bets on the opposite; where all of those bets are won, health is proved.
//
// What keeps the bound where requests are not independent: counts are divided by the over-dispersion that stable's pods
// showed; margins are wider while pods are young; a single scrape moves a bet by a bounded amount unless half of its
// requests were bad; and checks against limits place no bet while stable exceeds them too, because then the incident hits
// both arms.
//
// A trial is pure and small: numbers, no clock, no allocation per scrape; it is stored as JSON. It knows no metric name.
package trial
