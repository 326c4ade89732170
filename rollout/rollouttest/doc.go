// Package rollouttest checks that an adapter keeps the contract of its port. The same suites run against the adapters
// over an API server in memory, against the simulated cluster, and in e2e against the real thing, so they know
// nothing but package rollout: what a rollout does to the cluster goes through the adapter, what everybody else does
// goes through an Editor.
//
// A new router is checked by rollouttest.Router in a test of a few lines: make a route, wrap what people do to it in
// an Editor, call Router.
package rollouttest
