package judge

import (
	"math"
	"slices"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/series"
	"canarybot.io/rollout/judge/trial"
)

const (
	// recentScrapes is how many scrapes each half of the recent counts holds.
	recentScrapes = 10
	// anchorScrapes is after how many scrapes the anchor moves on, and lateScrapes how many of them stay behind it for
	// samples that come late.
	anchorScrapes, lateScrapes = 8, 4
	// maxBehind is how much of the past is made up for after a pause. What lies before it is lost.
	maxBehind = 10 * time.Minute
)

// counts are the part of the state that counts requests: each once, however late its sample comes.
//
// Counters are added up from the anchor on, and what was judged before is subtracted. So a late sample is judged with the
// next scrape: nothing is lost, and nothing counts twice. The anchor moves only when the sum contains all that was judged.
type counts struct {
	Anchor time.Time `json:"anchor"`
	Judged [2]tally  `json:"taken"` // since the anchor
	// Answered is how many series of each arm had samples since the anchor, by group.
	Answered [2][groups]int `json:"answered,omitzero"`
	Step     [2]tally       `json:"step"` // since the weight was acknowledged
	// Recent is what people are shown, in two halves, of which the newer one fills.
	Recent [2][2]tally `json:"recent"`
	Filled int         `json:"filled,omitempty"` // scrapes in the newer half
	sum    [2]tally    // since the anchor, in the scrape at hand
}

// group are the series that an answer has together: those of durations may be missing without the others.
type group int

const (
	countGroup group = iota
	latencyGroup
	refusedGroup
	groups
)

// newStep begins to count for another weight.
func (c *counts) newStep(since time.Time) { *c = counts{Anchor: since} }

// restart counts from another anchor. What was done since then is taken as judged.
func (c *counts) restart(anchor time.Time, judged [2]tally) {
	c.Anchor, c.Judged, c.Answered = anchor, judged, [2][groups]int{}
}

// lacking reports in which groups an answer lacks series that had samples in what was judged: a store behind Prometheus
// did not answer. Nothing is concluded from such an answer: without the series of successes every request would have
// failed, and a canary without any would be gone.
func (c *counts) lacking(w *window, through time.Time) (lacks [groups]bool) {
	for arm := range w.arms {
		for g, n := range w.arms[arm].answered(span{c.Anchor, through}) {
			lacks[g] = lacks[g] || n < c.Answered[arm][g]
		}
	}
	return lacks
}

// answered is how many series of an arm have samples in a span.
func (a *arm) answered(s span) (n [groups]int) {
	r := a.answer
	for g, readings := range [groups][]rollout.Reading{{r.Requests, r.Errors, r.Success}, {r.Latency}, {r.ClientErrors}} {
		for _, reading := range readings {
			for i := range reading.Series {
				if slices.ContainsFunc(reading.Series[i].Points, s.contains) {
					n[g]++
				}
			}
		}
	}
	return n
}

// forget drops the counts that people are shown.
func (c *counts) forget() { c.Step, c.Recent, c.Filled = [2]tally{}, [2][2]tally{}, 0 }

// update adds a scrape, and returns what both arms did that was not judged yet.
func (c *counts) update(sc *scrape, gap latencyGap, t *targets) (did [2]tally) {
	sum := sc.tallies(span{c.Anchor, sc.to}, t)
	switch gap {
	case latencyMissing: // the other checks go on without it
		for arm := range sum {
			sum[arm].Timed, sum[arm].Slow = c.Judged[arm].Timed, c.Judged[arm].Slow
		}
	case latencyBack: // what happened while it was missing is left out
		before := sc.tallies(span{c.Anchor, sc.from}, t)
		for arm := range sum {
			c.Judged[arm].Timed, c.Judged[arm].Slow = before[arm].Timed, before[arm].Slow
		}
	case latencyRead:
	}
	if c.Filled++; c.Filled > recentScrapes {
		c.Recent[0], c.Recent[1], c.Filled = c.Recent[1], [2]tally{}, 1
	}
	for arm := range did {
		did[arm] = sum[arm].plus(c.Judged[arm], -1)
		c.Step[arm] = c.Step[arm].plus(did[arm], 1)
		c.Recent[1][arm] = c.Recent[1][arm].plus(did[arm], 1)
		c.Judged[arm] = c.Judged[arm].most(sum[arm]) // what is missing now was judged all the same
	}
	c.sum = sum
	c.noteAnswer(sc)
	return did
}

// noteAnswer notes how many series answered since the anchor.
func (c *counts) noteAnswer(sc *scrape) {
	for arm := range c.Answered {
		for g, n := range sc.arms[arm].answered(span{c.Anchor, sc.to}) {
			c.Answered[arm][g] = max(c.Answered[arm][g], n)
		}
	}
}

// moveAnchor moves the anchor on where it has grown old. It stays while something that was judged is not in the answer: it
// would count again when it comes back.
func (c *counts) moveAnchor(sc *scrape, t *targets) {
	scrapes := int(sc.to.Sub(c.Anchor) / sc.interval)
	if c.owes() || sc.lacks[latencyGroup] && scrapes < 2*anchorScrapes {
		return
	}
	late := lateScrapes
	if sc.tooLarge() {
		late = 1 // less is read then, and late samples are lost
	}
	if scrapes >= anchorScrapes || late < lateScrapes && scrapes > late {
		s := sc.last(late)
		c.restart(s.from, sc.tallies(s, t))
		c.noteAnswer(sc)
	}
}

