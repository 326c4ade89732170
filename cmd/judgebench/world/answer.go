package world

import (
	"cmp"
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
	if want.Groups && f.labelled() {
		raw.Groups = f.busiest(t)
	}
	return raw
}

// busiest are the endpoints that stable has the most requests with.
func (f *fleet) busiest(t float64) (r rollout.Reading) {
	for i := range f.Endpoints {
		sum := 0.0
		for _, p := range f.stable {
			sum += p.groups[i].requests.value
		}
		r.Series = append(r.Series, rollout.Series{Labels: endpoint(i), Group: endpoint(i), Points: []rollout.Point{{At: at(t), Value: sum}}})
	}
	slices.SortStableFunc(r.Series, func(a, b rollout.Series) int { return cmp.Compare(b.Points[0].Value, a.Points[0].Value) })
	r.Series = r.Series[:min(len(r.Series), rollout.Groups)]
	return r
}

func endpoint(i int) string { return "/" + strconv.Itoa(i) }

// readings are the samples of a version's targets after one moment that can be read at another.
func (f *fleet) readings(canary bool, window [2]float64, wanted []string) (r rollout.Read) {
	targets := f.targets(canary)
	for _, to := range []*rollout.Reading{&r.Requests, &r.Errors, &r.Memory} {
		to.Series = make([]rollout.Series, 0, len(targets))
	}
	r.Latency.Series = make([]rollout.Series, 0, len(targets)*(len(wanted)+1))
	for _, p := range targets {
		if low, high := p.between(window[0], window[1]); low < high {
			f.read(p, [2]int{low, high}, wanted, &r)
		}
	}
	return r
}

// read adds the target's samples from one index up to another.
func (f *fleet) read(p *scraped, window [2]int, wanted []string, r *rollout.Read) {
	low, high := window[0], window[1]
	add := func(to *rollout.Reading, s rollout.Series) {
		s.Points = s.Points[low:high:high]
		to.Series = append(to.Series, s)
	}
	errors := &r.Errors
	switch {
	case f.labelled():
		for i := range p.groups {
			add(&r.Requests, p.groups[i].requests.series)
			errors.Series = append(errors.Series, counted(p.groups[i].errors.series, low, high)...)
		}
	case f.Successes:
		add(&r.Requests, p.series[requestSeries])
		add(&r.Success, p.series[errorSeries])
	default:
		add(&r.Requests, p.series[requestSeries])
		errors.Series = append(errors.Series, counted(p.series[errorSeries], low, high)...)
	}
	add(&r.Memory, p.series[memorySeries])
	if f.InFlight && !f.Proxy {
		add(&r.InFlight, p.series[inFlightSeries])
	}
	if f.Restarts && !f.Proxy {
		add(&r.Restarts, p.series[restartSeries])
	}
	for i, b := range bounds {
		if math.IsInf(b, 1) || slices.Contains(wanted, labels[i]) {
			add(&r.Latency, p.series[bucketSeries+i])
		}
	}
}

// labelled reports whether requests and errors are counted by endpoint.
func (w World) labelled() bool { return len(w.Endpoints) > 0 && !w.Proxy && !w.Successes }

// counted are the samples of errors from one index up to another: there are none before it counted one.
func counted(s rollout.Series, low, high int) []rollout.Series {
	s.Points = slices.DeleteFunc(slices.Clone(s.Points[low:high]), func(pt rollout.Point) bool { return pt.Value == 0 })
	if len(s.Points) == 0 {
		return nil
	}
	return []rollout.Series{s}
}

// targets are those that Prometheus has samples of.
func (f *fleet) targets(canary bool) []*scraped {
	gone := f.gone[side(canary)]
	switch {
	case f.Proxy && canary:
		return f.fronts[:1]
	case f.Proxy:
		return f.fronts[1:]
	case canary && len(gone) == 0:
		return f.canary
	case canary:
		return slices.Concat(f.canary, gone)
	case len(gone) == 0:
		return f.stable
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
