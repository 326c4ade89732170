package sim

import (
	"slices"
	"time"
)

// history is what a side counted so far, at each time when the rates may have changed. In between it is linear, so any
// window can be computed exactly.
type history struct{ points []point }

// point is the end of a time in which the rates were the same.
type point struct {
	at        time.Time
	total     Counters
	reporting bool // the side reported metrics in it
}

// historyWindow is how far back windows can begin.
const historyWindow = 15 * time.Minute

// note adds a point with the current counts.
func (h *history) note(at time.Time, more Counters, reporting bool) {
	total := more
	if n := len(h.points); n > 0 {
		total = h.points[n-1].total.plus(more, 1)
	}
	h.points = append(h.points, point{at: at, total: total, reporting: reporting})
	if len(h.points) > 16 && at.Sub(h.points[0].at) > 2*historyWindow {
		keep := at.Add(-historyWindow)
		i, _ := slices.BinarySearchFunc(h.points, keep, func(p point, t time.Time) int { return p.at.Compare(t) })
		h.points = slices.Delete(h.points, 0, max(0, i-1)) // one before, so that the line reaches back
	}
}

// at returns what had been counted by the time.
func (h *history) at(t time.Time) Counters {
	i, exact := slices.BinarySearchFunc(h.points, t, func(p point, t time.Time) int { return p.at.Compare(t) })
	switch {
	case len(h.points) == 0:
		return Counters{}
	case exact:
		return h.points[i].total
	case i == 0:
		return h.points[0].total
	case i == len(h.points):
		return h.points[i-1].total
	}
	before, after := h.points[i-1], h.points[i]
	part := t.Sub(before.at).Seconds() / after.at.Sub(before.at).Seconds()
	return before.total.plus(after.total.Sub(before.total), part)
}

// reported reports whether the side reported metrics at a time.
func (h *history) reported(t time.Time) bool {
	i, _ := slices.BinarySearchFunc(h.points, t, func(p point, t time.Time) int { return p.at.Compare(t) })
	return i < len(h.points) && h.points[i].reporting
}

// between returns what was counted from one time to the other.
func (h *history) between(from, to time.Time) Counters { return h.at(to).Sub(h.at(from)) }
