package analysis

import (
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/analysis/series"
	"canarybot.io/rollout/analysis/trial"
)

// docket is what is remembered of a rollout's signals: the trial, and how far it has come.
//
// Scrapes are judged one after the other on a grid that begins with the weight's acknowledgement, each once it is over
// and what Prometheus stored of it may be read. So whoever judges again from a stored docket comes to the same numbers.
type docket struct {
	Setup   setup       `json:"setup,omitzero"`
	Trial   trial.State `json:"trial"`
	Since   time.Time   `json:"since"`   // the acknowledgement of the weight
	Through time.Time   `json:"through"` // up to here scrapes are judged
	// Anchor is from when on counts are added up, and Taken what of that was judged. A sample that comes late is judged
	// with the next scrape: nothing is lost, and nothing counts twice.
	Anchor time.Time  `json:"anchor"`
	Taken  [2]counted `json:"taken"` // canary, stable
	Step   [2]counted `json:"step"`  // since the acknowledgement
	// Recent is what people are shown, in two parts, of which the newer one fills.
	Recent [2][2]counted        `json:"recent"`
	Filled int                  `json:"filled,omitempty"`
	Past   []looks              `json:"past,omitempty"` // of the latest scrapes, oldest first
	Born   map[string]time.Time `json:"born,omitempty"` // when each of the canary's targets was first heard
	Silent int                  `json:"silent,omitempty"`
	Over   int                  `json:"over,omitempty"`   // scrapes in a row with a pod at its memory's limit
	Memory [2]float64           `json:"memory,omitempty"` // the largest pod's use
	Pods   [2]int               `json:"pods,omitempty"`   // that reported
	Course extremes             `json:"course,omitzero"`
	Heard  bool                 `json:"heard,omitempty"` // some scrape of this weight was judged
	Stands standing             `json:"stands,omitzero"`
	Alone  alone                `json:"alone,omitzero"`
	// Learned is how this rollout's pods started.
	Learned trial.Starts `json:"learned,omitzero"`
}

// standing is how the trial stood after the newest scrape.
type standing struct {
	Log     float64     `json:"log,omitempty"`
	Worst   trial.Check `json:"worst,omitempty"`
	Against bool        `json:"against,omitempty"`
	Proved  bool        `json:"proved,omitempty"`
	Shared  bool        `json:"shared,omitempty"`
	Partial bool        `json:"partial,omitempty"`
}

// extremes span what the canary's shares and memory were in single scrapes of a step.
type extremes struct {
	Errors [2]float64 `json:"errors"`
	Memory [2]float64 `json:"memory"`
	Known  bool       `json:"known"`
}

// looks is what a scrape showed of both arms, for people: shares, and the largest use of memory.
type looks struct {
	Errors [2]float64 `json:"e"`
	Slow   [2]float64 `json:"s"`
	Memory [2]float64 `json:"m"`
}

// remembered is how many scrapes people are shown the course of.
const remembered = 24

// counted is what one arm did.
type counted struct {
	Requests float64               `json:"requests,omitempty"`
	Errors   float64               `json:"errors,omitempty"`
	Timed    float64               `json:"timed,omitempty"`
	Slow     [trial.Bounds]float64 `json:"slow,omitzero"`
}

// plus returns the counts with more of them, times a factor, never below nothing.
func (a counted) plus(b counted, factor float64) counted {
	a.Requests = max(0, a.Requests+factor*b.Requests)
	a.Errors = max(0, a.Errors+factor*b.Errors)
	a.Timed = max(0, a.Timed+factor*b.Timed)
	for i := range a.Slow {
		a.Slow[i] = max(0, a.Slow[i]+factor*b.Slow[i])
	}
	return a
}

const (
	// shown is how many scrapes each of the two parts holds that people are shown.
	shown = 10
	// anchored is after how many scrapes counting begins anew, and kept how many of them it keeps for late samples.
	anchored, kept = 8, 4
	// farBack is how much of the past is made up for after nobody judged: what lies before it is lost.
	farBack = 10 * time.Minute
)

