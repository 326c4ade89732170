package judge

import (
	"math"

	"canarybot.io/rollout/judge/pack"
	"canarybot.io/rollout/judge/series"
	"canarybot.io/rollout/judge/trial"
)

// tally is what an arm, or one target of it, did in a span.
type tally struct {
	Requests float64               `json:"requests,omitempty"`
	Errors   float64               `json:"errors,omitempty"`
	Refused  float64               `json:"refused,omitempty"` // with a 4xx
	Timed    float64               `json:"timed,omitempty"`
	Slow     [trial.Bounds]float64 `json:"slow,omitzero"`
	over     float64               // requests above successes, where errors have no counter; it may be below zero
}

// plus returns the tally with another one added, times a factor, never below zero.
func (t tally) plus(o tally, factor float64) tally {
	t.Requests = max(0, t.Requests+factor*o.Requests)
	t.Errors = max(0, t.Errors+factor*o.Errors)
	t.Refused = max(0, t.Refused+factor*o.Refused)
	t.Timed = max(0, t.Timed+factor*o.Timed)
	for i := range t.Slow {
		t.Slow[i] = max(0, t.Slow[i]+factor*o.Slow[i])
	}
	return t
}

// coarse is the tally in as few digits as are worth to be stored of what is forgotten slowly.
func (t tally) coarse() tally {
	t.Requests, t.Errors, t.Timed, t.Refused = pack.Down(t.Requests), pack.Down(t.Errors), pack.Down(t.Timed), pack.Down(t.Refused)
	for i := range t.Slow {
		t.Slow[i] = pack.Down(t.Slow[i])
	}
	return t
}

// most returns the larger of each part of two tallies.
func (t tally) most(o tally) tally {
	t.Requests, t.Errors, t.Timed = max(t.Requests, o.Requests), max(t.Errors, o.Errors), max(t.Timed, o.Timed)
	t.Refused = max(t.Refused, o.Refused)
	for i := range t.Slow {
		t.Slow[i] = max(t.Slow[i], o.Slow[i])
	}
	return t
}

// exceeds reports whether any part of the tally is more than another's, by more than rounding.
func (t tally) exceeds(o tally) bool {
	for i := range t.Slow {
		if more(t.Slow[i], o.Slow[i]) {
			return true
		}
	}
	return more(t.Requests, o.Requests) || more(t.Errors, o.Errors) || more(t.Refused, o.Refused) || more(t.Timed, o.Timed)
}

// more reports whether one count is more than another, by more than rounding.
func more(a, b float64) bool { return a-b > 1e-6*(1+b) }

// arm is the tally as a trial reads it.
func (t tally) arm(pods int) trial.Arm {
	return trial.Arm{Requests: t.Requests, Errors: t.Errors, Timed: t.Timed, Slow: t.Slow, Pods: pods}
}

// absentScrapes is for how many scrapes a target may be missing before it counts as gone.
const absentScrapes = 3

// tallies are what both arms did in a span.
//
// A span is the same for all targets, but each is scraped at its own moment: what one did from its last scrape to the end
// of the span comes with the next one. So a target's counts lie up to an interval before the span, by how much differs
// between targets, and what happens to all of them at once is seen a scrape earlier on some than on others. Counts are not
// divided between scrapes to hide that: a part of a count was never measured.
func (w *window) tallies(s span, t *targets) (sum [2]tally) {
	for arm := range sum {
		sum[arm] = w.tally(arm, s, t)
	}
	return sum
}

// tally is what an arm did in a span.
func (w *window) tally(arm int, s span, t *targets) (sum tally) {
	for i := range w.arms[arm].targets {
		did := w.did(arm, &w.arms[arm].targets[i], s, t)
		sum, sum.over = sum.plus(did, 1), sum.over+did.over
	}
	return sum
}

// did adds up what the counters of an arm's target show in a span.
func (w *window) did(arm int, one *target, s span, t *targets) (sum tally) {
	if arm == canaryArm {
		t.askBack(one)
	}
	succeeded := 0.0
	var near series.Near
	for i := range one.meters {
		c := &one.meters[i]
		switch c.kind {
		case requestKind:
			sum.Requests += c.grown(s, one.start(arm, c), &near)
		case errorKind:
			sum.Errors += c.grown(s, one.start(arm, c), &near)
		case successKind:
			succeeded += c.grown(s, one.start(arm, c), &near)
		case refusedKind:
			sum.Refused += c.grown(s, one.start(arm, c), &near)
		case latencyKind, memoryKind, kinds:
		}
	}
	if !w.countsErrors { // no series of errors is no error: a counter does not exist before it counts
		sum.over = sum.Requests - succeeded
		sum.Errors = max(0, sum.over)
	}
	w.durations(&sum, arm, one, s)
	return sum
}

// durations adds what a target's histogram shows in a span. One that cannot be, or lacks a bound, shows nothing.
func (w *window) durations(sum *tally, arm int, one *target, s span) {
	if one.lacksBound(w.bounds) {
		return
	}
	ended := absentScrapes * w.interval
	s = span{one.together(s.from, ended), one.together(s.to, ended)}
	var fast [trial.Bounds]float64
	timed := 0.0
	var near series.Near
	for i := range one.meters {
		c := &one.meters[i]
		if c.kind != latencyKind {
			continue
		}
		grown := c.grown(s, one.start(arm, c), &near)
		if math.IsInf(c.bound, 1) {
			timed += grown
		}
		for b, bound := range w.bounds {
			if c.bound == bound {
				fast[b] += grown
			}
		}
	}
	for b := range w.bounds {
		if more(fast[b], timed) || b > 0 && more(fast[b-1], fast[b]) {
			return
		}
	}
	sum.Timed = timed
	for b := range w.bounds {
		sum.Slow[b] = max(0, timed-fast[b])
	}
}

// start tells from what a counter counts that has no sample before. The canary's pods are as new as the rollout, so from
// zero, unless its target was away for longer than is read, and came back. A target of stable that is new may be of any
// age, but the counter of a status that it never had counts from zero.
func (t *target) start(arm int, c *meter) series.Start {
	if len(c.points) == 0 {
		return series.FromZero
	}
	first := c.points[0].At
	switch {
	case arm == canaryArm && (!t.back || first.After(t.first)):
		return series.FromZero
	case arm == stableArm && !t.first.IsZero() && t.first.Before(first):
		return series.FromZero
	}
	return series.FromFirst
}
