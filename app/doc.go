// Package app wires engine, cards and bot to any cluster, metrics and store, and serves health and metrics over HTTP.
// The production binary and the demo both run it, so that the demo shows what production does.
//
// It creates no clients and reads no configuration: the composers in cmd do that.
package app
