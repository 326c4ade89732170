package judge

import (
	"math"
	"slices"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/series"
	"canarybot.io/rollout/judge/trial"
)

// gone reports whether the canary says nothing while stable does, for as many scrapes as mean that it is gone. One that
// has shown no request is given longer: Prometheus takes seconds to learn of new pods, whatever its interval, and a
// counter may not be there before the first request.
func (d *docket) gone(c rollout.Case) bool {
	const learning = 20 * time.Second
	const due = 20 // requests that the canary should have had
	w := share(c)
	if d.Silent < silentSamples || w < 1 && d.Passed*w < due*(1-w) {
		return false
	}
	if d.Step[0].Requests > 0 { // more than the last sample of a pod of the rollout before, which gets no requests
		return true
	}
	return time.Duration(d.Silent)*scrape(c) >= learning
}

// doubt is the odds from which the evidence leans against a canary too much to let it go on.
const doubt = 3

// missing is why a reading could not be had at all.
func missing(w rollout.Why) bool { return w != rollout.WhyNone && w != rollout.WhyWarnings }

// warning is why it may hold a part only of what there is.
func warning(w rollout.Why) bool { return w == rollout.WhyWarnings }

// counts are the readings of both arms that no scrape can be judged without: by them an arm is heard, and what failed is
// told from what did not.
func counts(c rollout.Case) []rollout.Reading {
	a, b := c.Raw.Canary, c.Raw.Stable
	return []rollout.Reading{a.Requests, a.Errors, a.Success, b.Requests, b.Errors, b.Success}
}

// neededBy are the readings that a check needs.
func neededBy(c rollout.Case, s rollout.Signal) []rollout.Reading {
	switch s {
	case rollout.LatencySignal:
		return append(counts(c), c.Raw.Canary.Latency, c.Raw.Stable.Latency)
	case rollout.MemorySignal:
		return append(counts(c), c.Raw.Canary.Memory, c.Raw.Stable.Memory)
	case rollout.ErrorSignal, rollout.SuccessSignal, rollout.NoSignal:
	}
	return counts(c)
}

// firstWith returns the first reading with such a reason.
func firstWith(all []rollout.Reading, such func(rollout.Why) bool) (rollout.Reading, bool) {
	if i := slices.IndexFunc(all, func(r rollout.Reading) bool { return such(r.Why) }); i >= 0 {
		return all[i], true
	}
	return rollout.Reading{}, false
}

// verdict is how the signals stand.
func (d *docket) verdict(c rollout.Case) rollout.Verdict {
	o := d.Setup.options(c)
	v := rollout.Verdict{Since: c.Since, At: c.Now, Odds: d.Stands.Log, Limit: o.Limit(), Proved: d.Stands.Proved && !d.Stands.Partial}
	told := false
	speaks := func(check rollout.Check) bool { return check.Signal != rollout.NoSignal && !check.DryRun }
	if !slices.ContainsFunc(c.Spec.Checks, speaks) { // nothing decides
		v.Odds, v.Limit = 0, 0
	}
	for _, check := range c.Spec.Checks {
		if check.Signal == rollout.NoSignal {
			continue
		}
		e := d.numbers(check, &o)
		e.Result, e.Why, e.Detail = d.result(c, check, &o, e)
		if !told && !check.DryRun { // what speaks of the canary and of no check is told once
			told = true
			switch {
			case d.gone(c):
				e.Result, e.Why = rollout.Fail, rollout.WhySilent
			case d.Stands.Against && d.Stands.Worst == trial.Share:
				e.Result, e.Why = rollout.Fail, rollout.WhyNoShare
			}
		}
		v.Evidence = append(v.Evidence, e)
	}
	return v
}

// bets are those that speak of a check, the one on its limit last.
func bets(s rollout.Signal) []trial.Check {
	switch s {
	case rollout.ErrorSignal, rollout.SuccessSignal:
		return []trial.Check{trial.Errors, trial.ErrorLimit}
	case rollout.LatencySignal:
		return []trial.Check{trial.Latency, trial.SlowLimit}
	case rollout.MemorySignal:
		return []trial.Check{trial.Memory}
	case rollout.NoSignal:
	}
	return nil
}

