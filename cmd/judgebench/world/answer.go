package world

import (
	"math"
	"slices"
	"strconv"

	"canarybot.io/rollout"
)

// answer is what Prometheus says now.
func (f *fleet) answer(want rollout.Want, t float64) rollout.Raw {
	var raw rollout.Raw
	if !want.Since.IsZero() {
		from := seconds(want.Since)
		raw.Canary, raw.Stable = f.readings(true, [2]float64{from, t}, want.Bounds), f.readings(false, [2]float64{from, t}, want.Bounds)
	}
	if want.History {
		raw.History = f.readings(false, [2]float64{t - 60*f.Interval, t}, want.Bounds)
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

// readings are the samples of a version's targets after one moment that can be read at another.
func (f *fleet) readings(canary bool, window [2]float64, wanted []string) (r rollout.Read) {
	for _, p := range f.targets(canary) {
		low, high := p.between(window[0], window[1])
		if low == high {
			continue
		}
		add := func(to *rollout.Reading, i int) {
			s := p.series[i]
			s.Points = s.Points[low:high:high]
			to.Series = append(to.Series, s)
		}
		add(&r.Requests, requestSeries)
		add(&r.Memory, memorySeries)
		if f.Successes {
			add(&r.Success, errorSeries)
		} else if counted := p.errors(low, high); len(counted.Points) > 0 {
			r.Errors.Series = append(r.Errors.Series, counted)
		}
		for i, b := range bounds {
			if math.IsInf(b, 1) || slices.Contains(wanted, labels[i]) {
				add(&r.Latency, bucketSeries+i)
			}
		}
	}
	return r
}

// targets are those that Prometheus has samples of.
func (f *fleet) targets(canary bool) []*scraped {
	gone := f.gone[side(canary)]
	switch {
	case f.Proxy && canary:
		return f.fronts[:1]
	case f.Proxy:
		return f.fronts[1:]
	case canary:
		return slices.Concat(f.canary, gone)
	}
	return slices.Concat(f.stable, gone)
}

// labels are the bounds as the label of a series has them.
var labels = func() (all [len(bounds)]string) {
	for i, b := range bounds {
		all[i] = label(b)
	}
	return all
}()

func label(b float64) string { return strconv.FormatFloat(b, 'g', -1, 64) }

// errors are the target's samples of errors: there are none before it counted one.
func (p *scraped) errors(low, high int) rollout.Series {
	s := p.series[errorSeries]
	s.Points = slices.DeleteFunc(slices.Clone(s.Points[low:high]), func(pt rollout.Point) bool { return pt.Value == 0 })
	return s
}
