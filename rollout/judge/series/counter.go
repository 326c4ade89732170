package series

import (
	"slices"
	"time"

	"canarybot.io/rollout"
)

// Start tells from what a series counts that has no sample before.
type Start int

const (
	// FromZero takes all that the first sample shows as new: the counter of a status that appears with the first error of a
	// target that was scraped before, or a counter of a new pod.
	FromZero Start = iota
	// FromFirst begins at the first sample: how long the series counted before is not known.
	FromFirst
)

// maxValue is more than any counter of requests reaches; larger values, and infinite ones, are left out.
const maxValue = 1e18

// Near is where samples were found last: series of one target are scraped together, so what holds for one of them holds for
// the next. The zero value is a guess as good as any.
type Near struct{ from, to int }

// Grown returns by how much a counter grew by the samples after one time and up to another. Its samples are clean, and never
// fall. Each counts by its difference to the one before it, which may lie before the first time; where there is none, start
// tells from what it counts.
func (n *Near) Grown(points []rollout.Point, from, to time.Time, start Start) float64 {
	n.to = UpTo(points, to, n.to)
	if n.to == 0 {
		return 0
	}
	before := 0.0
	switch n.from = UpTo(points[:n.to], from, n.from); {
	case n.from > 0:
		before = points[n.from-1].Value
	case start == FromFirst:
		before = points[0].Value
	}
	return points[n.to-1].Value - before
}

// UpTo returns how many samples, which are in order, lie up to a time. Near is a guess, which costs little where it is
// right.
func UpTo(points []rollout.Point, to time.Time, near int) int {
	n := len(points)
	if n == 0 || !points[n-1].At.After(to) {
		return n
	}
	low, high := 0, n-1 // that many do, that many do not
	if near < n {
		switch {
		case !points[near].At.After(to):
			low = near + 1
		case near == 0 || !points[near-1].At.After(to):
			return near
		default:
			high = near - 1
		}
	}
	for low < high {
		if middle := (low + high) / 2; points[middle].At.After(to) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

// Increase returns by how much counters grew by the samples after one time and up to another. Each sample counts by its
// difference to the highest one before it, which may lie before the first time; where there is none, start tells from what
// it counts. Counters that were reset have to be mended first. Negative values and NaN are left out: no counter has them.
// Samples may come in any order, and repeat.
func Increase(all []rollout.Series, from, to time.Time, start func(rollout.Series) Start) (grown float64) {
	for i := range all {
		before, known := 0.0, false
		for _, p := range sorted(all[i].Points) {
			if !usable(p.Value) || p.At.After(to) || known && p.Value < before {
				continue
			}
			if p.At.After(from) && (known || start(all[i]) == FromZero) {
				grown += p.Value - before
			}
			before, known = p.Value, true
		}
	}
	return grown
}

// sorted returns the samples in order, each time once. It does not change its argument.
func sorted(points []rollout.Point) []rollout.Point {
	rises := true
	for i := 1; i < len(points) && rises; i++ {
		rises = points[i].At.After(points[i-1].At)
	}
	if rises {
		return points
	}
	points = slices.Clone(points)
	slices.SortStableFunc(points, func(a, b rollout.Point) int { return a.At.Compare(b.At) })
	return slices.CompactFunc(points, func(a, b rollout.Point) bool { return a.At.Equal(b.At) })
}

// afterAll is after every sample.
var afterAll = time.Unix(1<<40, 0)

// Newest returns the time of the newest sample; zero without one.
func Newest(all []rollout.Series) time.Time { return NewestBefore(all, afterAll) }

// NewestBefore returns the time of the newest sample up to a time; zero without one.
func NewestBefore(all []rollout.Series, to time.Time) (at time.Time) {
	for _, s := range all {
		for _, p := range s.Points {
			if p.At.After(at) && !p.At.After(to) {
				at = p.At
			}
		}
	}
	return at
}

// Largest returns the largest of the series' newest usable values after one time and up to another; 0 without one.
func Largest(all []rollout.Series, from, to time.Time) (most float64) {
	for i := range all {
		newest := rollout.Point{At: from}
		for _, p := range all[i].Points {
			if p.At.After(newest.At) && !p.At.After(to) && usable(p.Value) {
				newest = p
			}
		}
		most = max(most, newest.Value)
	}
	return most
}

// Latest returns each series' newest usable value after one time and up to another.
func Latest(all []rollout.Series, from, to time.Time) []float64 {
	var values []float64
	for i := range all {
		newest := rollout.Point{At: from}
		for _, p := range all[i].Points {
			if p.At.After(newest.At) && !p.At.After(to) && usable(p.Value) {
				newest = p
			}
		}
		if newest.At.After(from) {
			values = append(values, newest.Value)
		}
	}
	return values
}

// Last returns the newest of the samples that a counter can have; false: there is none.
func Last(points []rollout.Point) (value float64, ok bool) {
	var at time.Time
	for _, p := range points {
		if usable(p.Value) && (!ok || !p.At.Before(at)) {
			value, at, ok = p.Value, p.At, true
		}
	}
	return value, ok
}
