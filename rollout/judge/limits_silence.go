package judge

import "canarybot.io/rollout"

// silentSamples is how many samples in a row without the canary's series, while stable's are there, mean that the
// canary is gone: one more than a pod's restart usually costs, and a minute at the default interval.
const silentSamples = 4

// silence returns how many samples in a row, with this one, had stable only. A sample that could not be read leaves the
// streak; any sign of the canary ends it.
func (r checkState) silence(c rollout.Check, s rollout.Sample) streak {
	switch s.CanaryWhy {
	case rollout.WhyNoData:
		if s.Stable != nil {
			return r.Silent.next(s.At, c.Interval)
		}
	case rollout.WhyNone:
		if s.Canary != nil {
			return streak{}
		}
	case rollout.WhyNotANumber, rollout.WhyInfinite, rollout.WhySeveralSeries: // odd, but a sign
		return streak{}
	case rollout.WhyLimit, rollout.WhyCeiling, rollout.WhySilent, rollout.WhyFailingOnce, rollout.WhyTooFewRequests,
		rollout.WhyWarnings, rollout.WhyStale, rollout.WhyQueryError, rollout.WhyUnreachable,
		rollout.WhyTimeout, rollout.WhyTooLarge, rollout.WhyWarmingUp, rollout.WhyNotAsked:
	case rollout.WhyWorse, rollout.WhyBeyond, rollout.WhyGrows, rollout.WhyUndecided, rollout.WhyShared, rollout.WhyNoTraffic,
		rollout.WhyNoShare, rollout.WhyOnePod, rollout.WhyPartial, rollout.WhySameSeries, rollout.WhyCoarse,
		rollout.WhyIncomplete, rollout.WhyLittleShare, rollout.WhyProbes, rollout.WhyBrief, rollout.WhyOver, rollout.WhyUsual,
		rollout.WhyBoth, rollout.WhyYoung, rollout.WhySmall, rollout.WhyHidden, rollout.WhyUnpaired, rollout.WhyMayGrow,
		rollout.WhyNegative, rollout.WhyUnscaled, rollout.WhyHangs, rollout.WhyRestarts, rollout.WhyRefused: // no sample has these
	}
	return r.Silent
}

// silent reports whether the canary is gone: every check that has a query for each arm lacks the canary, and has lacked
// it often enough where stable reports. Where neither arm reports it is Prometheus, not the canary.
func (s limitState) silent(checks []rollout.Check) bool {
	gone := false
	for _, c := range checks {
		one := s.Checks[c.Name]
		comparable := one.Last.Stable != nil || one.Last.StableWhy != rollout.WhyNone
		switch {
		case !comparable && !one.Last.At.IsZero():
			continue
		case one.Silent.N >= silentSamples && one.Last.CanaryWhy == rollout.WhyNoData:
			gone = true
		case one.Last.CanaryWhy != rollout.WhyNoData || one.Last.Stable != nil:
			return false
		}
	}
	return gone
}
