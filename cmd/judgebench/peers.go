package main

import (
	"math"
	"slices"
)

// The peers, modelled from their code and documentation. Each reads what Prometheus's rate and histogram_quantile show
// over a window.

// window is the last scrapes of one side.
type window struct{ last []arm }

func (w *window) add(a arm, size int) {
	w.last = append(w.last, a)
	if len(w.last) > size {
		w.last = w.last[len(w.last)-size:]
	}
}

// values returns the error rate and the p99 over the window, and whether there is any number.
func (w *window) values() (errors, p99, memory float64, ok bool) {
	var sum arm
	for _, a := range w.last {
		sum.requests += a.requests
		sum.errors += a.errors
		for i := range bounds {
			sum.slower[i] += a.slower[i]
		}
		memory = math.Max(memory, a.memory)
	}
	if len(w.last) == 0 || !w.last[len(w.last)-1].there || sum.requests == 0 {
		return 0, 0, memory, false
	}
	return sum.errors / sum.requests, quantile(sum), memory, true
}

// quantile is histogram_quantile(0.99): linear within the bucket, the last bound beyond it.
func quantile(a arm) float64 {
	rank := 0.01 * a.requests // so many are slower
	low, above := 0.0, a.requests
	for i, b := range bounds {
		if a.slower[i] <= rank {
			if above == a.slower[i] {
				return b
			}
			return low + (b-low)*(above-rank)/(above-a.slower[i])
		}
		low, above = b, a.slower[i]
	}
	return bounds[len(bounds)-1]
}

// fails reports whether the usual limits are exceeded: 1 % errors, p99 of half a second, 512 MiB.
func fails(errors, p99, memory float64) bool {
	return errors >= 0.01 || p99 >= slowLimit || memory >= limitMiB
}

// naive sleeps through the step, queries the last five minutes once, and takes no value for no failure.
type naive struct{ w window }

func (n *naive) judge(s scrape, inStep int) decision {
	n.w.add(s.canary, 20)
	if inStep < perStep {
		return hold
	}
	errors, p99, memory, ok := n.w.values()
	n.w = window{}
	if ok && fails(errors, p99, memory) {
		return rollback
	}
	return promote
}

// flagger queries the last minute each interval. A failed or empty query counts and halts the advance; at the threshold
// it rolls back.
type flagger struct {
	every, threshold int
	w                window
	failed, passed   int
	queried          int // intervals of this step
}

func (f *flagger) judge(s scrape, inStep int) decision {
	f.w.add(s.canary, 4)
	since := inStep/f.every - f.queried // intervals: its clock goes on where a scrape was lost
	if since == 0 {
		return hold
	}
	f.queried += since
	errors, p99, memory, ok := f.w.values()
	if !ok || fails(errors, p99, memory) {
		if f.failed++; f.failed >= f.threshold {
			return rollback
		}
		return hold
	}
	if f.passed += since; f.passed*f.every >= perStep {
		f.passed, f.queried = 0, 0
		return promote
	}
	return hold
}

// argo measures each interval; more failures than its limit abort, and so do more than four errors in a row, which an
// empty answer is.
type argo struct {
	every, window, limit int
	w                    window
	failed, errors, seen int
}

func (a *argo) judge(s scrape, inStep int) decision {
	a.w.add(s.canary, a.window)
	if a.seen++; a.seen%a.every == 0 {
		errors, p99, memory, ok := a.w.values()
		switch {
		case !ok:
			if a.errors++; a.errors > 4 {
				return rollback
			}
		case fails(errors, p99, memory):
			a.errors = 0
			if a.failed++; a.failed > a.limit {
				return rollback
			}
		default:
			a.errors = 0
		}
	}
	if inStep >= perStep {
		return promote
	}
	return hold
}

// kayenta compares the points of the step's window by Mann and Whitney: a metric is high when the whole 98 % interval of
// the shift lies beyond a quarter of its estimate. Where half of the metrics have no data, that fails too. The metrics are
// the share of errors, the 99th percentile and the memory of the largest pod.
type kayenta struct {
	every          int
	canary, stable metricPoints
}

type metricPoints [3][]float64

func (k *kayenta) judge(s scrape, inStep int) decision {
	k.add(&k.canary, s.canary)
	k.add(&k.stable, s.stable)
	if inStep%k.every != 0 && inStep < perStep {
		return hold
	}
	empty := 0
	for m := range k.canary {
		if len(k.canary[m]) == 0 && len(k.stable[m]) > 0 {
			empty++
		}
		if high(k.canary[m], k.stable[m]) {
			return rollback
		}
	}
	if 2*empty >= len(k.canary) {
		return rollback
	}
	if inStep >= perStep {
		k.canary, k.stable = metricPoints{}, metricPoints{}
		return promote
	}
	return hold
}

func (k *kayenta) add(to *metricPoints, a arm) {
	if !a.there {
		return
	}
	to[2] = append(to[2], a.memory)
	if a.requests == 0 {
		return
	}
	to[0] = append(to[0], a.errors/a.requests)
	to[1] = append(to[1], quantile(a))
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

// peek is the textbook's z test, evaluated after every scrape as no textbook allows: what speed costs without a budget
// for errors.
type peek struct{ canary, stable [3]float64 } // requests, errors, slow

func (p *peek) judge(s scrape, inStep int) decision {
	slow := compared[limitBound]
	for to, a := range map[*[3]float64]arm{&p.canary: s.canary, &p.stable: s.stable} {
		to[0] += a.requests
		to[1] += a.errors
		to[2] += a.slower[slow]
	}
	for i := 1; i < 3; i++ {
		if z(p.canary[i], p.canary[0], p.stable[i], p.stable[0]) > 2.326 {
			return rollback
		}
	}
	if inStep >= perStep {
		return promote
	}
	return hold
}

func z(xc, nc, xs, ns float64) float64 {
	if nc == 0 || ns == 0 || xc+xs == 0 {
		return 0
	}
	p := (xc + xs) / (nc + ns)
	return (xc/nc - xs/ns) / math.Sqrt(p*(1-p)*(1/nc+1/ns))
}
