package judge

import (
	"math"
	"time"

	"canarybot.io/rollout/judge/pack"
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
	// Based is how many had samples shortly before the anchor. Without them what was counted long ago would seem new.
	Based [2][groups]int `json:"based,omitzero"`
	// Surplus is that of each arm's requests above its successes, where errors have no counter.
	Surplus [2]surplus `json:"surplus,omitzero"`
	Refused bool       `json:"refused,omitempty"` // the newest scrape cannot be
	Owing   int        `json:"owing,omitempty"`   // scrapes in a row that lack something that was judged
	Step    [2]tally   `json:"step"`              // since the weight was acknowledged
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
	groups
)

// newStep begins to count for another weight.
func (c *counts) newStep(since time.Time) { *c = counts{Anchor: since} }

// restart counts from another anchor. What was done since then is taken as judged.
func (c *counts) restart(anchor time.Time, judged [2]tally) {
	c.Anchor, c.Judged, c.Answered, c.Based, c.Surplus = anchor, judged, [2][groups]int{}, [2][groups]int{}, [2]surplus{}
}

// lacking reports in which groups an answer lacks series that had samples in what was judged: a store behind Prometheus
// did not answer. Nothing is concluded from such an answer: without the series of successes every request would have
// failed, and a canary without any would be gone.
func (c *counts) lacking(w *window, through time.Time) (lacks [groups]bool) {
	for arm := range w.arms {
		answered := w.arms[arm].answered(span{c.Anchor, through})
		based := w.arms[arm].answered(w.base(c.Anchor))
		for g := range lacks {
			lacks[g] = lacks[g] || answered[g] < c.Answered[arm][g] || based[g] < c.Based[arm][g]
		}
	}
	return lacks
}

// base is the time shortly before an anchor, of which every answer has the samples.
func (p pace) base(anchor time.Time) span {
	return span{anchor.Add(-(lookback - 1) * p.interval), anchor}
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
	if !sc.countsErrors {
		c.countFailed(&sum)
	}
	c.sum = sum
	c.refuse(&sum)
	if c.Filled++; c.Filled > recentScrapes {
		c.Recent[0], c.Recent[1], c.Filled = c.Recent[1], [2]tally{}, 1
	}
	for arm := range did {
		did[arm] = sum[arm].plus(c.Judged[arm], -1)
		c.Step[arm] = c.Step[arm].plus(did[arm], 1)
		c.Recent[1][arm] = c.Recent[1][arm].plus(did[arm], 1)
		c.Judged[arm] = c.Judged[arm].most(sum[arm]) // what is missing now was judged all the same
	}
	c.noteAnswer(sc)
	return did
}

// countFailed counts the requests that did not succeed, where errors have no counter.
func (c *counts) countFailed(sum *[2]tally) {
	for arm := range sum {
		fresh := max(0, sum[arm].Requests-c.Judged[arm].Requests)
		sum[arm].Errors = c.Judged[arm].Errors + c.Surplus[arm].rise(sum[arm].over, fresh)
	}
}

// refuse leaves requests and errors of both arms out of a scrape that cannot be: one that shows more errors than requests,
// or less than was judged already. They are judged with the next scrape in which they fit, or not at all once the anchor
// has moved on.
func (c *counts) refuse(sum *[2]tally) {
	c.Refused = false
	for arm := range sum {
		judged := &c.Judged[arm]
		did := sum[arm].plus(*judged, -1)
		c.Refused = c.Refused || more(did.Errors, did.Requests) ||
			more(judged.Requests, sum[arm].Requests) || more(judged.Errors, sum[arm].Errors)
	}
	for arm := range sum {
		if c.Refused {
			sum[arm].Requests, sum[arm].Errors = c.Judged[arm].Requests, c.Judged[arm].Errors
		}
	}
}

// surplus is by how much the requests of an arm exceed its successes: by those that failed, and by those that are on their
// way. The latter rise and fall, so only what exceeds the highest level so far failed for certain. The first scrapes at a
// weight set it: how many requests are on their way is not known before.
type surplus struct {
	At      float64 `json:"at,omitempty"`   // at the anchor
	Most    float64 `json:"most,omitempty"` // the highest
	Scrapes int     `json:"scrapes,omitempty"`
}

// levelScrapes is how many scrapes set the level.
const levelScrapes = 2

// rise takes in by how much requests exceed successes since the anchor, and returns how many failed, of so many that are
// new.
func (l *surplus) rise(over, requests float64) (failed float64) {
	now := l.At + over
	if l.Scrapes < levelScrapes {
		if l.Scrapes == 0 || now > l.Most {
			l.Most = now
		}
		l.Scrapes++
		return 0
	}
	failed = min(max(0, now-l.Most), requests)
	l.Most += failed
	return failed
}

// noteAnswer notes how many series answered since the anchor.
func (c *counts) noteAnswer(sc *scrape) {
	for arm := range c.Answered {
		for g, n := range sc.arms[arm].answered(span{c.Anchor, sc.to}) {
			c.Answered[arm][g] = max(c.Answered[arm][g], n)
		}
	}
}

