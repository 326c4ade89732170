// Package rollout is the domain: what a canary rollout is, what happens to it, what people may do about it and
// what the cluster should look like because of it.
//
// A rollout is one value. Pure functions carry the product:
//
//	Next(rollout, facts)             what happens in one reconcile
//	Decide(rollout, decision, rules) what a person, or a pipeline, may do
//	DesiredState(rollout, facts)     what the cluster should be
//	Writes(rollout, facts)           the guarded requests that are missing to get there
//
// The package imports the standard library only and knows no clock, randomness, logging or network: every time is
// handed in, every source that could not be read is a fact with a reason. The engine runs these functions, the
// adapters answer its ports, and package view renders the value for people.
//
// Test it with plain values: tables for single functions, the explorer (explore_test.go) for all of them together.
package rollout
