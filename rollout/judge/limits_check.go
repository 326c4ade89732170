package judge

import (
	"time"

	"canarybot.io/rollout"
)

// checkState is what is remembered of one check since the weight was acknowledged.
type checkState struct {
	Last    rollout.Sample `json:"last"`
	Failing streak         `json:"failing,omitzero"` // samples in a row beyond the threshold; unknown ones do not count
	Silent  streak         `json:"silent,omitzero"`  // samples in a row in which only stable reported
	Lowest  *float64       `json:"lowest,omitempty"`
	Highest *float64       `json:"highest,omitempty"`
}

// streak is how many samples in a row showed the same, and the time of the last one that counted.
type streak struct {
	N  int       `json:"n,omitempty"`
	At time.Time `json:"at,omitzero"`
}

// next counts one more sample. All checks of a rollout are asked at the shortest of their intervals; for a check with a
// longer interval the samples in between read the same scrape again, and do not count.
func (n streak) next(at time.Time, interval time.Duration) streak {
	if gap := at.Sub(n.At); n.N > 0 && gap >= 0 && gap < interval*9/10 {
		return n
	}
	return streak{N: n.N + 1, At: at}
}

// with returns the state after one more sample. A sample that is not newer than the last one is ignored, unless the clock
// was set back since: the last one then lies in the future, and would mute the check until that time comes.
func (r checkState) with(c rollout.Check, s rollout.Sample, now time.Time) checkState {
	if !s.At.After(r.Last.At) && !r.Last.At.After(now) {
		return r
	}
	r.Last = s
	l, _ := classify(c, s)
	switch l {
	case withinThreshold:
		r.Failing = streak{}
	case beyondThreshold, beyondCeiling:
		r.Failing = r.Failing.next(s.At, c.Interval)
	case unknownLevel:
	}
	r.Silent = r.silence(c, s)
	if s.Canary != nil {
		r.Lowest = lower(r.Lowest, *s.Canary)
		r.Highest = higher(r.Highest, *s.Canary)
	}
	return r
}

// evidence returns what the state shows at a time.
func (r checkState) evidence(c rollout.Check, now time.Time) rollout.Evidence {
	e := rollout.Evidence{
		Check: c.Name, Result: rollout.Unknown, Why: rollout.WhyNotAsked,
		Threshold: c.Threshold, Ceiling: c.Ceiling, Comparison: c.Comparison, Margin: c.Compare, Unit: c.Unit,
	}
	if c.Traffic != "" {
		e.MinRequests = c.MinRequests
	}
	if r.Last.At.IsZero() {
		return e
	}
	e.Detail, e.Canary, e.Stable, e.Requests = r.Last.Detail, r.Last.Canary, r.Last.Stable, r.Last.Requests
	e.Lowest, e.Highest = r.Lowest, r.Highest

	age := now.Sub(r.Last.At)
	if age > 2*c.Interval+patience || age < 0 {
		e.Why = rollout.WhyStale
		return e
	}
	l, why := classify(c, r.Last)
	e.Why = why
	switch l {
	case withinThreshold:
		e.Result = rollout.Pass
	case beyondCeiling:
		e.Result = rollout.Fail
	case beyondThreshold:
		if r.Failing.N >= max(1, c.Failures) {
			e.Result = rollout.Fail
		} else {
			e.Why = rollout.WhyFailingOnce
		}
	case unknownLevel:
	}
	return e
}

func lower(have *float64, v float64) *float64 {
	if have == nil || v < *have {
		return &v
	}
	return have
}

func higher(have *float64, v float64) *float64 {
	if have == nil || v > *have {
		return &v
	}
	return have
}
