package series

import (
	"slices"
	"time"

	"canarybot.io/rollout"
)

// patientScrapes is how many scrapes of a target in a row are left out because a counter fell, before what they show is
// taken as it is. It is less than what makes a canary silent.
const patientScrapes = 3

// Mend returns an arm's counters as counters that never fall: their differences are what was counted.
//
// What a fall means is found for each scrape of a target, over all of its counters:
//
//   - All fall together to less than half, and further back than to where they were a scrape before: the process started
//     again. Each counter then counted from zero, also one that is higher than before.
//   - Anything else is noise of what stores samples: a copy that is a scrape behind, one sample that is one too low. The
//     scrape is left out for the whole target, so that its counters stay one another's; the next one makes up for it.
//   - Counters that stay below where they were did lose something, as where one of several worker processes ends. After a
//     few scrapes they go on from there. What happened in the interval of the fall is not known, and not counted.
//   - A counter that fell after it was away, while its target was scraped, was made anew, and counts from zero.
//
// A restart between two scrapes after which every counter is already higher than before cannot be seen.
func Mend(r rollout.Read) rollout.Read {
	r, _ = MendRestarts(r)
	return r
}

// MendRestarts is Mend, and returns the scrapes in which a target's process had started again, by target.
func MendRestarts(r rollout.Read) (mended rollout.Read, restarts map[string][]time.Time) {
	readings := []*rollout.Reading{&r.Requests, &r.Errors, &r.Success, &r.Latency, &r.ClientErrors}
	var fell map[string]*target
	for _, reading := range readings {
		for i := range reading.Series {
			if s := &reading.Series[i]; fell[s.Target] == nil && falls(s.Points) {
				if fell == nil {
					fell = map[string]*target{}
				}
				fell[s.Target] = &target{}
			}
		}
	}
	if len(fell) == 0 {
		return r, nil
	}
	for kind, reading := range readings {
		reading.Series = slices.Clone(reading.Series)
		for i := range reading.Series {
			if t := fell[reading.Series[i].Target]; t != nil {
				t.counters = append(t.counters, newCounter(kind, &reading.Series[i]))
			}
		}
	}
	restarts = map[string][]time.Time{}
	for name, t := range fell {
		if t.mend(); len(t.restarts) > 0 {
			restarts[name] = t.restarts
		}
	}
	return r, restarts
}

// The kinds of a target's counters, in the order in which Mend reads them.
const (
	requests = iota
	errors
	success
	latency
	refused
)

// usable reports whether a counter can have the value.
func usable(v float64) bool { return v >= 0 && v <= maxValue }

// falls reports whether samples fall, or are not in order.
func falls(points []rollout.Point) bool {
	highest := 0.0
	for i := range points {
		p := &points[i]
		switch {
		case i > 0 && !p.At.After(points[i-1].At):
			return true
		case !usable(p.Value):
		case p.Value < highest:
			return true
		default:
			highest = p.Value
		}
	}
	return false
}

// target are the counters of one target, of which some fell.
type target struct {
	counters []*counter
	left     int         // scrapes in a row that were left out
	restarts []time.Time // scrapes in which the process had started again
}

// counter is one counter while its samples are walked through.
type counter struct {
	kind   int
	series *rollout.Series // its points are rewritten
	points []rollout.Point // that are still ahead

	now    float64 // the value in the scrape at hand, where present
	there  bool
	seen   bool // it has a value from before
	twice  bool // and one from before that, of the same process
	fresh  bool // it began anew after the scrape before
	missed bool // it was missing in a scrape since its newest sample
	away   bool // and for longer than between its samples: others of the target may be scraped at other times
	at     time.Time
	gap    time.Duration // between its newest samples
	before float64       // its newest value that counted
	prior  float64       // the one before that
	base   float64       // its value in the first scrape that was left out; only if based
	based  bool
	offset float64 // what it had counted before it last began anew
}

func newCounter(kind int, s *rollout.Series) *counter {
	points := slices.Clone(sorted(s.Points))
	points = slices.DeleteFunc(points, func(p rollout.Point) bool { return !usable(p.Value) })
	s.Points = make([]rollout.Point, 0, len(points))
	return &counter{kind: kind, series: s, points: points}
}

