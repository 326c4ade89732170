// Package world simulates services under canary rollouts, request by request and scrape by scrape, and has a judge look
// at what Prometheus would have of them.
//
// A World is data: rates, pods, how they are scraped, and effects on what pods do at a moment. Whoever draws worlds does
// so elsewhere: the worlds on which the judge was tuned (package tuning) and those of the report (package report) are
// made by code that shares nothing but this package.
package world

import (
	"math"
	"time"
)

// World is one rollout's surroundings. Times are seconds since the canary's first traffic, negative before.
type World struct {
	Family  string
	Seed    uint64  // of all chance in it
	Healthy bool    // the new version is as good as stable
	Onset   float64 // of the fault
	Steps   []Step

	Interval float64 // between two scrapes of a target
	Jitter   float64 // of each scrape's moment, at most
	Loss     float64 // share of the scrapes that fail
	Lag      float64 // between a scrape and when it can be read
	Behind   float64 // share of samples that are those of the scrape before: an older replica answered
	Dips     float64 // share of samples whose counter of all requests is one lower than it was in the scrape before

	Rate   float64                 // requests a second of both versions together
	Load   func(t float64) float64 // the rate is multiplied by; nil: 1
	Errors float64                 // share of requests that fail where nothing is wrong
	Median float64                 // of latencies, seconds
	Sigma  float64                 // of their logarithms

	Pods      int                         // of stable
	Canaries  func(weight float64) int    // pods of the canary; nil: its share of stable's, rounded up
	Scale     func(t float64) float64     // by which the numbers of pods are multiplied: autoscaling; nil: 1
	Replaced  func(p Pod, t float64) bool // another pod takes this one's place; nil: never
	Started   float64                     // how old pods are when they get traffic
	Proxy     bool                        // one target reports for all pods of a version
	Endpoints []float64                   // shares of the requests, by a label that they are counted by; nil: by none
	InFlight  bool                        // pods have a gauge of the requests that are under way
	Restarts  bool                        // the restarts of containers are counted
	Successes bool                        // errors are the requests that did not succeed
	Takes     float64                     // seconds between the count of a request and of its success, where Successes

	ErrorLimit  float64 // 0: 1 %
	SlowLimit   float64 // seconds; at most 1 % may be slower; 0: 0.5
	Memory      float64 // bytes of a pod, where nothing grows; 0: 200 MiB
	MemoryLimit float64 // 0: 512 MiB
	// Effects change what a pod does at a moment, one after the other.
	Effects []Effect
	// Faults are effects of the new version's own: what they change is harm, and when they first do the onset.
	Faults []Effect
}

// Step is a weight, 0 to 1, and for how many seconds it has to pass.
type Step struct{ Weight, Bake float64 }

// Pod is one pod of either version.
type Pod struct {
	Canary bool
	Index  int     // among its version's
	Of     int     // of how many
	Born   float64 // when it started
	Weight float64 // the canary's, now
}

// Behaviour is what a pod does at a moment.
type Behaviour struct {
	Errors  float64 // share of its requests that fail
	Broken  float64 // share of its first endpoint's requests that fail besides, where there are Endpoints
	Slower  float64 // its latencies are multiplied by
	Extra   float64 // share of its requests that take two seconds more
	Traffic float64 // its share of requests is multiplied by
	Hang    float64 // share of its requests that never end: they are not counted
	Memory  float64 // bytes
	Silent  bool    // it cannot be scraped
	Restart bool    // its counters begin again
}

// Effect changes what a pod does at a moment.
type Effect func(p Pod, t float64, b *Behaviour)

// withDefaults returns the world with every zero value filled in.
func (w World) withDefaults() World {
	set := func(v *float64, to float64) {
		if *v == 0 {
			*v = to
		}
	}
	set(&w.Interval, 15)
	set(&w.Rate, 100)
	set(&w.Median, 0.06)
	set(&w.Sigma, 0.7)
	set(&w.ErrorLimit, 0.01)
	set(&w.SlowLimit, 0.5)
	set(&w.Memory, 200<<20)
	set(&w.MemoryLimit, 512<<20)
	if w.Pods == 0 {
		w.Pods = 6
	}
	if w.Load == nil {
		w.Load = func(float64) float64 { return 1 }
	}
	if w.Canaries == nil {
		pods := float64(w.Pods)
		w.Canaries = func(weight float64) int { return max(1, int(math.Ceil(pods*weight))) }
	}
	if len(w.Steps) == 0 {
		w.Steps = []Step{{0.05, 600}, {0.5, 600}, {1, 600}}
	}
	return w
}

// Fine returns the same service in an earlier rollout, of a version as good as stable and without incidents: no effect
// but those of every start.
func (w World) Fine(starts []Effect) World {
	w.Healthy, w.Effects, w.Faults, w.Onset = true, starts, nil, 0
	w.Seed ^= 0x9E3779B97F4A7C15
	w.Steps = []Step{{0.5, 700}}
	return w
}

// epoch is when the canary gets its first traffic.
var epoch = time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)

// at is a moment of a world.
func at(t float64) time.Time { return epoch.Add(time.Duration(t * float64(time.Second))) }

// seconds is a moment as a world has it.
func seconds(at time.Time) float64 { return at.Sub(epoch).Seconds() }
