package world

import (
	"math"
	"slices"
	"strconv"

	"canarybot.io/rollout"
)

// bounds are Prometheus's default buckets, in seconds, and the one that counts everything.
var bounds = [...]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, math.Inf(1)}

const (
	// past is how much of stable's past there is.
	past = 1000.0
	// ticks are the parts of an interval in which pods behave as at its beginning.
	ticks = 6
)

// fleet is the pods of a world as time goes on, and what Prometheus has of them.
type fleet struct {
	World
	now, until     float64 // simulated up to now
	weight         float64
	stable, canary []*scraped
	fronts         []*scraped // where a proxy reports: the canary's, and stable's
}

// scraped is a target: a pod, or a proxy for all of a version's pods.
type scraped struct {
	Pod
	name    string
	chance  Chance
	next    float64 // its next scrape
	reports bool    // it was scraped before
	counted counters
	ended   []counters // counters of the latest ticks, where successes are counted later
	series  [2 + len(bounds) + 1]rollout.Series
	read    []float64 // when each sample can be read
}

// counters are what a target counts.
type counters struct {
	requests, errors float64
	within           [len(bounds)]float64
	memory           float64
}

const (
	requestSeries = iota
	errorSeries
	memorySeries
	bucketSeries
)

func newFleet(w World) *fleet {
	f := &fleet{World: w.withDefaults(), now: -past}
	for i := range f.Pods {
		f.stable = append(f.stable, f.target(Pod{Index: i, Of: f.Pods, Born: -1e6}))
	}
	for _, canary := range []bool{true, false} {
		front := f.target(Pod{Canary: canary, Index: -1, Born: -1e6})
		for i := range front.series {
			front.series[i].Target = "proxy"
		}
		f.fronts = append(f.fronts, front)
	}
	return f
}

// target returns a new target.
func (f *fleet) target(p Pod) *scraped {
	side := uint64(1)
	name := "stable-"
	if p.Canary {
		side, name = 2, "canary-"
	}
	t := &scraped{Pod: p, name: name + strconv.Itoa(p.Index), chance: NewChance(f.Seed, side, uint64(p.Index))}
	t.next = max(p.Born, f.now) + f.Interval*t.chance.Float64()
	for i := range t.series {
		t.series[i].Target, t.series[i].Labels = t.name, t.name+"/"+strconv.Itoa(i)
		if i >= bucketSeries {
			t.series[i].Bound = bounds[i-bucketSeries]
		}
	}
	if !p.Canary { // it has been running for long
		t.counted.requests, t.counted.errors = 1e6, 1e6*f.Errors
		for i := range bounds {
			t.counted.within[i] = 1e6 * (1 - beyond(bounds[i], f.Median, f.Sigma))
		}
	}
	return t
}

// beyond is the share of log-normal latencies that are slower than the bound.
func beyond(bound, median, sigma float64) float64 {
	switch {
	case bound <= 0:
		return 1
	case math.IsInf(bound, 1):
		return 0
	}
	return 0.5 * math.Erfc(math.Log(bound/median)/(sigma*math.Sqrt2))
}

// shift gives the canary a weight, with as many pods as it takes.
func (f *fleet) shift(weight float64) {
	f.weight = weight
	for n := f.Canaries(weight); len(f.canary) < n; {
		f.canary = append(f.canary, f.target(Pod{Canary: true, Index: len(f.canary), Born: f.now - f.Started}))
	}
}

// advance simulates up to a moment.
func (f *fleet) advance(to float64) {
	for f.now < to {
		tick := f.Interval / ticks
		if f.now < -60 {
			tick = f.Interval
		}
		f.tick(tick)
		f.now += tick
	}
}

// tick simulates the next part of an interval.
func (f *fleet) tick(length float64) {
	all := f.Rate * f.Load(f.now) * length
	left := all
	if f.weight > 0 {
		each := all * f.weight / float64(len(f.canary))
		for _, p := range f.canary {
			b := f.behave(p)
			n := p.chance.Poisson(each * b.Traffic)
			left -= n
			f.serve(p, n, b)
			f.scrape(p, length, b)
		}
		f.report(f.fronts[0], f.canary, length)
	}
	each := max(left, 0) / float64(len(f.stable))
	for _, p := range f.stable {
		b := f.behave(p)
		f.serve(p, p.chance.Poisson(each*b.Traffic), b)
		f.scrape(p, length, b)
	}
	f.report(f.fronts[1], f.stable, length)
}

// report scrapes the proxy, which counts what all pods of a version do.
func (f *fleet) report(front *scraped, pods []*scraped, length float64) {
	if !f.Proxy {
		return
	}
	front.counted = counters{}
	for _, p := range pods {
		front.counted.requests += p.counted.requests
		front.counted.errors += p.counted.errors
		front.counted.memory = max(front.counted.memory, p.counted.memory)
		for i := range bounds {
			front.counted.within[i] += p.counted.within[i]
		}
	}
	front.ended = []counters{front.counted}
	f.scrape(front, length, Behaviour{})
}

