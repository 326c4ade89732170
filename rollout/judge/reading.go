package judge

import (
	"math"

	"canarybot.io/rollout"
)

// reading is what one sample says by itself.
type reading string

const (
	healthy reading = "healthy"
	beyond  reading = "beyond" // the threshold
	extreme reading = "extreme"
	unheard reading = "unheard" // unknown, with a reason
)

// read returns what the sample says about the check, and why when it says nothing.
func read(c rollout.Check, s rollout.Sample) (reading, rollout.Why) {
	counted := c.Traffic != ""
	few := counted && s.Requests != nil && *s.Requests < c.MinRequests
	switch {
	case s.Canary == nil && s.CanaryWhy == rollout.WhyNone:
		return unheard, rollout.WhyNoData
	case s.CanaryWhy == rollout.WhyNotANumber && few:
		return unheard, rollout.WhyTooFewRequests // a share of nothing is NaN; "0 of 50 requests" says why
	case s.CanaryWhy != rollout.WhyNone:
		return unheard, s.CanaryWhy
	case counted && s.Requests == nil:
		return unheard, rollout.WhyNoData
	case c.Ceiling != nil && !c.Comparison.Holds(*s.Canary, *c.Ceiling) && (!counted || *s.Requests >= c.CeilingRequests):
		return extreme, rollout.WhyCeiling // before the count: twenty requests may condemn, though not acquit
	case few:
		return unheard, rollout.WhyTooFewRequests
	case c.Comparison.Holds(*s.Canary, c.Threshold):
		return healthy, rollout.WhyNone
	default:
		return beyond, rollout.WhyLimit
	}
}

// sound returns the sample with every value finite: what is not a number becomes its reason. Adapters see to that
// already; a verdict must not depend on it, and JSON could not store it.
func sound(s rollout.Sample) rollout.Sample {
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
