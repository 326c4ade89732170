package judge

import (
	"math"
	"slices"
	"strings"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/series"
	"canarybot.io/rollout/judge/trial"
)

// kind is what a series is one of.
type kind int

const (
	requestKind kind = iota
	errorKind
	successKind
	latencyKind
	memoryKind
	refusedKind
	kinds
)

// group is the one that a series of the kind belongs to; false: answers may lack it.
func (k kind) group() (group, bool) {
	switch k {
	case requestKind, errorKind, successKind:
		return countGroup, true
	case latencyKind:
		return latencyGroup, true
	case refusedKind:
		return refusedGroup, true
	case memoryKind, kinds:
	}
	return 0, false
}

// arm is what was read of one side, by target. It is read in one pass for each look; what happened in a span is then a
// difference of two values for each counter, which are searched for.
type arm struct {
	rollout.Read          // in order, with meters that never fall
	reported     kind     // which series tell that a target reports
	targets      []target // by name
	// restarted is when the processes of targets started again, as their counters tell.
	restarted map[string][]time.Time
}

// target is a scraped endpoint: a pod, or a proxy.
type target struct {
	series int // how many it has
	name   string
	meters []meter
	first  time.Time // its first report; zero: it reported nothing
	asked  bool      // whether it came back was asked
	back   bool      // it reported before the first report that was read
}

// meter is one series of a target.
type meter struct {
	kind   kind
	bound  float64         // of a bucket
	group  string          // of what is counted: the value of the label that it is looked at by
	stored []rollout.Point // as they were read: in order, never empty
	points []rollout.Point // those that count: they never fall
}

// newArm reads what was answered about an arm. What lies outside of a span of time is left out. The numbers of targets are
// for its own use.
func newArm(r rollout.Read, s span, numbers map[string]int) arm {
	clean, falls := series.Clean(r, s.from, s.to)
	a := arm{Read: clean, reported: reportedBy(r)}
	if falls {
		a.Read, a.restarted = series.MendRestarts(clean)
	}
	stored, mended := byKind(clean), byKind(a.Read)
	of := a.findTargets(&stored, numbers)
	next := 0
	for k := range kinds {
		for i := range stored[k] {
			one := &stored[k][i]
			t := &a.targets[of[next]]
			next++
			t.meters = append(t.meters, meter{k, one.Bound, one.Group, one.Points, mended[k][i].Points})
			if first := one.Points[0].At; k == a.reported && (t.first.IsZero() || first.Before(t.first)) {
				t.first = first
			}
		}
	}
	slices.SortFunc(a.targets, func(a, b target) int { return strings.Compare(a.name, b.name) })
	return a
}

func byKind(r rollout.Read) [kinds][]rollout.Series {
	return [kinds][]rollout.Series{
		requestKind: r.Requests.Series, errorKind: r.Errors.Series, successKind: r.Success.Series,
		latencyKind: r.Latency.Series, memoryKind: r.Memory.Series, refusedKind: r.ClientErrors.Series,
	}
}

// findTargets finds the arm's targets, with room for the meters of each, and returns which one each series is of.
func (a *arm) findTargets(all *[kinds][]rollout.Series, numbers map[string]int) (of []int) {
	n := 0
	for k := range all {
		n += len(all[k])
	}
	of, a.targets = make([]int, 0, n), make([]target, 0, n/4+1)
	clear(numbers)
	for k := range all {
		for i := range all[k] {
			name := all[k][i].Target
			number, known := numbers[name]
			if !known {
				number = len(a.targets)
				numbers[name], a.targets = number, append(a.targets, target{name: name})
			}
			a.targets[number].series++
			of = append(of, number)
		}
	}
	meters := make([]meter, n)
	for i := range a.targets {
		n := a.targets[i].series
		a.targets[i].meters, meters = meters[:0:n], meters[n:]
	}
	return of
}

