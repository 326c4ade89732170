package series

import (
	"slices"
	"time"

	"canarybot.io/rollout"
)

// Clean returns what was read of an arm without what cannot be: values that are negative, endless or not a number, and
// samples outside of a span of time. In it every series has samples, which are in order, each time once; of a gauge too.
// Where nothing is wrong, which is nearly always, it shares the samples with its argument, which it never changes.
func Clean(r rollout.Read, from, to time.Time) rollout.Read {
	s := span{from, to}
	for _, reading := range []*rollout.Reading{
		&r.Requests, &r.Errors, &r.Success, &r.Latency, &r.Memory, &r.InFlight, &r.Restarts, &r.ClientErrors,
	} {
		reading.Series = s.clean(reading.Series)
	}
	return r
}

// span is from after one time up to and including another.
type span struct{ from, to time.Time }

func (s span) clean(all []rollout.Series) []rollout.Series {
	wrong := func(one rollout.Series) bool { return !s.good(one.Points) }
	first := slices.IndexFunc(all, wrong)
	if first < 0 {
		return all
	}
	kept := slices.Clone(all[:first])
	for _, one := range all[first:] {
		if wrong(one) {
			one.Points = s.mended(one.Points)
		}
		if len(one.Points) > 0 {
			kept = append(kept, one)
		}
	}
	return kept
}

// good reports whether there are samples, of which none is wrong.
func (s span) good(points []rollout.Point) bool {
	for i := range points {
		p := &points[i]
		if !usable(p.Value) || i > 0 && !p.At.After(points[i-1].At) {
			return false
		}
	}
	n := len(points)
	return n > 0 && points[0].At.After(s.from) && !points[n-1].At.After(s.to)
}

// mended returns the samples that are not wrong, in order.
func (s span) mended(points []rollout.Point) []rollout.Point {
	wrong := func(p rollout.Point) bool { return !usable(p.Value) || !p.At.After(s.from) || p.At.After(s.to) }
	return sorted(slices.DeleteFunc(slices.Clone(points), wrong))
}
