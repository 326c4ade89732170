package judge

import (
	"math"
	"slices"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/trial"
)

// undecidedOdds are the odds against a canary from which it does not go on.
const undecidedOdds = 3

// verdict is what the state of the signals says.
func verdict(w *window, s *signalState) rollout.Verdict {
	v := rollout.Verdict{
		Since: s.Since, At: w.now, Odds: s.Standing.LogOdds, Limit: w.options.Limit(),
		Proved: s.Standing.Proved && !s.Standing.Partial,
	}
	v.Evidence = make([]rollout.Evidence, 0, len(w.checks))
	decides := func(check rollout.Check) bool { return check.Signal != rollout.NoSignal && !check.DryRun }
	first := slices.IndexFunc(w.checks, decides)
	if first < 0 {
		v.Odds, v.Limit = 0, 0
	}
	for i, check := range w.checks {
		if check.Signal == rollout.NoSignal {
			continue
		}
		e := figures(w, s, check)
		e.Result, e.Why, e.Detail = result(w, s, check, e)
		if e.Doubt = s.doubt(e, check.Signal); e.Doubt == rollout.DoubtAsks {
			onDoubt(check, &e)
		}
		if worst, _ := s.evidence.strongest(check.Signal); s.Judged {
			s.Beside.explain(w, worst, &e, check.Signal)
		}
		if why := canaryFails(w, s); i == first && why != rollout.WhyNone {
			e.Result, e.Why = rollout.Fail, why
		}
		v.Evidence = append(v.Evidence, e)
	}
	if first < 0 {
		return v
	}
	for _, e := range s.Beside.evidence(w, &s.evidence) {
		if e.Doubt == rollout.DoubtAsks {
			onDoubt(w.checks[first], &e) // as the first check that decides wishes
		}
		v.Evidence = append(v.Evidence, e)
	}
	return v
}

// canaryFails returns why the canary fails whatever its checks show. The first check that decides says so.
func canaryFails(w *window, s *signalState) rollout.Why {
	switch {
	case s.missing.gone(w, s.Step[canaryArm].Requests):
		return rollout.WhySilent
	case s.Standing.Rejected && s.Standing.Worst == trial.Share && s.Users.away():
		return rollout.WhyNoShare
	}
	return rollout.WhyNone
}

// result decides one check. What fails it comes first: evidence does not go away because no more can be read.
func result(w *window, s *signalState, check rollout.Check, e rollout.Evidence) (r rollout.Result, why rollout.Why, detail string) {
	if why := fails(w, s, check); why != rollout.WhyNone {
		return failure(w, s, check, why)
	}
	if why, detail := unknown(w, s, check); why != rollout.WhyNone {
		return rollout.Unknown, why, detail
	}
	if why, _ := s.evidence.doubts(check.Signal); why != rollout.WhyNone && !w.accepts(check, why) {
		return rollout.Unknown, why, ""
	}
	if why := undecided(w, s, check, e); why != rollout.WhyNone && !w.accepts(check, why) {
		return rollout.Unknown, why, ""
	}
	return rollout.Pass, rollout.WhyNone, ""
}

// failure is the result of a check that fails, but for a single pod that alone is bad.
func failure(w *window, s *signalState, check rollout.Check, why rollout.Why) (rollout.Result, rollout.Why, string) {
	pod, tolerated := s.Outlier.held()
	accepted := w.accepts(check, rollout.WhyOnePod)
	switch {
	case check.Signal == rollout.MemorySignal:
		return rollout.Fail, why, ""
	case accepted && (pod != "" || len(s.Outlier.Recent) == 1): // a person answers for the pod
		return rollout.Pass, rollout.WhyNone, ""
	case pod == "":
		return rollout.Fail, why, ""
	case tolerated:
		return rollout.Unknown, rollout.WhyOnePod, pod
	}
	return rollout.Fail, rollout.WhyOnePod, pod
}

// fails returns why a check fails.
func fails(w *window, s *signalState, check rollout.Check) rollout.Why {
	if check.Signal == rollout.MemorySignal && s.OverLimit >= 2 {
		return rollout.WhyLimit
	}
	if !s.Judged {
		return rollout.WhyNone
	}
	return s.evidence.rejects(check, &w.options)
}

// unknown returns why a check cannot be judged now.
func unknown(w *window, s *signalState, check rollout.Check) (why rollout.Why, detail string) {
	required := w.requiredBy(check.Signal)
	if r, bad := firstWith(required, unread); bad {
		return r.Why, r.Detail
	}
	canary, stable := w.fresh(canaryArm), w.fresh(stableArm)
	switch {
	case s.Shared != "":
		return rollout.WhySameSeries, s.Shared
	case w.lacks[countGroup], w.lacks[latencyGroup] && check.Signal == rollout.LatencySignal,
		s.Refused && check.Signal != rollout.MemorySignal:
		return rollout.WhyIncomplete, ""
	case !s.Judged && w.now.Sub(s.Since) < 3*w.interval:
		return rollout.WhyWarmingUp, ""
	case !canary && stable:
		return rollout.WhyNoData, ""
	case !canary:
		return rollout.WhyNoData, "nothing of stable either: look at Prometheus, or at the labels"
	case !stable && !w.canaryOnly():
		return rollout.WhyNoData, "nothing of stable to compare with"
	case !s.Judged:
		return rollout.WhyWarmingUp, ""
	}
	if why, detail := unmeasured(s, check.Signal); why != rollout.WhyNone {
		return why, detail
	}
	if r, warned := firstWith(required, incomplete); warned {
		return rollout.WhyWarnings, r.Detail
	}
	return rollout.WhyNone, ""
}