// turn begins to judge another weight. What speaks against the canary is carried on; health is to be proved anew.
func (d *docket) turn(since time.Time) {
	d.Trial.Advance()
	d.Since, d.Through, d.Anchor = since, since, since
	d.Past = nil
	d.Taken, d.Step, d.Recent, d.Filled = [2]counted{}, [2]counted{}, [2][2]counted{}, 0
	d.Silent, d.Over, d.Heard, d.Course = 0, 0, false, extremes{}
	d.Alone.Each = nil
	against := d.Stands
	d.Stands = standing{Log: against.Log, Worst: against.Worst}
}

// scrape is the time between two samples of a series.
func scrape(c rollout.Case) time.Duration {
	if c.Spec.Signals.Scrape > 0 {
		return c.Spec.Signals.Scrape
	}
	return 15 * time.Second
}

// grace is how long after a scrape is over Prometheus may still be storing it.
func grace(c rollout.Case) time.Duration { return min(scrape(c)/5, 3*time.Second) }

// lookback is how many scrapes before the first wanted sample are read too: what that sample is compared with.
const lookback = 4

// paced returns the case with the time between two scrapes as it is, where Prometheus scrapes more rarely than it is
// said to.
func (d *docket) paced(c rollout.Case) rollout.Case {
	c.Spec.Signals.Scrape = max(scrape(c), d.Setup.Gap)
	return c
}

// want returns what to ask next.
func (d *docket) want(c rollout.Case) rollout.Want {
	c = d.paced(c)
	w := rollout.Want{
		Since: d.anchor(c).Add(-lookback * scrape(c)), Bounds: d.Setup.Bounds,
		Buckets: d.Setup.wantsBuckets(c), History: d.Setup.wantsHistory(c),
		At: d.Through.Add(scrape(c) + grace(c)),
	}
	if w.Buckets || w.History {
		w.At = c.Now
	}
	if early := c.Now.Add(-gaps); w.History && w.Since.After(early) {
		w.Since = early // long enough to see how often Prometheus scrapes
	}
	if late := c.Now.Add(scrape(c) / 5); !w.Buckets && !w.History && w.At.Before(late) {
		w.At = late // Prometheus had no answer for a scrape that is over: soon again
	}
	return w
}

// anchor is from when on counts can be added up.
func (d *docket) anchor(c rollout.Case) time.Time {
	if early := c.Now.Add(-farBack); d.Anchor.Before(early) {
		return early
	}
	return d.Anchor
}

