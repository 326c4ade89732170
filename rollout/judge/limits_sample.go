package judge

import (
	"math"

	"canarybot.io/rollout"
)

// level is where one sample lies beside the limits of its check.
type level string

const (
	withinThreshold level = "within_threshold"
	beyondThreshold level = "beyond_threshold"
	beyondCeiling   level = "beyond_ceiling"
	unknownLevel    level = "unknown" // with a reason
)

// classify returns the level of a sample, and the reason where it is unknown or beyond.
func classify(c rollout.Check, s rollout.Sample) (level, rollout.Why) {
	counted := c.Traffic != ""
	few := counted && s.Requests != nil && *s.Requests < c.MinRequests
	switch {
	case s.Canary == nil && s.CanaryWhy == rollout.WhyNone:
		return unknownLevel, rollout.WhyNoData
	case s.CanaryWhy == rollout.WhyNotANumber && few:
		return unknownLevel, rollout.WhyTooFewRequests // a share of nothing is NaN; "0 of 50 requests" says why
	case s.CanaryWhy != rollout.WhyNone:
		return unknownLevel, s.CanaryWhy
	case counted && s.Requests == nil:
		return unknownLevel, rollout.WhyNoData
	case c.Ceiling != nil && !c.Comparison.Holds(*s.Canary, *c.Ceiling) && (!counted || *s.Requests >= c.CeilingRequests):
		return beyondCeiling, rollout.WhyCeiling // before the count: twenty requests may fail the check, though not pass it
	case few:
		return unknownLevel, rollout.WhyTooFewRequests
	case c.Within(*s.Canary):
		return withinThreshold, rollout.WhyNone
	default:
		return beyondThreshold, rollout.WhyLimit
	}
}

// finiteSample returns the sample with every value finite: what is not a number becomes its reason. Adapters see to that
// already; a verdict must not depend on it, and JSON could not store it.
func finiteSample(s rollout.Sample) rollout.Sample {
	s.Canary, s.CanaryWhy = finite(s.Canary, s.CanaryWhy)
	s.Stable, s.StableWhy = finite(s.Stable, s.StableWhy)
	s.Requests, _ = finite(s.Requests, rollout.WhyNone)
	s.StableRequests, _ = finite(s.StableRequests, rollout.WhyNone)
	return s
}

func finite(v *float64, why rollout.Why) (*float64, rollout.Why) {
	switch {
	case v == nil:
		return nil, why
	case math.IsNaN(*v):
		return nil, rollout.WhyNotANumber
	case math.IsInf(*v, 0):
		return nil, rollout.WhyInfinite
	}
	return v, why
}