// mend walks through the target's scrapes.
func (t *target) mend() {
	for at, more := t.next(); more; at, more = t.next() {
		switch {
		case !t.fell():
			t.keep(at)
		case t.restarted():
			for _, c := range t.counters {
				c.beginAt(0)
			}
			t.restarts = append(t.restarts, at)
			t.keep(at)
		default:
			t.leaveOut(at)
		}
	}
}

// next brings every counter to the target's next scrape.
func (t *target) next() (at time.Time, more bool) {
	for _, c := range t.counters {
		if len(c.points) > 0 && (!more || c.points[0].At.Before(at)) {
			at, more = c.points[0].At, true
		}
	}
	for _, c := range t.counters {
		if c.there = len(c.points) > 0 && c.points[0].At.Equal(at); c.there {
			c.take()
		} else {
			c.missed = true
		}
	}
	return at, more
}

// take takes the counter's next sample.
func (c *counter) take() {
	p := c.points[0]
	gap := p.At.Sub(c.at)
	c.away = c.missed && c.gap > 0 && gap > c.gap*3/2
	if !c.at.IsZero() && !c.away {
		c.gap = gap
	}
	c.now, c.points, c.at, c.missed = p.Value, c.points[1:], p.At, false
}

// fell reports whether a counter is lower than it was. One that was away began anew.
func (t *target) fell() bool {
	fell := false
	for _, c := range t.counters {
		switch {
		case !c.there || !c.seen || c.now >= c.before:
		case c.away:
			c.beginAt(0)
		default:
			fell = true
		}
	}
	return fell
}

// restarted reports whether the target's counters fell as they do with their process. Requests and durations tell, each
// by itself; counters of rare things only where there is nothing else.
func (t *target) restarted() bool {
	told, behind := false, true
	for _, kinds := range [][]int{{requests}, {latency}, {errors, success, refused}} {
		before, now, prior, known := t.sums(kinds)
		if before == 0 || told && kinds[0] == errors {
			continue
		}
		if told = true; now >= before/2 || before-now <= 1 {
			return false
		}
		behind = behind && known && now >= prior // no further back than a copy that is a scrape behind
	}
	return told && !behind
}

// sums adds up what counters of some kinds counted before the scrape, in it, and a scrape before. Known reports whether
// there is the last.
func (t *target) sums(kinds []int) (before, now, prior float64, known bool) {
	for _, c := range t.counters {
		if c.there && c.seen && slices.Contains(kinds, c.kind) {
			before, now, prior, known = before+c.before, now+c.now, prior+c.prior, known || c.twice
		}
	}
	return before, now, prior, known
}

// keep counts the scrape.
func (t *target) keep(at time.Time) {
	t.left = 0
	for _, c := range t.counters {
		c.based = false
		if c.there {
			c.prior, c.twice = c.before, c.seen && !c.fresh
			c.before, c.seen, c.fresh = c.now, true, false
			c.emit(at)
		}
	}
}

// leaveOut leaves the scrape out, unless that was done often enough.
func (t *target) leaveOut(at time.Time) {
	t.left++
	grew := false
	for _, c := range t.counters {
		if c.there && !c.based {
			c.base, c.based = c.now, true
		}
		grew = grew || c.there && c.now > c.base
	}
	switch {
	case t.left <= patientScrapes:
	case !grew: // nothing happens: what was counted stands, and the target is there
		for _, c := range t.counters {
			if c.there && c.seen {
				c.emit(at)
			}
		}
	default:
		for _, c := range t.counters {
			if c.there && c.seen {
				c.beginAt(min(c.base, c.now))
			}
		}
		t.keep(at)
	}
}

// beginAt has the counter go on from a value that counts as what it had.
func (c *counter) beginAt(value float64) {
	c.offset += c.before - value
	c.before, c.twice, c.fresh = value, false, true
}

// emit adds what the counter has counted to its series.
func (c *counter) emit(at time.Time) {
	c.series.Points = append(c.series.Points, rollout.Point{At: at, Value: c.offset + c.before})
}