// reportedBy is the kind of the series that tell which of an arm's targets report. It goes by what was answered, also
// where no sample of it can be: latency does not speak for requests that are not a number.
func reportedBy(r rollout.Read) kind {
	switch {
	case len(r.Requests.Series) > 0:
		return requestKind
	case len(r.Latency.Series) > 0:
		return latencyKind
	}
	return memoryKind
}

// target returns the target of a name; nil: the arm has none.
func (a *arm) target(name string) *target {
	at, ok := slices.BinarySearchFunc(a.targets, name, func(t target, name string) int { return strings.Compare(t.name, name) })
	if !ok {
		return nil
	}
	return &a.targets[at]
}

// reports reports whether a target has a sample in a span.
func (a *arm) reports(t *target, s span) bool {
	for i := range t.meters {
		if c := &t.meters[i]; c.kind == a.reported && within(c.stored, s) {
			return true
		}
	}
	return false
}

// any reports whether something holds for any target.
func (a *arm) any(such func(*target) bool) bool {
	for i := range a.targets {
		if such(&a.targets[i]) {
			return true
		}
	}
	return false
}

// newest is the time of a target's newest report; zero: there is none.
func (a *arm) newest(t *target) (at time.Time) {
	for i := range t.meters {
		if c := &t.meters[i]; c.kind == a.reported {
			at = later(at, c.stored[len(c.stored)-1].At)
		}
	}
	return at
}

// counts reports whether a target has a sample in a span that counts.
func (a *arm) counts(t *target, s span) bool {
	for i := range t.meters {
		if c := &t.meters[i]; c.kind == a.reported && within(c.points, s) {
			return true
		}
	}
	return false
}

// answered is how many series have samples in a span.
func (a *arm) answered(s span) (n [groups]int) {
	for k := range a.targets {
		t, near := &a.targets[k], 0
		for i := range t.meters {
			c := &t.meters[i]
			if g, ok := c.kind.group(); ok {
				if near = series.UpTo(c.stored, s.to, near); near > 0 && c.stored[near-1].At.After(s.from) {
					n[g]++
				}
			}
		}
	}
	return n
}

// within reports whether any sample lies in a span.
func within(points []rollout.Point, s span) bool {
	n := series.UpTo(points, s.to, len(points))
	return n > 0 && points[n-1].At.After(s.from)
}

// grown is by how much a counter grew in a span.
func (c *meter) grown(s span, start series.Start, near *series.Near) float64 {
	return near.Grown(c.points, s.from, s.to, start)
}

// together is the newest time up to another that every series of the target's durations has reached: where the parts of
// one scrape are stored one after the other, or one of them is lost, differences between them would mix times. A series
// that ended so long before the others is not waited for. Zero: there is none.
func (t *target) together(to time.Time, ended time.Duration) (at time.Time) {
	last, near, apart := time.Time{}, 0, false
	for i := range t.meters {
		c := &t.meters[i]
		if c.kind != latencyKind {
			continue
		}
		if near = series.UpTo(c.points, to, near); near > 0 {
			newest := c.points[near-1].At
			apart = apart || !last.IsZero() && !newest.Equal(last)
			last = later(last, newest)
		}
	}
	if at = last; !apart {
		return at
	}
	for i := range t.meters {
		c := &t.meters[i]
		if c.kind != latencyKind {
			continue
		}
		near = series.UpTo(c.points, to, near)
		if near > 0 && c.points[near-1].At.Before(at) && last.Sub(c.points[near-1].At) < ended {
			at = c.points[near-1].At
		}
	}
	return at
}

// lacksBound reports whether the target has a histogram that lacks a bound that is compared, or the bucket that counts
// everything: every request would seem slow, or none.
func (t *target) lacksBound(bounds []float64) bool {
	if len(bounds) == 0 {
		return false
	}
	var has [trial.Bounds]bool
	all, some := false, false
	for i := range t.meters {
		c := &t.meters[i]
		if c.kind != latencyKind {
			continue
		}
		some, all = true, all || math.IsInf(c.bound, 1)
		for b, bound := range bounds {
			has[b] = has[b] || c.bound == bound
		}
	}
	return some && (!all || slices.Contains(has[:len(bounds)], false))
}
