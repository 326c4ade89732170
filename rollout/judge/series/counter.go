package series

import (
	"slices"
	"time"

	"canarybot.io/rollout"
)

// Birth says from what a series counts that has no sample before.
type Birth int

const (
	// FromZero: everything that its first sample shows happened since the arm was first heard, as with the counter of a
	// status that appears with the first error of a target that was scraped before, or with a pod that is new itself.
	FromZero Birth = iota
	// FromFirst: nobody knows how long it has been counting; its first sample is where counting begins.
	FromFirst
)

// largest is beyond what any counter of requests reaches; an infinite one is beyond it.
const largest = 1e18

// Grown returns by how much counters grew by the samples after one time and up to another: each sample counts by what
// it has more than the one before it, which may lie before the first time; where there is none, birth says from what it
// counts. A counter that fell was reset: all that it shows came since. Values below zero and those that are no numbers
// are left out: no counter has them. Samples may come in any order, and repeat.
func Grown(all []rollout.Series, from, to time.Time, birth func(rollout.Series) Birth) (grown float64) {
	for i := range all {
		before, known := 0.0, false
		for _, p := range sorted(all[i].Points) {
			if !(p.Value >= 0) || p.Value > largest || p.At.After(to) {
				continue
			}
			if p.At.After(from) {
				switch {
				case known && p.Value >= before:
					grown += p.Value - before
				case known, birth(all[i]) == FromZero:
					grown += p.Value
				}
			}
			before, known = p.Value, true
		}
	}
	return grown
}

// sorted returns the samples in order, each time once. It changes nothing of what it is given.
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

// forever is after every sample.
var forever = time.Unix(1<<40, 0)

// Newest returns the time of the newest sample; zero without one.
func Newest(all []rollout.Series) time.Time { return NewestBefore(all, forever) }

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

// Targets returns who had a sample after one time and up to another, in order.
func Targets(all []rollout.Series, from, to time.Time) []string {
	var found []string
	for _, s := range all {
		in := func(p rollout.Point) bool { return p.At.After(from) && !p.At.After(to) }
		if i, known := slices.BinarySearch(found, s.Target); !known && slices.ContainsFunc(s.Points, in) {
			found = slices.Insert(found, i, s.Target)
		}
	}
	return found
}

// Latest returns each series' newest usable value after one time and up to another.
func Latest(all []rollout.Series, from, to time.Time) []float64 {
	var values []float64
	for _, s := range all {
		var newest rollout.Point
		for _, p := range s.Points {
			if p.At.After(from) && !p.At.After(to) && p.At.After(newest.At) && p.Value >= 0 && p.Value <= largest {
				newest = p
			}
		}
		if !newest.At.IsZero() {
			values = append(values, newest.Value)
		}
	}
	return values
}

// Together returns the series without those samples up to a time that not all series of their target have yet: where
// Prometheus gets the parts of one scrape one after the other, differences between them would be of different times. A
// series that ended so long before the others does not hold them up.
func Together(all []rollout.Series, to time.Time, ended time.Duration) []rollout.Series {
	newest := func(s rollout.Series) time.Time { return NewestBefore([]rollout.Series{s}, to) }
	last, common := map[string]time.Time{}, map[string]time.Time{}
	for _, s := range all {
		if at := newest(s); at.After(last[s.Target]) {
			last[s.Target] = at
		}
	}
	for _, s := range all {
		at := newest(s)
		if first, ok := common[s.Target]; (!ok || at.Before(first)) && last[s.Target].Sub(at) < ended {
			common[s.Target] = at
		}
	}
	cut := make([]rollout.Series, len(all))
	for i, s := range all {
		cut[i] = s
		if last[s.Target].After(common[s.Target]) {
			cut[i].Points = slices.DeleteFunc(slices.Clone(s.Points), func(p rollout.Point) bool { return p.At.After(common[s.Target]) })
		}
	}
	return cut
}