// worst returns the bet that says most against the canary of those that speak of a check.
func (d *docket) worst(s rollout.Signal) (worst trial.Check, log float64) {
	log = math.Inf(-1)
	for _, k := range bets(s) {
		if l := d.Trial.Log(k); l > log {
			worst, log = k, l
		}
	}
	return worst, log
}

// numbers is what a check shows, without a result.
func (d *docket) numbers(check rollout.Check, o *trial.Options) rollout.Evidence {
	e := rollout.Evidence{
		Check: check.Name, Threshold: check.Threshold, Comparison: check.Comparison, Unit: check.Unit, MinRequests: check.MinRequests,
	}
	if check.Signal == rollout.LatencySignal { // a share of slow requests is exact; a quantile within a bucket is a guess
		e.Unit, e.Threshold = rollout.Ratio, check.Share
	}
	if !d.Heard {
		return e
	}
	worst, log := d.worst(check.Signal)
	e.Compared = &rollout.Compared{Odds: log, Limit: o.Limit(), AtLeast: d.Trial.AtLeast(o, worst), Trend: d.course(check.Signal)}
	if check.Signal == rollout.MemorySignal {
		e.Canary, e.Stable = number(d.Memory[0], d.Memory[0] > 0), number(d.Memory[1], d.Memory[1] > 0)
		e.Lowest, e.Highest = number(d.Course.Memory[0], d.Course.Known), number(d.Course.Memory[1], d.Course.Known)
		e.MinRequests = 0
		return e
	}
	count := func(a counted) rollout.Count {
		if check.Signal == rollout.LatencySignal {
			return rollout.Count{Requests: a.Timed, Bad: a.Slow[d.Setup.Slow]}
		}
		return rollout.Count{Requests: a.Requests, Bad: a.Errors}
	}
	recent := func(arm int) rollout.Count { return count(d.Recent[0][arm].plus(d.Recent[1][arm], 1)) }
	e.Compared.Canary, e.Compared.Stable = recent(0), recent(1)
	if check.Signal == rollout.LatencySignal && len(d.Setup.Seconds) > 0 {
		e.Compared.Bound = d.Setup.Seconds[d.Setup.Slow]
	}
	step := count(d.Step[0]).Requests
	e.Requests = &step
	share := func(n rollout.Count) *float64 {
		v := n.Bad / n.Requests
		if n.Bad < 0.5 { // less than one: an increment is shared between scrapes by time
			v = 0
		}
		if check.Signal == rollout.SuccessSignal {
			v = 1 - v
		}
		return number(v, n.Requests > 0)
	}
	e.Canary, e.Stable = share(e.Compared.Canary), share(e.Compared.Stable)
	if check.Signal == rollout.ErrorSignal {
		e.Lowest, e.Highest = number(d.Course.Errors[0], d.Course.Known), number(d.Course.Errors[1], d.Course.Known)
	}
	return e
}

// course is how a check's value went.
func (d *docket) course(s rollout.Signal) [][2]float64 {
	all := make([][2]float64, len(d.Past))
	for i, p := range d.Past {
		switch s {
		case rollout.ErrorSignal:
			all[i] = p.Errors
		case rollout.SuccessSignal:
			all[i] = [2]float64{1 - p.Errors[0], 1 - p.Errors[1]}
		case rollout.LatencySignal:
			all[i] = p.Slow
		case rollout.MemorySignal:
			all[i] = p.Memory
		case rollout.NoSignal:
		}
	}
	return all
}