// unmeasured returns why there is no value of a signal, though both arms report.
func unmeasured(s *signalState, signal rollout.Signal) (why rollout.Why, detail string) {
	switch {
	case signal == rollout.MemorySignal && s.memory.Used[canaryArm] == 0:
		return rollout.WhyNoData, ""
	case signal == rollout.LatencySignal && (s.Baseline.NoBound || s.missing.Bounds):
		return rollout.WhyCoarse, ""
	case signal == rollout.LatencySignal && len(s.Baseline.Bounds) == 0:
		return rollout.WhyNoData, "nothing of the buckets of stable's histogram yet"
	}
	return rollout.WhyNone, ""
}

// undecided returns why the evidence does not suffice to pass.
func undecided(w *window, s *signalState, check rollout.Check, e rollout.Evidence) rollout.Why {
	requests := check.Signal != rollout.MemorySignal
	switch {
	case requests && e.Compared.Canary.Requests == 0:
		return rollout.WhyNoTraffic
	case requests && *e.Requests < check.MinRequests:
		return rollout.WhyTooFewRequests
	case requests && e.Share != nil:
		return rollout.WhyLittleShare
	case requests && s.Users.probes(w):
		return rollout.WhyProbes
	case s.Standing.SharedSlow && check.Signal == rollout.LatencySignal,
		s.Standing.SharedErrors && (check.Signal == rollout.ErrorSignal || check.Signal == rollout.SuccessSignal):
		return rollout.WhyShared
	case s.Standing.Partial:
		return rollout.WhyPartial
	case w.acceptsAny(check): // a person knows that it is different
	case s.Standing.LogOdds >= math.Log(undecidedOdds) && s.evidence.leads(check.Signal) && !s.Standing.Quiet:
		return rollout.WhyUndecided
	case e.Canary != nil && !e.Comparison.Holds(*e.Canary, e.Threshold):
		return rollout.WhyUndecided
	}
	return rollout.WhyNone
}

// figures are the numbers that a check shows people, without a result.
func figures(w *window, s *signalState, check rollout.Check) rollout.Evidence {
	e := rollout.Evidence{
		Check: check.Name, Threshold: check.Threshold, Comparison: check.Comparison, Unit: check.Unit, MinRequests: check.MinRequests,
	}
	if check.Signal == rollout.LatencySignal { // a share of slow requests is exact; a quantile within a bucket is a guess
		e.Unit, e.Threshold = rollout.Ratio, check.Share
	}
	if !s.Judged {
		return e
	}
	worst, logOdds := s.evidence.strongest(check.Signal)
	e.Compared = &rollout.Compared{
		Odds: logOdds, Limit: w.options.Limit(), AtLeast: s.Trial.AtLeast(&w.options, worst), Trend: s.trend.of(check.Signal),
	}
	if check.Signal == rollout.MemorySignal {
		memoryFigures(&e, s)
	} else {
		requestFigures(&e, s, check.Signal)
		e.Share = s.Users.little(w)
	}
	return e
}

func memoryFigures(e *rollout.Evidence, s *signalState) {
	used, x := s.memory.Used, s.Extremes
	e.Canary, e.Stable = number(used[canaryArm], used[canaryArm] > 0), number(used[stableArm], used[stableArm] > 0)
	e.Lowest, e.Highest = number(x.Memory[0], x.Known), number(x.Memory[1], x.Known)
	e.MinRequests = 0
}

func requestFigures(e *rollout.Evidence, s *signalState, signal rollout.Signal) {
	slow := s.Baseline.Slow
	count := func(t tally) rollout.Count {
		if signal == rollout.LatencySignal {
			return rollout.Count{Requests: t.Timed, Bad: t.Slow[slow]}
		}
		return rollout.Count{Requests: t.Requests, Bad: t.Errors}
	}
	c := e.Compared
	c.Canary, c.Stable = count(s.counts.recent(canaryArm)), count(s.counts.recent(stableArm))
	if signal == rollout.LatencySignal && len(s.Baseline.Seconds) > 0 {
		c.Bound = s.Baseline.Seconds[slow]
	}
	step := count(s.Step[canaryArm]).Requests
	e.Requests = &step
	e.Canary, e.Stable = share(c.Canary, signal), share(c.Stable, signal)
	if x := s.Extremes; signal == rollout.ErrorSignal {
		e.Lowest, e.Highest = number(x.Errors[0], x.Known), number(x.Errors[1], x.Known)
	}
}

// share is that of the bad requests, or of the others where the check asks about success; nil of nothing.
func share(n rollout.Count, signal rollout.Signal) *float64 {
	v := n.Bad / n.Requests
	if n.Bad < 0.5 { // less than one: an increment is divided between scrapes by time
		v = 0
	}
	if signal == rollout.SuccessSignal {
		v = 1 - v
	}
	return number(v, n.Requests > 0)
}

func number(v float64, known bool) *float64 {
	if !known || math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
