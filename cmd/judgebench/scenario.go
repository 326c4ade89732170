package main

import "math"

// Scrapes and steps of every rollout that is played: 5 %, 50 % and everybody, ten minutes each.
const (
	interval = 15.0 // seconds between scrapes
	perStep  = 40   // scrapes
	pods     = 20
	history  = 60 // scrapes of stable before the rollout
)

var weights = [3]float64{0.05, 0.5, 1}

// scenario is what happens to a rollout.
type scenario struct {
	name    string
	rps     float64
	healthy bool
	onset   float64 // seconds

	errors  func(t float64) float64 // the canary's share of errors from the onset on; nil: the base
	latency float64                 // by which the canary's latencies are multiplied; 0: 1
	second  float64                 // share of the canary's requests that take two seconds more
	leak    float64                 // MiB a second
	silent  bool                    // the canary's pods are gone, and their series with them

	podErrors, podLatency float64 // how pods differ, as standard deviations of logarithms
	fixed                 bool    // a pod's difference stays for ever
	bursts                float64 // chance of a pod to begin a burst of errors in a scrape
	cold                  bool    // young pods are slow and err
	slowly                bool    // for longer, and more so
	incident              bool    // both sides err 5 % from 300 s to 480 s
}

const (
	base      = 0.001 // share of errors of a fine version
	median    = 0.060
	sigma     = 0.7
	limitMiB  = 512.0
	startMiB  = 300.0
	slowLimit = 0.5 // seconds
)

func constant(p float64) func(float64) float64 { return func(float64) float64 { return p } }

// scenarios are those of every table, healthy ones first.
func scenarios() []scenario {
	fine := func(name string, rps float64, change func(*scenario)) scenario {
		s := scenario{name: name, rps: rps, healthy: true}
		if change != nil {
			change(&s)
		}
		return s
	}
	bad := func(name string, rps float64, change func(*scenario)) scenario {
		s := fine(name, rps, change)
		s.healthy = false
		return s
	}
	errs := func(p float64) func(*scenario) { return func(s *scenario) { s.errors = constant(p) } }
	slower := func(by float64) func(*scenario) { return func(s *scenario) { s.latency = by } }
	return []scenario{
		fine("fine", 1, nil), fine("fine", 100, nil), fine("fine", 1000, nil),
		fine("noisy pods", 100, func(s *scenario) { s.podErrors, s.podLatency = 0.8, 0.12 }),
		fine("noisy pods", 1000, func(s *scenario) { s.podErrors, s.podLatency = 0.8, 0.12 }),
		fine("fixed pod offsets", 1000, func(s *scenario) { s.podErrors, s.podLatency, s.fixed = 0.8, 0.12, true }),
		fine("pod bursts", 100, func(s *scenario) { s.bursts = 0.005 }),
		fine("cold start", 100, func(s *scenario) { s.cold = true }),
		fine("slow cold start", 100, func(s *scenario) { s.cold, s.slowly = true, true }),
		fine("10 % more errors, 3 % slower", 1000, func(s *scenario) { s.errors, s.latency = constant(1.1*base), 1.03 }),
		fine("exactly at the margin", 1000, errs(1.5*base+0.001)),
		fine("shared incident", 100, func(s *scenario) { s.incident = true }),

		bad("errors 0.5 %", 100, errs(0.005)), bad("errors 1 %", 100, errs(0.01)), bad("errors 2 %", 100, errs(0.02)),
		bad("errors 5 %", 100, errs(0.05)), bad("errors 20 %", 100, errs(0.2)),
		bad("errors 5 %", 1, errs(0.05)), bad("errors 20 %", 1, errs(0.2)),
		bad("errors 0.5 %", 1000, errs(0.005)), bad("errors 2 %", 1000, errs(0.02)),
		bad("errors 2 %, noisy pods", 100, func(s *scenario) { s.errors, s.podErrors, s.podLatency = constant(0.02), 0.8, 0.12 }),
		bad("errors 5 %, cold start", 100, func(s *scenario) { s.errors, s.cold = constant(0.05), true }),
		bad("errors rise to 5 % in 20 min", 100, func(s *scenario) {
			s.errors = func(t float64) float64 { return base + (0.05-base)*math.Min(1, t/1200) }
		}),
		bad("errors 5 % from 420 s", 100, func(s *scenario) { s.errors, s.onset = constant(0.05), 420 }),
		bad("errors 5 % from 420 s", 1000, func(s *scenario) { s.errors, s.onset = constant(0.05), 420 }),
		bad("latency x1.2", 100, slower(1.2)), bad("latency x1.5", 100, slower(1.5)), bad("latency x2", 100, slower(2)),
		bad("latency x5", 100, slower(5)),
		bad("3 % take 2 s more", 100, func(s *scenario) { s.second = 0.03 }),
		bad("leak 0.25 MiB/s", 100, func(s *scenario) { s.leak = 0.25 }),
		bad("outage: every request fails", 100, errs(1)),
		bad("outage: pods and series gone", 100, func(s *scenario) { s.silent = true }),
		bad("outage: pods and series gone from 300 s", 100, func(s *scenario) { s.silent, s.onset = true, 300 }),
		bad("30 % errors for 15 s each 3 min", 100, func(s *scenario) {
			s.errors = func(t float64) float64 {
				if math.Mod(t, 180) < 15 {
					return 0.3
				}
				return base
			}
		}),
	}
}
