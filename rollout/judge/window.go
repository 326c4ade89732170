package judge

import (
	"slices"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/trial"
)

// The two arms, as indices.
const (
	canaryArm = iota
	stableArm
)

// window is what was read of both arms for one call, with every default filled in: nothing after it looks at the case.
type window struct {
	pace
	now, since   time.Time // since is the acknowledgement of the weight
	at           time.Time // now, by the clock of the samples
	synced       bool      // that clock is known: what is newest is not what was newest long ago
	canaryShare  float64   // of the traffic, 0 to 1
	judgesShare  bool      // whether the canary gets its share is judged
	countsErrors bool      // errors have a counter of their own; otherwise they are the requests that did not succeed
	bounds       []float64 // of the latency histogram, in seconds, that are compared; they rise
	checks       []rollout.Check
	accepted     []rollout.Acceptance
	options      trial.Options
	memoryLimit  float64 // 0: none
	by           string  // the label by which errors are looked at; empty: none
	arms         [2]arm
	lacks        [groups]bool // the answer lacks series that an earlier one had
}

// pace is how often a service is scraped, and how late a scrape may be stored.
type pace struct {
	interval time.Duration
	grace    time.Duration
}

// span is from after one time up to and including another.
type span struct{ from, to time.Time }

// normalise returns the window of a case.
func normalise(c rollout.Case, b *baseline) *window {
	p := newPace(c.Spec, b)
	possible := span{c.Now.Add(-farthest), c.Now.Add(farthest)}
	numbers := make(map[string]int, 32)
	w := &window{
		pace: p, now: c.Now, since: c.Since,
		canaryShare:  canaryShare(c),
		judgesShare:  judgesShare(c),
		countsErrors: c.Spec.Signals.Errors != "",
		bounds:       b.Seconds,
		checks:       c.Spec.Checks,
		accepted:     c.Accepted,
		options:      b.options(c.Spec, p.interval),
		memoryLimit:  threshold(c.Spec.Checks, rollout.MemorySignal),
		by:           c.Spec.Signals.By,
		arms:         [2]arm{newArm(c.Raw.Canary, possible, numbers), newArm(c.Raw.Stable, possible, numbers)},
	}
	w.at, w.synced = c.Now, true
	return w
}

// farthest is how far from now a sample may be: nobody asks for what is farther, and clocks do not differ by more.
const farthest = 24 * time.Hour

// newPace takes the interval as measured where Prometheus scrapes more rarely than configured.
func newPace(s rollout.Spec, b *baseline) pace {
	interval := max(lookInterval(s), b.Interval)
	return pace{interval: interval, grace: min(interval/5, 3*time.Second) + b.Lag}
}

func scrapeInterval(s rollout.Signals) time.Duration {
	if s.Scrape > 0 {
		return s.Scrape
	}
	return 15 * time.Second
}

// lookInterval is the time that is judged at once: so many scrapes that it is not shorter than asked for. The rules count
// in it, and a burst of half a minute is as long where Prometheus scrapes each five seconds.
func lookInterval(s rollout.Spec) time.Duration {
	scrape := scrapeInterval(s.Signals)
	scrapes := max(1, (s.Judging.Interval+scrape-1)/scrape)
	return scrape * scrapes
}

// judgesShare reports whether the canary should get its share: the weight is the plan's, and all traffic passes the route.
func judgesShare(c rollout.Case) bool { return !c.Adrift && !c.Spec.Judging.NoShare }

func canaryShare(c rollout.Case) float64 {
	if c.Step >= len(c.Spec.Plan.Steps) {
		return 0
	}
	return float64(c.Spec.Plan.Steps[c.Step].Weight) / 100
}

// threshold is that of the first check with a signal; 0: no check has it.
func threshold(checks []rollout.Check, signal rollout.Signal) float64 {
	for _, check := range checks {
		if check.Signal == signal {
			return check.Threshold
		}
	}
	return 0
}

// reports are the series that tell which of an arm's targets report.
func reports(r rollout.Read) []rollout.Series {
	if len(r.Requests.Series) > 0 {
		return r.Requests.Series
	}
	if len(r.Latency.Series) > 0 {
		return r.Latency.Series
	}
	return r.Memory.Series
}

// reporters are an arm's targets with a sample in a span, in order.
func (w *window) reporters(arm int, s span) []string {
	a := &w.arms[arm]
	all := make([]string, 0, len(a.targets))
	for i := range a.targets {
		t := &a.targets[i]
		if a.reports(t, s) {
			all = append(all, t.name)
		}
	}
	return all
}

// reporting is how many of an arm's targets have a sample in a span.
func (w *window) reporting(arm int, s span) (n int) {
	a := &w.arms[arm]
	for i := range a.targets {
		t := &a.targets[i]
		if a.reports(t, s) {
			n++
		}
	}
	return n
}

// complete reports whether both arms have a sample in a span that counts. Where all traffic is the canary's, stable need
// not.
func (w *window) complete(s span) bool {
	counts := func(arm int) bool {
		a := &w.arms[arm]
		return a.any(func(t *target) bool { return a.counts(t, s) })
	}
	return counts(canaryArm) && (w.canaryOnly() || counts(stableArm))
}

func (w *window) canaryOnly() bool { return w.canaryShare >= 1 }