// owingScrapes is for how many scrapes something that was judged may be missing.
const owingScrapes = 3

// moveAnchor moves the anchor on where it has grown old. It stays while something that was judged is not in the answer: it
// would count again when it comes back. What does not come back for some scrapes, though no series is missing, never was.
func (c *counts) moveAnchor(sc *scrape, t *targets) {
	scrapes := int(sc.to.Sub(c.Anchor) / sc.interval)
	switch {
	case !c.owes():
		c.Owing = 0
	case sc.lacks != [groups]bool{}:
		return
	default:
		if c.Owing++; c.Owing > owingScrapes {
			c.moveTo(sc, sc.last(lateScrapes), t)
		}
		return
	}
	if sc.lacks[latencyGroup] && scrapes < 2*anchorScrapes {
		return
	}
	late := lateScrapes
	if sc.tooLarge() {
		late = 1 // less is read then, and late samples are lost
	}
	if old := scrapes >= anchorScrapes || late < lateScrapes && scrapes > late; old && !sc.unbased(sc.last(late)) {
		c.moveTo(sc, sc.last(late), t)
	}
}

// moveTo has the counts go on from the beginning of a span that ends with the scrape.
func (c *counts) moveTo(sc *scrape, s span, t *targets) {
	judged, surplus := sc.tallies(s, t), c.Surplus
	for arm := range surplus {
		surplus[arm].At += c.sum[arm].over - judged[arm].over
	}
	c.restart(s.from, judged)
	c.Surplus, c.Owing = surplus, 0
	for arm := range c.Based {
		c.Based[arm] = sc.arms[arm].answered(sc.base(s.from))
	}
	c.noteAnswer(sc)
}

// unbased reports whether a counter grew in a span from a sample that lies so far before it that it is not read again:
// from then on it would seem to have grown less.
func (w *window) unbased(s span) bool {
	base := w.base(s.from)
	for arm := range w.arms {
		for k := range w.arms[arm].targets {
			t := &w.arms[arm].targets[k]
			for i := range t.meters {
				c := &t.meters[i]
				n := series.UpTo(c.points, s.from, len(c.points))
				if c.kind != memoryKind && n > 0 && within(c.points, s) && !c.points[n-1].At.After(base.from) {
					return true
				}
			}
		}
	}
	return false
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
	Timed    float64               `json:"timed,omitempty"`
	Slow     [trial.Bounds]float64 `json:"slow,omitzero"`
	over     float64               // requests above successes, where errors have no counter; it may be below zero
}

// plus returns the tally with another one added, times a factor, never below zero.
func (t tally) plus(o tally, factor float64) tally {
	t.Requests = max(0, t.Requests+factor*o.Requests)
	t.Errors = max(0, t.Errors+factor*o.Errors)
	t.Timed = max(0, t.Timed+factor*o.Timed)
	for i := range t.Slow {
		t.Slow[i] = max(0, t.Slow[i]+factor*o.Slow[i])
	}
	return t
}

// coarse is the tally in as few digits as are worth to be stored of what is forgotten slowly.
func (t tally) coarse() tally {
	t.Requests, t.Errors, t.Timed = pack.Down(t.Requests), pack.Down(t.Errors), pack.Down(t.Timed)
	for i := range t.Slow {
		t.Slow[i] = pack.Down(t.Slow[i])
	}
	return t
}

// most returns the larger of each part of two tallies.
func (t tally) most(o tally) tally {
	t.Requests, t.Errors, t.Timed = max(t.Requests, o.Requests), max(t.Errors, o.Errors), max(t.Timed, o.Timed)
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
	return more(t.Requests, o.Requests) || more(t.Errors, o.Errors) || more(t.Timed, o.Timed)
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
	back := arm == canaryArm && t.cameBack(one)
	succeeded := 0.0
	var near series.Near
	for i := range one.meters {
		c := &one.meters[i]
		switch c.kind {
		case requestKind:
			sum.Requests += c.grown(s, one.start(arm, c, back), &near)
		case errorKind:
			sum.Errors += c.grown(s, one.start(arm, c, back), &near)
		case successKind:
			succeeded += c.grown(s, one.start(arm, c, back), &near)
		case latencyKind, memoryKind, kinds:
		}
	}
	if !w.countsErrors { // no series of errors is no error: a counter does not exist before it counts
		sum.over = sum.Requests - succeeded
		sum.Errors = max(0, sum.over)
	}
	w.durations(&sum, arm, one, s, back)
	return sum
}

// durations adds what a target's histogram shows in a span. One that cannot be, or lacks a bound, shows nothing.
func (w *window) durations(sum *tally, arm int, one *target, s span, back bool) {
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
		grown := c.grown(s, one.start(arm, c, back), &near)
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
func (t *target) start(arm int, c *meter, back bool) series.Start {
	if len(c.points) == 0 {
		return series.FromZero
	}
	first := c.points[0].At
	switch {
	case arm == canaryArm && (!back || first.After(t.first)):
		return series.FromZero
	case arm == stableArm && !t.first.IsZero() && t.first.Before(first):
		return series.FromZero
	}
	return series.FromFirst
}
