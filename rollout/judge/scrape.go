package judge

import (
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/series"
	"canarybot.io/rollout/judge/trial"
)

// one judges the scrape that ended at a time. Where an arm has no sample in it, its counts come with the next one that
// has, for both arms, so that they are compared over the same time. Samples that always come late are judged as they
// come.
func (d *docket) one(c rollout.Case, o *trial.Options, end time.Time) {
	from := d.Through
	d.births(c, end)
	canary, stable := heardBy(c.Raw.Canary), heardBy(c.Raw.Stable)
	alone := share(c) >= 1 // stable has no traffic, and need not be heard
	fresh := len(series.Targets(canary, from, end)) > 0
	if !fresh || !alone && len(series.Targets(stable, from, end)) == 0 {
		d.hush(c, from, end)
		lately := from.Add(-scrape(c))
		if d.Missed++; d.Missed < 2 || len(series.Targets(canary, lately, end)) == 0 || !alone && len(series.Targets(stable, lately, end)) == 0 {
			return
		}
		from = lately
	} else {
		d.Silent, d.Passed = 0, 0
	}
	d.Missed = 0
	d.add(c, o, from, end, fresh)
	late := kept
	if tooLarge(c.Raw.Canary) || tooLarge(c.Raw.Stable) {
		late = 1 // less is read then, and late samples are lost
	}
	if scrapes := int(end.Sub(d.Anchor) / scrape(c)); scrapes >= anchored || late < kept && scrapes > late {
		anchor := end.Add(-time.Duration(late) * scrape(c))
		d.Taken = [2]counted{d.total(c, 0, anchor, end), d.total(c, 1, anchor, end)}
		d.Anchor = anchor
	}
}

// hush counts scrapes in which stable is heard and the canary is not, not even late.
func (d *docket) hush(c rollout.Case, from, end time.Time) {
	if len(series.Targets(heardBy(c.Raw.Stable), from, end)) == 0 {
		return
	}
	if len(series.Targets(heardBy(c.Raw.Canary), from.Add(-scrape(c)), end)) > 0 {
		return
	}
	if before := from.Add(-scrape(c)); d.Silent == 0 && !before.Before(d.Since) && len(series.Targets(heardBy(c.Raw.Stable), before, from)) > 0 {
		d.Silent, from = 1, before // the scrape before was silent too, and might have come late
	}
	d.Silent++
	d.Passed += d.total(c, 1, from, end).Requests
}

// add places the bets of one scrape. Fresh says that the canary has a sample in it.
func (d *docket) add(c rollout.Case, o *trial.Options, from, end time.Time, fresh bool) {
	canary := series.Targets(heardBy(c.Raw.Canary), from, end)
	pods := [2]int{len(canary), len(series.Targets(heardBy(c.Raw.Stable), from, end))}
	sum := [2]counted{d.total(c, 0, d.Anchor, end), d.total(c, 1, d.Anchor, end)}
	d.Other = strange(c.Raw.Canary.Latency.Series, d.Setup.Seconds)
	d.untimed(c, &sum, from)
	var in trial.Scrape
	d.fill()
	for arm, to := range []*trial.Arm{&in.Canary, &in.Stable} {
		grown := sum[arm].plus(d.Taken[arm], -1)
		*to = trial.Arm{Requests: grown.Requests, Errors: grown.Errors, Timed: grown.Timed, Slow: grown.Slow, Pods: pods[arm]}
		d.Step[arm] = d.Step[arm].plus(grown, 1)
		d.Recent[1][arm] = d.Recent[1][arm].plus(grown, 1)
	}
	d.Taken = sum
	ages := d.ages(c, canary, end)
	in.Age, in.Slack = slices.Min(ages), d.Setup.slack(ages, scrape(c).Seconds())
	did := d.did(c, canary, from, end)
	d.learn(c, did, in.Canary, end)
	d.Alone.note(did)
	in.Memory = d.memory(c, end)
	partial := d.partial(c, end)
	// The first scrape still holds what was sent at the weight before, and what is not heard whole says nothing of shares.
	if d.Heard && fresh && !partial && !c.Adrift && !c.Spec.Judging.NoShare {
		in.Weight = share(c)
	}
	v := d.Trial.Add(o, in)
	d.Stands = standing{Log: v.Log, Worst: v.Worst, Against: v.Against, Proved: v.Proved, Erring: v.SharedErrors, Slow: v.SharedSlow, Partial: partial}
	d.weigh(o, series.Targets(heardBy(c.Raw.Canary), end.Add(-absent*scrape(c)), end))
	if !d.Heard {
		d.Same, _ = both(c.Raw.Canary.Requests, c.Raw.Stable.Requests)
	}
	d.Heard = true
	d.Course.span(in, d.Memory[0])
	d.note(in)
}

