package series

import (
	"cmp"
	"slices"
	"time"
)

// Point is one stored sample of a counter.
type Point struct {
	At    time.Time `json:"at"`
	Value float64   `json:"value"`
}

// Series is what Prometheus has of one time series: its labels as one word, and samples in any order, also repeated.
type Series struct {
	Labels string
	Points []Point
}

// Counter adds up the series of one metric of one arm. The zero value has seen nothing.
type Counter struct {
	// Last is the sample of each series that was consumed last.
	Last map[string]Point `json:"last,omitempty"`
	// Newest is the newest sample of any of them.
	Newest time.Time `json:"newest,omitzero"`
}

// Birth says from what a series counts that was not there before.
type Birth int

const (
	// FromZero: everything that its first sample shows happened since the arm was first heard, as with the counter of a
	// status that appears with the first error of a target that was scraped before, or with a pod that is new itself.
	FromZero Birth = iota
	// FromFirst: nobody knows how long it has been counting; its first sample is where counting begins.
	FromFirst
)

// Add consumes the samples up to a time and returns by how much the counters grew. A sample that was consumed before
// counts no second time. Values below zero and those that are no numbers are left out: no counter has them.
func (c *Counter) Add(all []Series, until time.Time, birth func(Series) Birth) (grown float64) {
	for _, s := range all {
		points := slices.Clone(s.Points)
		slices.SortStableFunc(points, func(a, b Point) int { return a.At.Compare(b.At) })
		for _, p := range points {
			last, known := c.Last[s.Labels]
			if p.At.After(until) || known && !p.At.After(last.At) || !(p.Value >= 0) || p.Value > largest {
				continue
			}
			switch {
			case known && p.Value >= last.Value:
				grown += p.Value - last.Value
			case known: // it was reset: all that it shows came since
				grown += p.Value
			case birth(s) == FromZero:
				grown += p.Value
			}
			if c.Last == nil {
				c.Last = map[string]Point{}
			}
			c.Last[s.Labels] = p
			if p.At.After(c.Newest) {
				c.Newest = p.At
			}
		}
	}
	return grown
}

// largest is beyond what any counter of requests reaches; an infinite one is beyond it.
const largest = 1e18

// Forget drops series that were last heard before a time, so that pods which are long gone cost nothing.
func (c *Counter) Forget(before time.Time) {
	for labels, p := range c.Last {
		if p.At.Before(before) {
			delete(c.Last, labels)
		}
	}
}

// Aligned returns up to when both arms may be read: what one arm has beyond it would be compared with nothing. Zero
// where one of them has no sample.
func Aligned(canary, stable []Series) time.Time {
	c, s := newest(canary), newest(stable)
	if c.IsZero() || s.IsZero() {
		return time.Time{}
	}
	return slices.MinFunc([]time.Time{c, s}, time.Time.Compare)
}

func newest(all []Series) (at time.Time) {
	for _, s := range all {
		for _, p := range s.Points {
			if cmp.Compare(p.At.UnixNano(), at.UnixNano()) > 0 || at.IsZero() {
				at = p.At
			}
		}
	}
	return at
}

// Stale reports whether the newest sample is too old to say anything about now: more than two scrapes and the time that
// one may take. An instant query shows a value for five minutes after the last one; its own time does not lie.
func Stale(newest, now time.Time, scrape time.Duration) bool {
	return newest.IsZero() || now.Sub(newest) > 2*scrape+5*time.Second
}
