package main

import "math"

// bounds are Prometheus's default buckets, in seconds; the trial compares four of them, nearest to 25 %, 8 % and 2 % of
// stable's requests, and the limit.
var bounds = [...]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// compared are indices of bounds: 0.1, 0.25, 0.5 and 1 s. The limit is the third.
var compared = [...]int{4, 5, 6, 7}

const limitBound = 2 // in compared

// arm is what one side did in a scrape, as Prometheus would store it.
type arm struct {
	requests, errors float64
	slower           [len(bounds)]float64 // requests beyond each bound
	memory           float64              // MiB of the largest pod
	pods             int
	there            bool // its series are
}

// scrape is what both sides did, and how much harm the canary did beyond what stable would have.
type scrape struct {
	canary, stable arm
	weight, age    float64
	harm           float64
	lost           bool // Prometheus missed it
}

// trace is one rollout of a scenario: a fixed world in which algorithms choose how long to stay.
type trace struct {
	scenario
	seed uint64
}

// pod is how one pod differs from what its version does.
func (x trace) pod(id, scrape uint64) (errors, latency float64) {
	if x.podErrors == 0 {
		return 1, 1
	}
	if x.fixed {
		scrape = 0
	}
	d := newDraws(x.seed, 101, id, scrape/4) // a minute at a time
	return math.Exp(x.podErrors*d.NormFloat64() - x.podErrors*x.podErrors/2), math.Exp(x.podLatency * d.NormFloat64())
}

// burst is the share of errors that a pod has beside its own in a scrape: bursts last up to a minute.
func (x trace) burst(id, scrape uint64) float64 {
	if x.bursts == 0 {
		return 0
	}
	for back := range uint64(4) {
		if scrape < back {
			break
		}
		d := newDraws(x.seed, 202, id, scrape-back)
		if d.Float64() < x.bursts && d.IntN(4) >= int(back) {
			return 0.2
		}
	}
	return 0
}

// beyond is the share of log-normal latencies that are slower than the bound.
func beyond(bound, by float64) float64 {
	return 0.5 * math.Erfc(math.Log(bound/(median*by))/(sigma*math.Sqrt2))
}

// version is what a side's version does at a moment.
type version struct {
	errors, latency, second, leak float64
	age                           float64 // of its pods
	first                         uint64  // number of its first pod
}

// versions are what both sides' versions do in a scrape.
func (x trace) versions(n, stepBegan int) (canary, stable version) {
	t := float64(n) * interval
	canary = version{errors: base, latency: 1, first: 1000}
	if t >= x.onset && n >= 0 {
		if x.errors != nil {
			canary.errors = x.errors(t - x.onset)
		}
		if x.latency > 0 {
			canary.latency = x.latency
		}
		canary.second, canary.leak = x.second, x.leak
	}
	// The pods of a later step are younger than the first.
	canary.age = float64(n-stepBegan)*interval + interval
	return canary, version{errors: base, latency: 1, age: 1e6, first: 0}
}

// at plays a scrape: n counts from the rollout's beginning, negative in stable's history.
func (x trace) at(n int, weight float64, stepBegan int) scrape {
	t := float64(n) * interval
	k := uint64(n + history)
	canary, stable := x.versions(n, stepBegan)
	s := scrape{weight: weight, lost: newDraws(x.seed, 303, k).Float64() < 0.01}
	all := x.rps * interval
	s.stable = x.side(k, all*(1-weight), stable, pods, t)
	if weight > 0 {
		s.age = canary.age
		size := max(1, int(math.Ceil(pods*weight)))
		if x.silent && t >= x.onset {
			s.harm = all * weight
			return s
		}
		s.canary = x.side(k, all*weight, canary, size, t)
		s.canary.memory = startMiB + canary.leak*math.Max(0, t-x.onset) + 3*newDraws(x.seed, 404, k).NormFloat64()
		s.harm = all * weight * (math.Max(0, canary.errors-base) + (1-canary.errors)*math.Max(0, x.slow(canary)-beyond(slowLimit, 1)))
		if s.canary.memory >= limitMiB { // it is killed, and what it was doing with it
			s.harm += all * weight * 0.2
		}
	}
	s.stable.memory = startMiB + 3*newDraws(x.seed, 405, k).NormFloat64()
	return s
}

// podScrape plays a scrape pod by pod, of so many pods of a side; the pods that at lumps are fewer than these may be.
func (x trace) podScrape(n int, weight float64, stepBegan int, isCanary bool, size int) []arm {
	t := float64(n) * interval
	k := uint64(n + history)
	canary, stable := x.versions(n, stepBegan)
	v, share := stable, 1-weight
	if isCanary {
		v, share = canary, weight
	}
	all := make([]arm, size)
	for i := range all {
		one := v
		one.first += uint64(i)
		y := x
		y.seed += uint64(i) << 40 // chance is of each pod's own; how it differs for ever is not
		all[i] = y.podArm(x, k, x.rps*interval*share/float64(size), one, t)
		all[i].memory = startMiB + 3*newDraws(y.seed, 404, k).NormFloat64()
		if isCanary {
			all[i].memory += canary.leak * math.Max(0, t-x.onset)
		}
	}
	return all
}

// slow is the share of a version's requests beyond the limit.
func (x trace) slow(v version) float64 {
	return v.second + (1-v.second)*beyond(slowLimit, v.latency)
}

// podArm draws what a single pod did. How it differs from others is taken from another trace.
func (x trace) podArm(differs trace, k uint64, requests float64, v version, t float64) arm {
	e, l := differs.pod(v.first, k)
	extra := differs.burst(v.first, k)
	x.podErrors, x.bursts = 0, 0
	v.errors, v.latency = v.errors*e+extra, v.latency*l
	return x.side(k, requests, v, 1, t)
}

// side draws what the pods of one side did.
func (x trace) side(k uint64, requests float64, v version, size int, t float64) arm {
	a := arm{pods: size, there: true}
	if requests <= 0 {
		a.pods = 0
		return a
	}
	kind := uint64(1)
	if v.first > 0 {
		kind = 2
	}
	d := newDraws(x.seed, 1, kind, k)
	errors, latency, extra := 0.0, 0.0, 0.0
	for i := range size {
		e, l := x.pod(v.first+uint64(i), k)
		errors += e / float64(size)
		latency += math.Log(l) / float64(size)
		extra += x.burst(v.first+uint64(i), k) / float64(size)
	}
	by := math.Exp(latency) * v.latency
	share := v.errors*errors + extra
	if x.cold {
		more, fewer, slower, soon := 0.02, 12.0, 1.0, 20.0
		if x.slowly {
			more, fewer, slower, soon = 0.03, 20, 2, 30
		}
		share += more * math.Exp(-v.age/fewer)
		by *= 1 + slower*math.Exp(-v.age/soon)
	}
	if x.incident && t >= 300 && t < 480 {
		share += 0.05
	}
	a.requests = d.poisson(requests)
	a.errors = d.binomial(a.requests, math.Min(1, share))
	left, before := a.requests, 1.0
	for i, b := range bounds {
		p := v.second*second(b) + (1-v.second)*beyond(b, by)
		left = d.binomial(left, math.Min(1, p/before))
		a.slower[i], before = left, math.Max(p, 1e-12)
	}
	return a
}

// second is the share of requests with two seconds more that are slower than the bound.
func second(bound float64) float64 {
	if bound < 2 {
		return 1
	}
	return beyond(bound-2, 1)
}
