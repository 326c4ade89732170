// Package rollouttest checks that an adapter keeps the contract of its port. The same suites run against the adapters
// with an API server in memory, against the simulated cluster, and in e2e against a real cluster, so they use only
// package rollout: a rollout's actions go through the adapter, everybody else's through an Editor.
//
// A new router is checked by rollouttest.Router in a test of a few lines: create a route, implement Editor for it, call
// Router.
package rollouttest
