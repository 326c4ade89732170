package world

import "math"

// Bounds are those of the latency histogram's buckets, in seconds, without the one that counts everything.
const Bounds = len(bounds) - 1

// Bound is one of them.
func Bound(i int) float64 { return bounds[i] }

// Sum is what one version did between two looks, as rates of its counters have it.
type Sum struct {
	Requests, Errors float64
	Slower           [Bounds]float64 // requests slower than each bound
	Memory           float64         // bytes of the largest pod
	There            bool            // Prometheus has new samples of it
}

// told is how far a target's samples were summed.
type told struct {
	n    int
	last counters
	any  bool
}

// sum returns what a version did in the samples that were not summed yet. As rate does, it takes each fall of a counter
// for a restart, and leaves out what was counted before a target's first sample.
func (f *fleet) sum(canary bool, to float64) (s Sum) {
	for _, p := range f.targets(canary) {
		n := len(p.read)
		for n > p.summed.n && p.read[n-1] > to {
			n--
		}
		for i := p.summed.n; i < n; i++ {
			s.There = true
			s.add(p, i, f.Successes)
		}
		p.summed.n = n
	}
	return s
}

// add adds the target's i-th sample.
func (s *Sum) add(p *scraped, i int, successes bool) {
	value := func(series int) float64 { return p.series[series].Points[i].Value }
	now := counters{requests: value(requestSeries), errors: value(errorSeries)}
	for b := range bounds {
		now.within[b] = value(bucketSeries + b)
	}
	s.Memory = max(s.Memory, value(memorySeries))
	was := p.summed
	p.summed.last, p.summed.any = now, true
	if !was.any {
		return
	}
	rise := func(now, before float64) float64 {
		if now < before {
			return now
		}
		return now - before
	}
	requests := rise(now.requests, was.last.requests)
	errors := rise(now.errors, was.last.errors)
	if successes {
		errors = requests - errors
	}
	s.Requests += requests
	s.Errors += errors
	timed := rise(now.within[Bounds], was.last.within[Bounds])
	for b := range s.Slower {
		s.Slower[b] += math.Max(0, timed-rise(now.within[b], was.last.within[b]))
	}
}
