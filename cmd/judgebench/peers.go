package main

import (
	"math"
	"slices"

	"canarybot.io/cmd/judgebench/world"
)

// The peers, modelled from their code and documentation. Each reads what Prometheus's rate and histogram_quantile show
// over a window.

// looks is how many looks a time comes to, at least one.
func looks(seconds float64, l world.Look) int {
	return max(1, int(math.Round(seconds/l.Interval)))
}

// over reports whether the step's time is over.
func over(l world.Look) bool { return l.Step >= l.Bake }

// window is the last looks at one version.
type window struct{ last []world.Sum }

func (w *window) add(s world.Sum, size int) {
	w.last = append(w.last, s)
	if len(w.last) > size {
		w.last = w.last[len(w.last)-size:]
	}
}

// fails reports whether a limit is exceeded in the window, and whether there is any number.
func (w *window) fails(l world.Look) (bad, ok bool) {
	var sum world.Sum
	for _, s := range w.last {
		sum = plus(sum, s)
	}
	if len(w.last) == 0 || !w.last[len(w.last)-1].There || sum.Requests <= 0 {
		return false, false
	}
	return sum.Errors/sum.Requests >= l.ErrorLimit || quantile(sum) >= l.SlowLimit || sum.Memory >= l.MemoryLimit, true
}

func plus(a, b world.Sum) world.Sum {
	a.Requests += b.Requests
	a.Errors += b.Errors
	for i := range a.Slower {
		a.Slower[i] += b.Slower[i]
	}
	a.Memory = max(a.Memory, b.Memory)
	return a
}

// quantile is histogram_quantile(0.99): linear within the bucket, the last bound beyond it.
func quantile(s world.Sum) float64 {
	rank := 0.01 * s.Requests // so many are slower
	low, above := 0.0, s.Requests
	for i, slower := range s.Slower {
		b := world.Bound(i)
		if slower <= rank {
			if above == slower {
				return b
			}
			return low + (b-low)*(above-rank)/(above-slower)
		}
		low, above = b, slower
	}
	return low
}

// naive sleeps through the step, queries the last five minutes once, and takes no value for no failure.
type naive struct{ w window }

func (n *naive) Judge(l world.Look) world.Decision {
	n.w.add(l.Canary, looks(300, l))
	if !over(l) {
		return world.Hold
	}
	bad, _ := n.w.fails(l)
	n.w = window{}
	if bad {
		return world.Rollback
	}
	return world.Promote
}

// flagger queries the last minute each interval. A failed or empty query counts and halts the advance; at the threshold
// it rolls back.
type flagger struct {
	every          float64 // seconds
	threshold      int
	w              window
	seen           int // looks
	failed, passed int
}

func (f *flagger) Judge(l world.Look) world.Decision {
	f.w.add(l.Canary, max(2, looks(60, l)))
	every := looks(f.every, l)
	if f.seen++; f.seen%every != 0 {
		return world.Hold
	}
	if bad, ok := f.w.fails(l); bad || !ok {
		if f.failed++; f.failed >= f.threshold {
			return world.Rollback
		}
		return world.Hold
	}
	if f.passed++; float64(f.passed*every)*l.Interval >= l.Bake {
		f.passed, f.seen = 0, 0
		return world.Promote
	}
	return world.Hold
}

// argo measures each interval; more failures than its limit abort, and so do more than four errors in a row, which an
// empty answer is.
type argo struct {
	every, window        float64 // seconds
	limit                int
	w                    window
	failed, errors, seen int
}

func (a *argo) Judge(l world.Look) world.Decision {
	a.w.add(l.Canary, max(2, looks(a.window, l)))
	if a.seen++; a.seen%looks(a.every, l) == 0 {
		switch bad, ok := a.w.fails(l); {
		case !ok:
			if a.errors++; a.errors > 4 {
				return world.Rollback
			}
		case bad:
			a.errors = 0
			if a.failed++; a.failed > a.limit {
				return world.Rollback
			}
		default:
			a.errors = 0
		}
	}
	if over(l) {
		return world.Promote
	}
	return world.Hold
}

