package judge

import (
	"math"
	"reflect"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/judge/trial"
)

// What is stored may be damaged, or of a version that is not known. A state that cannot be is forgotten as a whole: no part
// of it is to be trusted then. First every number is held against what any part could have come to, so that nothing
// overflows; then each part says what holds for it, above all of what is an index.
const (
	mostNumber = 1e120     // far more than anything is, and its square is finite
	mostCount  = 1_000_000 // scrapes of ten years are less
	mostLength = 1000      // of a list, a map or a text
	mostSpan   = 48 * time.Hour
)

// valid reports whether what was stored can be a state.
func (s *state) valid() bool {
	return possible(reflect.ValueOf(s)) && (s.Signals == nil || s.Signals.valid()) && (s.Limits == nil || s.Limits.valid()) && s.Queries.valid()
}

// possible reports whether every number in a value is in bounds.
func possible(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Float64:
		return math.Abs(v.Float()) <= mostNumber // NaN is not
	case reflect.Int, reflect.Int64:
		if v.Type() == reflect.TypeFor[time.Duration]() {
			return time.Duration(v.Int()).Abs() <= mostSpan
		}
		return v.Int() >= 0 && v.Int() <= mostCount
	case reflect.String:
		return v.Len() <= mostLength
	case reflect.Pointer:
		return v.IsNil() || possible(v.Elem())
	case reflect.Slice, reflect.Array:
		return v.Len() <= mostLength && all(v.Len(), func(i int) bool { return possible(v.Index(i)) })
	case reflect.Map:
		keys := v.MapKeys()
		return len(keys) <= mostLength && all(len(keys), func(i int) bool { return possible(keys[i]) && possible(v.MapIndex(keys[i])) })
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return true // each part says which times it can have
		}
		return all(v.NumField(), func(i int) bool { return possible(v.Field(i)) })
	}
	return true
}

// all reports whether something holds for each of so many.
func all(n int, holds func(int) bool) bool {
	for i := range n {
		if !holds(i) {
			return false
		}
	}
	return true
}

func (s *signalState) valid() bool {
	return s.Baseline.valid() && s.counts.valid(s.Through) && s.evidence.valid() &&
		len(s.trend.Points) <= trendScrapes && s.Outlier.valid() && s.Beside.valid()
}

func (b *baseline) valid() bool {
	n := len(b.Seconds)
	return n == len(b.Bounds) && n <= trial.Bounds && b.Slow < trial.Bounds && b.Interval >= 0 && b.Lag >= 0 &&
		all(n, func(i int) bool { return b.Seconds[i] >= 0 && (i == 0 || b.Seconds[i-1] <= b.Seconds[i]) })
}

func (c *counts) valid(through time.Time) bool {
	for arm := range c.Judged {
		if !c.Judged[arm].valid() || !c.Step[arm].valid() || !c.Recent[0][arm].valid() || !c.Recent[1][arm].valid() {
			return false
		}
	}
	return !c.Anchor.After(through) && c.Filled <= recentScrapes
}

func (t tally) valid() bool {
	return t.Requests >= 0 && t.Errors >= 0 && t.Refused >= 0 && t.Timed >= 0 && all(len(t.Slow), func(i int) bool { return t.Slow[i] >= 0 })
}

func (o *outlier) valid() bool {
	for _, one := range o.Recent {
		if !one.valid() {
			return false
		}
	}
	return true
}

func (e *evidence) valid() bool {
	s := e.Standing
	return s.Worst < trial.Checks && s.Rule < trial.Rules && s.Bound < trial.Bounds && e.Trial.Valid()
}

func (s *limitState) valid() bool {
	for name, one := range s.Checks {
		if one.Last.Check != name {
			return false
		}
	}
	return true
}

func (b *beside) valid() bool {
	n := len(b.Strata.Parts)
	return n <= rollout.Groups+1 && all(n, func(i int) bool { return len(b.Strata.Parts[i].Name) <= longestName })
}
