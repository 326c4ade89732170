package main

// What a replayed rollout has: scrapes each 15 s, and the worlds' plain service, for whoever cannot wait for a world of
// its own. The figures of the docs are of package report's worlds.
const (
	interval = 15.0 // seconds between scrapes
	history  = 60   // scrapes of stable before the rollout

	base     = 0.001 // share of errors of a fine version
	median   = 0.060
	sigma    = 0.7
	startMiB = 300.0
)

// scenario is what happens to a rollout that is replayed.
type scenario struct {
	name    string
	rps     float64
	healthy bool

	errors   float64 // the canary's share of errors; 0: the base
	latency  float64 // by which the canary's latencies are multiplied; 0: 1
	leak     float64 // MiB a second
	silent   bool    // the canary's pods are gone, and their series with them
	noisy    bool    // pods differ, each minute otherwise
	cold     bool    // young pods are slow and err
	slowly   bool    // for longer, and more so
	incident bool    // both sides err 5 % from 300 s to 480 s
}

// scenarios are those that can be replayed, healthy ones first.
func scenarios() []scenario {
	return []scenario{
		{name: "fine", rps: 100, healthy: true}, {name: "fine", rps: 1000, healthy: true},
		{name: "noisy pods", rps: 1000, healthy: true, noisy: true},
		{name: "cold start", rps: 100, healthy: true, cold: true},
		{name: "slow cold start", rps: 100, healthy: true, cold: true, slowly: true},
		{name: "shared incident", rps: 100, healthy: true, incident: true},
		{name: "errors 2 %", rps: 100, errors: 0.02}, {name: "errors 2 %", rps: 1000, errors: 0.02},
		{name: "errors 5 %", rps: 100, errors: 0.05}, {name: "errors 20 %", rps: 100, errors: 0.2},
		{name: "latency x2", rps: 100, latency: 2}, {name: "latency x5", rps: 100, latency: 5},
		{name: "leak 0.25 MiB/s", rps: 100, leak: 0.25},
		{name: "outage: every request fails", rps: 100, errors: 1},
		{name: "outage: pods and series gone", rps: 100, silent: true},
	}
}