// kayenta compares the points of the step's window by Mann and Whitney: a metric is high when the whole 98 % interval of
// the shift lies beyond a quarter of its estimate. Where half of the metrics have no data, that fails too. The metrics are
// the share of errors, the 99th percentile and the memory of the largest pod.
type kayenta struct {
	every          float64 // seconds
	seen           int
	canary, stable metricPoints
}

type metricPoints [3][]float64

func (k *kayenta) Judge(l world.Look) world.Decision {
	k.canary.add(l.Canary)
	k.stable.add(l.Stable)
	if k.seen++; k.seen%looks(k.every, l) != 0 && !over(l) {
		return world.Hold
	}
	empty := 0
	for m := range k.canary {
		if len(k.canary[m]) == 0 && len(k.stable[m]) > 0 {
			empty++
		}
		if high(k.canary[m], k.stable[m]) {
			return world.Rollback
		}
	}
	if 2*empty >= len(k.canary) {
		return world.Rollback
	}
	if over(l) {
		k.canary, k.stable, k.seen = metricPoints{}, metricPoints{}, 0
		return world.Promote
	}
	return world.Hold
}

func (m *metricPoints) add(s world.Sum) {
	if !s.There {
		return
	}
	m[2] = append(m[2], s.Memory)
	if s.Requests <= 0 {
		return
	}
	m[0] = append(m[0], s.Errors/s.Requests)
	m[1] = append(m[1], quantile(s))
}

func high(canary, stable []float64) bool {
	n, m := len(canary), len(stable)
	if n < 5 || m < 5 {
		return false
	}
	shifts := make([]float64, 0, n*m)
	for _, c := range canary {
		for _, s := range stable {
			shifts = append(shifts, c-s)
		}
	}
	slices.Sort(shifts)
	const z = 2.326
	rank := int(float64(n*m)/2 - z*math.Sqrt(float64(n*m)*float64(n+m+1)/12))
	estimate := shifts[len(shifts)/2]
	return rank >= 0 && rank < len(shifts) && shifts[rank] > 0.25*math.Abs(estimate)
}

// tally is what a z test counts of both versions: requests, errors, slow requests.
type tally struct{ canary, stable [3]float64 }

func (t *tally) add(l world.Look) {
	count := func(to *[3]float64, s world.Sum) {
		to[0] += s.Requests
		to[1] += s.Errors
		to[2] += l.Slow(s)
	}
	count(&t.canary, l.Canary)
	count(&t.stable, l.Stable)
}

// beyond reports whether errors or slow requests of the canary lie so many standard errors above stable's.
func (t *tally) beyond(limit float64) bool {
	for i := 1; i < len(t.canary); i++ {
		if z(t.canary[i], t.canary[0], t.stable[i], t.stable[0]) > limit {
			return true
		}
	}
	return false
}

func z(xc, nc, xs, ns float64) float64 {
	if nc <= 0 || ns <= 0 {
		return 0
	}
	p := (xc + xs) / (nc + ns)
	if p <= 0 || p >= 1 {
		return 0
	}
	return (xc/nc - xs/ns) / math.Sqrt(p*(1-p)*(1/nc+1/ns))
}

// peek is the textbook's z test, evaluated after every scrape as no textbook allows: what speed costs without a budget
// for errors.
type peek struct{ tally }

func (p *peek) Judge(l world.Look) world.Decision {
	p.add(l)
	switch {
	case p.beyond(2.326):
		return world.Rollback
	case over(l):
		return world.Promote
	}
	return world.Hold
}

// sequential is a group-sequential z test with O'Brien and Fleming's bounds, as Spotify uses where the sample size is
// known: here the requests that the canary will get in the step, by the rate of before. One percent is shared evenly
// between steps and metrics. Its bounds are those for a look at any time, so that it may look at each scrape.
type sequential struct{ tally }

func (s *sequential) Judge(l world.Look) world.Decision {
	s.add(l)
	part := min(1, s.canary[0]/(l.Rate*l.Weight*l.Bake))
	bound := math.Sqrt2 * math.Erfcinv(0.01/float64(2*l.Steps))
	switch {
	case part > 0 && s.beyond(bound/math.Sqrt(part)):
		return world.Rollback
	case over(l):
		s.tally = tally{}
		return world.Promote
	}
	return world.Hold
}