// judge judges every scrape that is over.
func (d *docket) judge(c rollout.Case) rollout.Verdict {
	d.Setup.learn(c)
	c = d.paced(c)
	if a := d.anchor(c); a.After(d.Anchor) {
		d.Anchor, d.Taken = a, [2]counted{}
		d.Through = later(d.Through, a)
	}
	if _, bad := unread(c); !bad {
		o := d.Setup.options(c)
		for {
			end := d.Through.Add(scrape(c))
			if c.Now.Before(end.Add(grace(c))) {
				break
			}
			d.one(c, &o, end)
			d.Through = end
		}
	}
	return d.verdict(c)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// one judges the scrape that ended at a time. Where an arm has no sample in it, its counts come with the next one that
// has, for both arms: they are always compared over the same time.
func (d *docket) one(c rollout.Case, o *trial.Options, end time.Time) {
	from := d.Through
	canary := series.Targets(heardBy(c.Raw.Canary), from, end)
	stable := series.Targets(heardBy(c.Raw.Stable), from, end)
	d.births(c, end)
	if len(canary) == 0 || len(stable) == 0 {
		if len(canary) == 0 && len(stable) > 0 {
			d.Silent++
		}
		return
	}
	d.Silent = 0
	sum := [2]counted{d.total(c, 0, d.Anchor, end), d.total(c, 1, d.Anchor, end)}
	var in trial.Scrape
	arms := [2]*trial.Arm{&in.Canary, &in.Stable}
	d.Pods = [2]int{len(canary), len(stable)}
	d.fill()
	for arm, to := range arms {
		grown := sum[arm].plus(d.Taken[arm], -1)
		*to = trial.Arm{Requests: grown.Requests, Errors: grown.Errors, Timed: grown.Timed, Slow: grown.Slow, Pods: d.Pods[arm]}
		d.Step[arm] = d.Step[arm].plus(grown, 1)
		d.Recent[1][arm] = d.Recent[1][arm].plus(grown, 1)
	}
	d.Taken = sum
	ages := d.ages(canary, end)
	in.Age, in.Slack = slices.Min(ages), d.Setup.slack(ages, scrape(c).Seconds())
	did := d.did(c, canary, from, end)
	d.learn(c, did, end)
	d.Alone.note(did)
	in.Memory = d.memory(c, from, end)
	partial := d.partial(c, canary, end)
	if d.Heard && !partial { // the first scrape still holds what was sent at the weight before
		in.Weight = float64(c.Spec.Plan.Steps[c.Step].Weight) / 100
	}
	v := d.Trial.Add(o, in)
	d.Stands = standing{Log: v.Log, Worst: v.Worst, Against: v.Against, Proved: v.Proved, Shared: v.Shared, Partial: partial}
	d.weigh(o, canary)
	d.Heard = true
	d.Course.span(in)
	d.note(in)
	if scrapes := int(end.Sub(d.Anchor) / scrape(c)); scrapes >= anchored {
		anchor := end.Add(-kept * scrape(c))
		d.Taken = [2]counted{d.total(c, 0, anchor, end), d.total(c, 1, anchor, end)}
		d.Anchor = anchor
	}
}

// fill makes room for one more scrape in what people are shown.
func (d *docket) fill() {
	if d.Filled++; d.Filled > shown {
		d.Recent[0], d.Recent[1], d.Filled = d.Recent[1], [2]counted{}, 1
	}
}

// heardBy are the series by which an arm is heard.
func heardBy(r rollout.Read) []rollout.Series {
	if len(r.Requests.Series) > 0 {
		return r.Requests.Series
	}
	return r.Latency.Series
}

// births notes the canary's targets that are new. Those that were heard before the weight only are of another rollout.
func (d *docket) births(c rollout.Case, end time.Time) {
	for _, s := range heardBy(c.Raw.Canary) {
		if !slices.ContainsFunc(s.Points, func(p rollout.Point) bool { return p.At.After(d.Since) && !p.At.After(end) }) {
			continue
		}
		for _, p := range s.Points {
			at, known := d.Born[short(s.Target)]
			if p.At.After(end) || known && !p.At.Before(at) {
				continue
			}
			if d.Born == nil {
				d.Born = map[string]time.Time{}
			}
			d.Born[short(s.Target)] = p.At
		}
	}
}

// short is a target's name, short enough to be stored for many.
func short(target string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(target)) // a hash takes everything
	return strconv.FormatUint(h.Sum64(), 36)
}

// ages are those of the canary's targets, in seconds.
func (d *docket) ages(canary []string, end time.Time) []float64 {
	all := make([]float64, len(canary))
	for i, t := range canary {
		all[i] = end.Sub(d.Born[short(t)]).Seconds()
	}
	return all
}

// learn notes how the canary's pods start, for the rollouts to come.
func (d *docket) learn(c rollout.Case, did map[string]counted, end time.Time) {
	for t, did := range did {
		d.Learned.Note(end.Sub(d.Born[short(t)]).Seconds(), scrape(c).Seconds(),
			trial.Arm{Requests: did.Requests, Errors: did.Errors, Timed: did.Timed, Slow: did.Slow})
	}
}

// partial reports whether fewer than four fifths of the canary's targets of late were heard in this scrape.
func (d *docket) partial(c rollout.Case, canary []string, end time.Time) bool {
	lately := series.Targets(heardBy(c.Raw.Canary), end.Add(-3*scrape(c)), end)
	return len(canary)*5 < len(lately)*4
}

// total adds up what an arm did in a span.
func (d *docket) total(c rollout.Case, arm int, from, to time.Time) counted {
	r, birth := c.Raw.Canary, d.canaryBirth(c)
	if arm == 1 {
		r, birth = c.Raw.Stable, stableBirth(c.Raw.Stable)
	}
	sum := counted{Requests: series.Grown(r.Requests.Series, from, to, birth)}
	if c.Spec.Signals.Errors != "" { // no series of it is no error: a counter is not there before it counted
		sum.Errors = series.Grown(r.Errors.Series, from, to, birth)
	} else {
		sum.Errors = max(0, sum.Requests-series.Grown(r.Success.Series, from, to, birth))
	}
	sum.Timed = series.Grown(within(r.Latency.Series, everything), from, to, birth)
	for i, bound := range d.Setup.Seconds {
		sum.Slow[i] = max(0, sum.Timed-series.Grown(within(r.Latency.Series, bound), from, to, birth))
	}
	return sum
}