func number(v float64, known bool) *float64 {
	if !known || math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// result decides one check. What condemns comes first: evidence that was had does not go away because nothing more can
// be read.
func (d *docket) result(c rollout.Case, check rollout.Check, o *trial.Options, e rollout.Evidence) (rollout.Result, rollout.Why, string) {
	if why := d.condemned(check, o); why != rollout.WhyNone {
		pod, bear := d.bearing()
		switch {
		case pod == "" || check.Signal == rollout.MemorySignal:
			return rollout.Fail, why, ""
		case bear:
			return rollout.Unknown, rollout.WhyOnePod, pod
		}
		return rollout.Fail, rollout.WhyOnePod, pod
	}
	if why, detail := d.unheard(c, check); why != rollout.WhyNone {
		return rollout.Unknown, why, detail
	}
	if why := d.doubtful(check, e); why != rollout.WhyNone {
		return rollout.Unknown, why, ""
	}
	return rollout.Pass, rollout.WhyNone, ""
}

// condemned returns why the check condemns.
func (d *docket) condemned(check rollout.Check, o *trial.Options) rollout.Why {
	if check.Signal == rollout.MemorySignal && d.Over >= 2 {
		return rollout.WhyLimit
	}
	worst, log := d.worst(check.Signal)
	switch {
	case !d.Heard:
	case d.Stands.Against && d.leads(check.Signal): // whichever of its bets says more: together all suffice
		return reproach(d.Stands.Worst)
	case log+math.Log(o.Weights[worst]) >= o.Limit(), check.DryRun && log >= o.Limit():
		return reproach(worst)
	}
	return rollout.WhyNone
}

// leads reports whether the bet that says most against the canary is one of a signal's.
func (d *docket) leads(s rollout.Signal) bool { return slices.Contains(bets(s), d.Stands.Worst) }

// reproach is what a bet says of the canary.
func reproach(k trial.Check) rollout.Why {
	switch k {
	case trial.Errors, trial.Latency:
		return rollout.WhyWorse
	case trial.Memory:
		return rollout.WhyGrows
	case trial.Share:
		return rollout.WhyNoShare
	case trial.ErrorLimit, trial.SlowLimit, trial.Checks:
	}
	return rollout.WhyBeyond
}

// unheard returns why nothing can be said just now.
func (d *docket) unheard(c rollout.Case, check rollout.Check) (rollout.Why, string) {
	if r, bad := firstWith(neededBy(c, check.Signal), missing); bad {
		return r.Why, r.Detail
	}
	newest := [2]bool{d.fresh(c, c.Raw.Canary), d.fresh(c, c.Raw.Stable)}
	switch {
	case d.Same != "":
		return rollout.WhySameSeries, d.Same
	case !d.Heard && c.Now.Sub(d.Since) < 3*scrape(c):
		return rollout.WhyWarmingUp, ""
	case !newest[0] && newest[1]:
		return rollout.WhyNoData, ""
	case !newest[0]:
		return rollout.WhyNoData, "nothing of stable either: look at Prometheus, or at the labels"
	case !newest[1] && share(c) < 1:
		return rollout.WhyNoData, "nothing of stable to compare with"
	case !d.Heard:
		return rollout.WhyWarmingUp, ""
	case check.Signal == rollout.MemorySignal && d.Memory[0] == 0:
		return rollout.WhyNoData, ""
	case check.Signal == rollout.LatencySignal && (d.Setup.Nothing || d.Other):
		return rollout.WhyCoarse, ""
	case check.Signal == rollout.LatencySignal && len(d.Setup.Bounds) == 0:
		return rollout.WhyNoData, "nothing of the buckets of stable's histogram yet"
	}
	if r, odd := firstWith(neededBy(c, check.Signal), warning); odd {
		return rollout.WhyWarnings, r.Detail
	}
	return rollout.WhyNone, ""
}

// fresh reports whether an arm's newest sample is of one of the last scrapes. It goes by the sample's own time: an
// instant query shows a value for five minutes after the last one.
func (d *docket) fresh(c rollout.Case, r rollout.Read) bool {
	newest := series.Newest(heardBy(r))
	return !newest.IsZero() && c.Now.Sub(newest) <= 2*scrape(c)+d.grace(c)+scrape(c)/5
}

// doubtful returns why what was heard does not suffice to pass.
func (d *docket) doubtful(check rollout.Check, e rollout.Evidence) rollout.Why {
	switch {
	case check.Signal != rollout.MemorySignal && e.Compared.Canary.Requests == 0: // lately
		return rollout.WhyNoTraffic
	case check.Signal != rollout.MemorySignal && *e.Requests < check.MinRequests:
		return rollout.WhyTooFewRequests
	case d.Stands.Slow && check.Signal == rollout.LatencySignal,
		d.Stands.Erring && (check.Signal == rollout.ErrorSignal || check.Signal == rollout.SuccessSignal):
		return rollout.WhyShared
	case d.Stands.Partial:
		return rollout.WhyPartial
	case d.Stands.Log >= math.Log(doubt) && d.leads(check.Signal):
		return rollout.WhyUndecided
	case e.Canary != nil && !e.Comparison.Holds(*e.Canary, e.Threshold):
		return rollout.WhyUndecided
	}
	return rollout.WhyNone
}
