package judge

import (
	"time"

	"canarybot.io/rollout/judge/series"
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
	refusedGroup
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
