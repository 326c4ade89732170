// Package app puts engine, cards and bot together over whatever cluster, metrics and store it is given, and serves health
// and metrics over HTTP. The production binary and the demo both run it, so that what the demo shows is
// what production does.
//
// It makes no clients and reads no configuration: that is for the composers in cmd.
package app
