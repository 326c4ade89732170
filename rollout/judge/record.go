package judge

import (
	"time"

	"canarybot.io/rollout"
)

// record is what is remembered of one check since the weight was acknowledged.
type record struct {
	Last    rollout.Sample `json:"last"`
	Failing count          `json:"failing,omitzero"` // samples in a row beyond the threshold; unknown ones not counted
	Silent  count          `json:"silent,omitzero"`  // the same for samples in which only stable was heard
	Lowest  *float64       `json:"lowest,omitempty"`
	Highest *float64       `json:"highest,omitempty"`
}

// count is how many samples in a row said something, and when the last of them that counted was had.
type count struct {
	N  int       `json:"n,omitempty"`
	At time.Time `json:"at,omitzero"`
}

// up counts one more sample. A rollout asks as often as the most impatient of its checks wants; for one with a longer
// interval the samples in between read the same scrape again, and do not count.
func (n count) up(at time.Time, interval time.Duration) count {
	if gap := at.Sub(n.At); n.N > 0 && gap >= 0 && gap < interval*9/10 {
		return n
	}
	return count{N: n.N + 1, At: at}
}

// with returns the series after one more sample. A sample that is no newer than the last says nothing new, unless
// the clock was set back since: the last then lies in the future, and would silence the check until that time comes.
func (r record) with(c rollout.Check, s rollout.Sample, now time.Time) record {
	if !s.At.After(r.Last.At) && !r.Last.At.After(now) {
		return r
	}
	r.Last = s
	said, _ := read(c, s)
	switch said {
	case healthy:
		r.Failing = count{}
	case beyond, extreme:
		r.Failing = r.Failing.up(s.At, c.Interval)
	case unheard:
	}
	r.Silent = r.silence(c, s)
	if s.Canary != nil {
		r.Lowest = lower(r.Lowest, *s.Canary)
		r.Highest = higher(r.Highest, *s.Canary)
	}
	return r
}

// evidence returns what the series says at the time.
func (r record) evidence(c rollout.Check, now time.Time) rollout.Evidence {
	e := rollout.Evidence{
		Check: c.Name, Result: rollout.Unknown, Why: rollout.WhyNotAsked,
		Threshold: c.Threshold, Ceiling: c.Ceiling, Comparison: c.Comparison, Unit: c.Unit,
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
	said, why := read(c, r.Last)
	e.Why = why
	switch said {
	case healthy:
		e.Result = rollout.Pass
	case extreme:
		e.Result = rollout.Fail
	case beyond:
		if r.Failing.N >= max(1, c.Failures) {
			e.Result = rollout.Fail
		} else {
			e.Why = rollout.WhyFailingOnce
		}
	case unheard:
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