// behave is what a pod does now.
func (f *fleet) behave(p *scraped) Behaviour {
	b := Behaviour{Errors: f.Errors, Slower: 1, Traffic: 1}
	b.Memory = f.World.Memory * (1 + 0.01*p.chance.NormFloat64())
	pod := p.Pod
	pod.Weight, pod.Of = f.weight, len(f.stable)
	if p.Canary {
		pod.Of = len(f.canary)
	}
	for _, e := range f.Effects {
		e(pod, f.now, &b)
	}
	return b
}

// serve counts the requests of a tick.
func (f *fleet) serve(p *scraped, n float64, b Behaviour) {
	if b.Restart {
		p.counted = counters{}
	}
	c := &p.counted
	c.memory = b.Memory
	n -= p.chance.Binomial(n, b.Hang)
	c.requests += n
	c.errors += p.chance.Binomial(n, min(b.Errors, 1))
	left, before := n, 1.0
	for i, bound := range bounds { // how many are slower, from the lowest bound to the highest
		share := b.Extra*beyond(bound-2, f.Median*b.Slower, f.Sigma) + (1-b.Extra)*beyond(bound, f.Median*b.Slower, f.Sigma)
		left = p.chance.Binomial(left, min(1, share/before))
		c.within[i] += n - left
		before = max(share, 1e-12)
	}
	if f.Successes {
		p.ended = append(p.ended, *c)
		p.ended = p.ended[max(0, len(p.ended)-1-int(math.Round(f.Takes*ticks/f.Interval))):]
	}
}

// scrape stores a sample of the pod where its moment lies in the tick.
func (f *fleet) scrape(p *scraped, length float64, b Behaviour) {
	end := f.now + length
	for p.next < f.now { // nobody scraped it until now
		p.next += f.Interval
	}
	if p.next >= end {
		return
	}
	moment := p.next + f.Jitter*p.chance.Float64()
	p.next += f.Interval
	if b.Silent || p.chance.Float64() < f.Loss {
		return
	}
	values := [len(p.series)]float64{p.counted.requests, p.counted.errors, p.counted.memory}
	copy(values[bucketSeries:], p.counted.within[:])
	if f.Successes {
		late := p.ended[0]
		values[errorSeries] = max(0, late.requests-late.errors) // the counter of successes
	}
	behind := f.Behind > 0 && p.chance.Float64() < f.Behind
	for i := range p.series {
		s := &p.series[i]
		v := values[i]
		if n := len(s.Points); behind && n > 0 {
			v = s.Points[n-1].Value
		}
		s.Points = append(s.Points, rollout.Point{At: at(moment), Value: v})
	}
	p.read = append(p.read, moment+f.Lag)
}

// answer is what Prometheus says now.
func (f *fleet) answer(want rollout.Want, t float64) rollout.Raw {
	var raw rollout.Raw
	if !want.Since.IsZero() {
		from := seconds(want.Since)
		raw.Canary, raw.Stable = f.readings(f.reporting(true), from, t, want.Bounds), f.readings(f.reporting(false), from, t, want.Bounds)
	}
	if want.History {
		raw.History = f.readings(f.reporting(false), t-60*f.Interval, t, want.Bounds)
	}
	if want.Buckets {
		for i, b := range bounds {
			sum := 0.0
			for _, p := range f.stable {
				sum += p.counted.within[i]
			}
			raw.Buckets.Series = append(raw.Buckets.Series, rollout.Series{Labels: label(b), Bound: b, Points: []rollout.Point{{At: at(t), Value: sum}}})
		}
	}
	return raw
}

// reporting are the targets that report for a version.
func (f *fleet) reporting(canary bool) []*scraped {
	switch {
	case f.Proxy && canary:
		return f.fronts[:1]
	case f.Proxy:
		return f.fronts[1:]
	case canary:
		return f.canary
	}
	return f.stable
}

// readings are the samples of targets after one moment that can be read at another.
func (f *fleet) readings(of []*scraped, from, to float64, wanted []string) (r rollout.Read) {
	for _, p := range of {
		points := func(i int) rollout.Series {
			s := p.series[i]
			low := slices.IndexFunc(s.Points, func(pt rollout.Point) bool { return seconds(pt.At) > from })
			if low < 0 {
				s.Points = nil
				return s
			}
			high := low
			for high < len(s.Points) && p.read[high] <= to {
				high++
			}
			s.Points = s.Points[low:high]
			return s
		}
		add := func(to *rollout.Reading, i int) {
			if s := points(i); len(s.Points) > 0 {
				to.Series = append(to.Series, s)
			}
		}
		add(&r.Requests, requestSeries)
		add(&r.Memory, memorySeries)
		if f.Successes {
			add(&r.Success, errorSeries)
		} else if s := points(errorSeries); len(s.Points) > 0 && s.Points[len(s.Points)-1].Value > 0 { // it is not there before it counted
			s.Points = slices.DeleteFunc(slices.Clone(s.Points), func(pt rollout.Point) bool { return pt.Value == 0 })
			r.Errors.Series = append(r.Errors.Series, s)
		}
		for i, b := range bounds {
			if math.IsInf(b, 1) || slices.Contains(wanted, label(b)) {
				add(&r.Latency, bucketSeries+i)
			}
		}
	}
	return r
}

func label(b float64) string { return strconv.FormatFloat(b, 'g', -1, 64) }