// owes reports whether more was judged since the anchor than the answer shows.
func (c *counts) owes() bool {
	return c.Judged[canaryArm].exceeds(c.sum[canaryArm]) || c.Judged[stableArm].exceeds(c.sum[stableArm])
}

// recent is what an arm did in the latest scrapes.
func (c *counts) recent(arm int) tally { return c.Recent[0][arm].plus(c.Recent[1][arm], 1) }

// tally is what an arm, or one target of it, did in a span.
type tally struct {
	Requests float64               `json:"requests,omitempty"`
	Errors   float64               `json:"errors,omitempty"`
	Refused  float64               `json:"refused,omitempty"` // with a 4xx
	Timed    float64               `json:"timed,omitempty"`
	Slow     [trial.Bounds]float64 `json:"slow,omitzero"`
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
	more := func(a, b float64) bool { return a-b > 1e-6*(1+b) }
	for i := range t.Slow {
		if more(t.Slow[i], o.Slow[i]) {
			return true
		}
	}
	return more(t.Requests, o.Requests) || more(t.Errors, o.Errors) || more(t.Refused, o.Refused) || more(t.Timed, o.Timed)
}

// arm is the tally as a trial reads it.
func (t tally) arm(pods int) trial.Arm {
	return trial.Arm{Requests: t.Requests, Errors: t.Errors, Timed: t.Timed, Slow: t.Slow, Pods: pods}
}

// absentScrapes is for how many scrapes a target may be missing before it counts as gone.
const absentScrapes = 3

// infinite is the bound of the bucket that counts every request.
var infinite = math.Inf(1)

// tallies are what both arms did in a span.
func (w *window) tallies(s span, t *targets) [2]tally {
	return [2]tally{
		w.tally(w.arms[canaryArm].Read, s, w.canaryStart(t)),
		w.tally(w.arms[stableArm].Read, s, w.stableStart()),
	}
}

// tally adds up what the counters of a reading show in a span. Start tells from what a new series counts.
func (w *window) tally(r rollout.Read, s span, start func(rollout.Series) series.Start) tally {
	grown := func(all []rollout.Series) float64 { return series.Increase(all, s.from, s.to, start) }
	sum := tally{Requests: grown(r.Requests.Series)}
	if w.countsErrors { // no series is no error: a counter does not exist before it counts
		sum.Errors = grown(r.Errors.Series)
	} else {
		sum.Errors = max(0, sum.Requests-grown(r.Success.Series))
	}
	sum.Refused = grown(r.ClientErrors.Series)
	if lacksBound(r.Latency.Series, w.bounds) {
		return sum
	}
	latency := series.Align(r.Latency.Series, s.to, absentScrapes*w.interval)
	sum.Timed = grown(bucket(latency, infinite))
	for i, bound := range w.bounds {
		sum.Slow[i] = max(0, sum.Timed-grown(bucket(latency, bound)))
	}
	return sum
}

// lacksBound reports whether a histogram that counts lacks a bound that is compared: every request would seem slow.
func lacksBound(all []rollout.Series, bounds []float64) bool {
	if len(bucket(all, infinite)) == 0 {
		return false
	}
	return slices.ContainsFunc(bounds, func(b float64) bool { return len(bucket(all, b)) == 0 })
}

// bucket are the series of one bound of a histogram.
func bucket(all []rollout.Series, bound float64) []rollout.Series {
	var found []rollout.Series
	for _, s := range all {
		if s.Bound == bound {
			found = append(found, s)
		}
	}
	return found
}

// canaryStart says from what a new series of the canary counts: its pods are as new as the rollout, so from zero. The
// exception is a target that reported before, was away for longer than is read, and came back.
func (w *window) canaryStart(t *targets) func(rollout.Series) series.Start {
	return func(s rollout.Series) series.Start {
		first := firstReport(w.arms[canaryArm].reports, s.Target)
		if born, ok := t.born(s.Target); ok && !first.IsZero() && born.Before(first) && !firstSample(s).After(first) {
			return series.FromFirst
		}
		return series.FromZero
	}
}

// stableStart says from what a new series of stable counts: from zero where its target reported before; a target that is
// new may be any age.
func (w *window) stableStart() func(rollout.Series) series.Start {
	return func(s rollout.Series) series.Start {
		if first := firstReport(w.arms[stableArm].reports, s.Target); !first.IsZero() && first.Before(firstSample(s)) {
			return series.FromZero
		}
		return series.FromFirst
	}
}

// firstReport is the time of a target's first sample in what was read; zero without one.
func firstReport(all []rollout.Series, target string) (first time.Time) {
	for _, s := range all {
		if s.Target != target {
			continue
		}
		if at := firstSample(s); first.IsZero() || !at.IsZero() && at.Before(first) {
			first = at
		}
	}
	return first
}

func firstSample(s rollout.Series) (first time.Time) {
	for _, p := range s.Points {
		if first.IsZero() || p.At.Before(first) {
			first = p.At
		}
	}
	return first
}