// fresh reports whether an arm's newest sample is of one of the last scrapes. It goes by the sample's own time: an
// instant query shows a value for five minutes after the last one.
func (w *window) fresh(arm int) bool {
	newest := w.newest(arm)
	return w.synced && !newest.IsZero() && w.at.Sub(newest) <= w.patience()
}

// newest is the time of an arm's newest report; zero: there is none.
func (w *window) newest(arm int) (at time.Time) {
	a := &w.arms[arm]
	for i := range a.targets {
		at = later(at, a.newest(&a.targets[i]))
	}
	return at
}

// patience is how old the newest sample may be while all is well.
func (p pace) patience() time.Duration { return 2*p.interval + p.grace + p.interval/5 }

// proxied reports whether a target reports on both arms: it is a proxy, not a pod.
func (w *window) proxied(target string) bool {
	t := w.arms[stableArm].target(target)
	return target != "" && t != nil && !t.first.IsZero()
}

// tooLarge reports whether an answer about either arm was too large to be read.
func (w *window) tooLarge() bool {
	return tooLarge(w.arms[canaryArm].Read) || tooLarge(w.arms[stableArm].Read)
}

func tooLarge(r rollout.Read) bool {
	return slices.ContainsFunc(r.All(), func(one rollout.Reading) bool { return one.Why == rollout.WhyTooLarge })
}

// required are the readings without which no scrape can be judged: the counts of requests and errors.
func (w *window) required() []rollout.Reading {
	c, s := &w.arms[canaryArm], &w.arms[stableArm]
	return append(make([]rollout.Reading, 0, 8), c.Requests, c.Errors, c.Success, s.Requests, s.Errors, s.Success)
}

// requiredBy are the readings that a check with a signal needs.
func (w *window) requiredBy(s rollout.Signal) []rollout.Reading {
	switch s {
	case rollout.LatencySignal:
		return append(w.required(), w.arms[canaryArm].Latency, w.arms[stableArm].Latency)
	case rollout.MemorySignal:
		return append(w.required(), w.arms[canaryArm].Memory, w.arms[stableArm].Memory)
	case rollout.ErrorSignal, rollout.SuccessSignal, rollout.NoSignal:
	}
	return w.required()
}

func (w *window) latency() []rollout.Reading {
	return []rollout.Reading{w.arms[canaryArm].Latency, w.arms[stableArm].Latency}
}

// firstWith returns the first reading with such a reason.
func firstWith(all []rollout.Reading, such func(rollout.Why) bool) (rollout.Reading, bool) {
	if i := slices.IndexFunc(all, func(r rollout.Reading) bool { return such(r.Why) }); i >= 0 {
		return all[i], true
	}
	return rollout.Reading{}, false
}

// unread reports whether the reason means that there is no reading at all.
func unread(w rollout.Why) bool { return w != rollout.WhyNone && w != rollout.WhyWarnings }

// incomplete reports whether the reason means that there may be more than was read.
func incomplete(w rollout.Why) bool { return w == rollout.WhyWarnings }

// scrape is one scrape of both arms over the same time: what the parts of the state are updated with.
type scrape struct {
	*window
	span
	first     bool        // of this weight
	current   bool        // the canary has a sample in the newest interval
	partial   bool        // fewer than four fifths of the canary's targets report
	reporters [2][]string // the targets with a sample in the span
	ages      []float64   // of the canary's targets, in seconds
	pods      []podTally
}

// podTally is what one of the canary's pods did in a scrape.
type podTally struct {
	target string
	tally
}

// newScrape reads a scrape from the window. At least one of the canary's targets must report in the span.
func newScrape(w *window, s span, t *targets) *scrape {
	sc := &scrape{
		window: w, span: s,
		reporters: [2][]string{w.reporters(canaryArm, s), w.reporters(stableArm, s)},
	}
	recent, before := w.reporting(canaryArm, sc.last(2)), w.reporting(canaryArm, sc.last(2*absentScrapes))
	sc.partial = recent*5 < before*4
	sc.ages = t.ages(w, sc.reporters[canaryArm], s.to)
	sc.pods = podTallies(w, sc.reporters[canaryArm], s, t)
	return sc
}

// youngest is the age of the canary's youngest target, in seconds.
func (sc *scrape) youngest() float64 { return slices.Min(sc.ages) }

// fewPods is how many pods stable has at least where it shows how pods differ.
const fewPods = 4

// hidden reports whether nobody sees how pods of a version differ: one target reports for all of them, or stable has only
// a few.
func (sc *scrape) hidden() bool {
	stable := len(sc.reporters[stableArm])
	return stable > 0 && stable < fewPods || slices.ContainsFunc(sc.reporters[canaryArm], sc.proxied)
}

// last is the span of so many scrapes that ends with this one.
func (sc *scrape) last(scrapes int) span {
	return span{sc.to.Add(-time.Duration(scrapes) * sc.interval), sc.to}
}

// maxPods is how many of the canary's pods are looked at one by one.
const maxPods = 50

// podTallies are what each of the canary's pods did. Proxies are left out: one that is worse than others says nothing
// about nodes.
func podTallies(w *window, targets []string, s span, t *targets) []podTally {
	all := make([]podTally, 0, min(len(targets), maxPods))
	for _, name := range targets {
		if !w.proxied(name) && len(all) < maxPods {
			one := w.arms[canaryArm].target(name)
			did := w.did(canaryArm, one, s, t)
			did.Errors = min(did.Errors, did.Requests)
			all = append(all, podTally{name, did})
		}
	}
	return all
}
