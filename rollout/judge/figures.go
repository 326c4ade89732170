package judge

import (
	"math"

	"canarybot.io/rollout"
)

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
