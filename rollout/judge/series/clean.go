package series

import (
	"slices"
	"time"

	"canarybot.io/rollout"
)

// Clean returns what was read of an arm without what cannot be: values that are negative, endless or not a number, and
// samples outside of a span of time. In it every series has samples, which are in order, each time once; of a gauge too.
// Where nothing is wrong, which is nearly always, it shares the samples with its argument, which it never changes. Falls
// reports whether a counter may have fallen: where none did, there is nothing to mend.
func Clean(r rollout.Read, from, to time.Time) (clean rollout.Read, falls bool) {
	s := scan{from: from, to: to}
	for _, reading := range []*rollout.Reading{&r.Requests, &r.Errors, &r.Success, &r.Latency, &r.ClientErrors} {
		reading.Series = s.clean(reading.Series)
	}
	falls = s.falls
	for _, gauge := range []*rollout.Reading{&r.Memory, &r.InFlight, &r.Restarts} {
		gauge.Series = s.clean(gauge.Series)
	}
	return r, falls
}

// scan looks at samples from after one time up to and including another.
type scan struct {
	from, to time.Time
	falls    bool // a value was lower than the one before, or a sample was wrong
}

func (s *scan) clean(all []rollout.Series) []rollout.Series {
	wrong := func(one rollout.Series) bool { return !s.good(one.Points) }
	first := slices.IndexFunc(all, wrong)
	if first < 0 {
		return all
	}
	s.falls = true
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
func (s *scan) good(points []rollout.Point) bool {
	for i := range points {
		p := &points[i]
		if !usable(p.Value) {
			return false
		}
		if i > 0 {
			if !p.At.After(points[i-1].At) {
				return false
			}
			s.falls = s.falls || p.Value < points[i-1].Value
		}
	}
	n := len(points)
	return n > 0 && points[0].At.After(s.from) && !points[n-1].At.After(s.to)
}

// mended returns the samples that are not wrong, in order.
func (s *scan) mended(points []rollout.Point) []rollout.Point {
	wrong := func(p rollout.Point) bool { return !usable(p.Value) || !p.At.After(s.from) || p.At.After(s.to) }
	return sorted(slices.DeleteFunc(slices.Clone(points), wrong))
}
