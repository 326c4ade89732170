package main

import (
	"math"

	"canarybot.io/cmd/judgebench/world"
)

// bounds are Prometheus's default buckets, in seconds.
var bounds = [...]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// arm is what a pod did in a scrape.
type arm struct {
	requests, errors float64
	slower           [len(bounds)]float64 // requests beyond each bound
	memory           float64              // MiB
}

// trace is one rollout of a scenario.
type trace struct {
	scenario
	seed uint64
}

// fine is another rollout of the same service, in which nothing happens.
func (x trace) fine() trace {
	x.errors, x.latency, x.leak, x.silent, x.incident, x.healthy = 0, 0, 0, false, false, true
	x.seed ^= 0x9E3779B97F4A7C15
	return x
}

// moment is when a trace is looked at.
type moment struct {
	scrape int     // of the rollout; negative in stable's history
	step   int     // scrape at which the weight was set
	weight float64 // the canary's
}

// pods plays a scrape of so many pods of a side.
func (x trace) pods(m moment, canary bool, size int) []arm {
	all := make([]arm, size)
	for i := range all {
		all[i] = x.pod(m, canary, [2]int{i, size})
	}
	return all
}

// pod draws what one pod of so many did.
func (x trace) pod(m moment, canary bool, which [2]int) (a arm) {
	t, k := float64(m.scrape)*interval, uint64(m.scrape+history)
	side, share := uint64(1), 1-m.weight
	if canary {
		side, share = 2, m.weight
	}
	d := world.NewChance(x.seed, side, uint64(which[0]), k)
	a.memory = startMiB + 3*d.NormFloat64()
	if canary {
		a.memory += x.leak * math.Max(0, t)
	}
	errors, by := x.does(m, canary)
	if x.noisy { // a minute at a time
		own := world.NewChance(x.seed, 101, side, uint64(which[0]), k/4)
		errors *= math.Exp(0.8*own.NormFloat64() - 0.32)
		by *= math.Exp(0.12 * own.NormFloat64())
	}
	a.requests = d.Poisson(x.rps * interval * share / float64(which[1]))
	a.errors = d.Binomial(a.requests, math.Min(1, errors))
	left, before := a.requests, 1.0
	for i, b := range bounds {
		p := 0.5 * math.Erfc(math.Log(b/(median*by))/(sigma*math.Sqrt2))
		left = d.Binomial(left, math.Min(1, p/before))
		a.slower[i], before = left, math.Max(p, 1e-12)
	}
	return a
}

// does is the share of errors of a version at a moment, and by how much it is slower.
func (x trace) does(m moment, canary bool) (errors, by float64) {
	t := float64(m.scrape) * interval
	errors, by = base, 1
	if canary && m.scrape >= 0 {
		if x.errors > 0 {
			errors = x.errors
		}
		if x.latency > 0 {
			by = x.latency
		}
	}
	if canary && x.cold {
		more, fewer, slower, soon := 0.02, 12.0, 1.0, 20.0
		if x.slowly {
			more, fewer, slower, soon = 0.03, 20, 2, 30
		}
		age := float64(m.scrape-m.step)*interval + interval // the pods of a later step are younger than the first
		errors += more * math.Exp(-age/fewer)
		by *= 1 + slower*math.Exp(-age/soon)
	}
	if x.incident && t >= 300 && t < 480 {
		errors += 0.05
	}
	return errors, by
}