// canaryBirth says from what a new series of the canary counts: its pods are as new as the rollout, so from nothing;
// unless it was heard before, was away for longer than is read, and came back.
func (d *docket) canaryBirth(c rollout.Case) func(rollout.Series) series.Birth {
	return func(s rollout.Series) series.Birth {
		first := earliest(heardBy(c.Raw.Canary), s.Target)
		if born, ok := d.Born[short(s.Target)]; ok && !first.IsZero() && born.Before(first) && !earliestOf(s).After(first) {
			return series.FromFirst
		}
		return series.FromZero
	}
}

// stableBirth says from what a new series of stable counts: one that a target begins to show which was heard before,
// from nothing; a target that is new may be any age.
func stableBirth(r rollout.Read) func(rollout.Series) series.Birth {
	return func(s rollout.Series) series.Birth {
		if first := earliest(heardBy(r), s.Target); !first.IsZero() && first.Before(earliestOf(s)) {
			return series.FromZero
		}
		return series.FromFirst
	}
}

// earliest is when a target was first heard in what was read.
func earliest(all []rollout.Series, target string) (first time.Time) {
	for _, s := range all {
		if s.Target != target {
			continue
		}
		if at := earliestOf(s); first.IsZero() || !at.IsZero() && at.Before(first) {
			first = at
		}
	}
	return first
}

func earliestOf(s rollout.Series) (first time.Time) {
	for _, p := range s.Points {
		if first.IsZero() || p.At.Before(first) {
			first = p.At
		}
	}
	return first
}

// within are the series of one bound of a histogram.
func within(all []rollout.Series, bound float64) []rollout.Series {
	var found []rollout.Series
	for _, s := range all {
		if s.Bound == bound {
			found = append(found, s)
		}
	}
	return found
}

// memory notes what the largest pods use, and returns the canary's.
func (d *docket) memory(c rollout.Case, from, end time.Time) float64 {
	most := func(all []rollout.Series) (most float64) {
		for _, v := range series.Latest(all, from, end) {
			most = max(most, v)
		}
		return most
	}
	d.Memory = [2]float64{most(c.Raw.Canary.Memory.Series), most(c.Raw.Stable.Memory.Series)}
	if limit := limitOf(c, rollout.MemorySignal); limit > 0 && d.Memory[0] >= limit {
		d.Over++
	} else {
		d.Over = 0
	}
	return d.Memory[0]
}

// limitOf is the threshold of the check that asks about a signal; 0: none does.
func limitOf(c rollout.Case, signal rollout.Signal) float64 {
	for _, check := range c.Spec.Checks {
		if check.Signal == signal {
			return check.Threshold
		}
	}
	return 0
}

// note remembers what a scrape showed.
func (d *docket) note(in trial.Scrape) {
	slow := d.Setup.Slow
	share := func(bad, all float64) float64 {
		if all <= 0 {
			return 0
		}
		return rounded(bad / all)
	}
	d.Past = append(d.Past, looks{
		Errors: [2]float64{share(in.Canary.Errors, in.Canary.Requests), share(in.Stable.Errors, in.Stable.Requests)},
		Slow:   [2]float64{share(in.Canary.Slow[slow], in.Canary.Timed), share(in.Stable.Slow[slow], in.Stable.Timed)},
		Memory: [2]float64{rounded(d.Memory[0]), rounded(d.Memory[1])},
	})
	d.Past = d.Past[max(0, len(d.Past)-remembered):]
}

// rounded keeps three digits: what is drawn needs no more, and is stored with every commit.
func rounded(v float64) float64 {
	if v == 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-2)
	return math.Round(v/unit) * unit
}

// span widens the extremes by one scrape.
func (e *extremes) span(in trial.Scrape) {
	share := func(bad, all float64) float64 {
		if all <= 0 {
			return 0
		}
		return bad / all
	}
	for _, one := range []struct {
		to    *[2]float64
		value float64
	}{
		{&e.Errors, share(in.Canary.Errors, in.Canary.Requests)}, {&e.Memory, in.Memory},
	} {
		if !e.Known {
			*one.to = [2]float64{one.value, one.value}
		}
		one.to[0], one.to[1] = min(one.to[0], one.value), max(one.to[1], one.value)
	}
	e.Known = true
}