// untimed leaves latency out of a scrape where it could not be read: the other checks go on without it. When it can be
// read again, what it did meanwhile is left out too.
func (d *docket) untimed(c rollout.Case, sum *[2]counted, from time.Time) {
	_, blind := firstWith([]rollout.Reading{c.Raw.Canary.Latency, c.Raw.Stable.Latency}, missing)
	for arm := range sum {
		switch {
		case blind:
			sum[arm].Timed, sum[arm].Slow = d.Taken[arm].Timed, d.Taken[arm].Slow
		case d.Blind:
			before := d.total(c, arm, d.Anchor, from)
			d.Taken[arm].Timed, d.Taken[arm].Slow = before.Timed, before.Slow
		}
	}
	d.Blind = blind
}

// absent is for how many scrapes a target may be unheard before it counts as gone.
const absent = 3

// strange reports whether an arm's histogram lacks a bound that is compared, though it counts: then every request would
// seem to be slow.
func strange(all []rollout.Series, bounds []float64) bool {
	if len(within(all, everything)) == 0 {
		return false
	}
	return slices.ContainsFunc(bounds, func(b float64) bool { return len(within(all, b)) == 0 })
}

// share is the canary's of the traffic, 0 to 1.
func share(c rollout.Case) float64 {
	if c.Step >= len(c.Spec.Plan.Steps) {
		return 0
	}
	return float64(c.Spec.Plan.Steps[c.Step].Weight) / 100
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
	if len(r.Latency.Series) > 0 {
		return r.Latency.Series
	}
	return r.Memory.Series
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

// ages are those of the canary's targets, in seconds. A target that shows stable too is a proxy: of the pods behind it
// nothing is known but that they got this weight.
func (d *docket) ages(c rollout.Case, canary []string, end time.Time) []float64 {
	all := make([]float64, len(canary))
	for i, t := range canary {
		if all[i] = end.Sub(d.Born[short(t)]).Seconds(); proxied(c, t) {
			all[i] = min(all[i], end.Sub(d.Since).Seconds())
		}
	}
	return all
}

// proxied reports whether a target shows both arms.
func proxied(c rollout.Case, target string) bool {
	return target != "" && slices.ContainsFunc(heardBy(c.Raw.Stable), func(s rollout.Series) bool { return s.Target == target })
}

// learn notes how the canary's pods start, for the rollouts to come. Behind a proxy nobody tells pods apart: there all that
// the canary did counts as of one that started with its weight.
func (d *docket) learn(c rollout.Case, did map[string]counted, canary trial.Arm, end time.Time) {
	if len(did) == 0 {
		d.Learned.Note(end.Sub(d.Since).Seconds(), scrape(c).Seconds(), canary, !d.Heard)
	}
	for t, did := range did {
		name := short(t)
		first := !slices.Contains(d.Met, name)
		if first {
			d.Met = append(d.Met, name)
		}
		d.Learned.Note(end.Sub(d.Born[name]).Seconds(), scrape(c).Seconds(),
			trial.Arm{Requests: did.Requests, Errors: did.Errors, Timed: did.Timed, Slow: did.Slow}, first)
	}
	slices.Sort(d.Met)
}

// partial reports whether fewer than four fifths of the canary's targets of late were heard in the last two scrapes.
func (d *docket) partial(c rollout.Case, end time.Time) bool {
	heard := heardBy(c.Raw.Canary)
	lately := series.Targets(heard, end.Add(-2*absent*scrape(c)), end)
	return len(series.Targets(heard, end.Add(-2*scrape(c)), end))*5 < len(lately)*4
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
	if strange(r.Latency.Series, d.Setup.Seconds) {
		return sum
	}
	latency := series.Together(r.Latency.Series, to, absent*scrape(c))
	sum.Timed = series.Grown(within(latency, everything), from, to, birth)
	for i, bound := range d.Setup.Seconds {
		sum.Slow[i] = max(0, sum.Timed-series.Grown(within(latency, bound), from, to, birth))
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
