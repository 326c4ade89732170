package traffic

import (
	"fmt"
	"maps"

	"k8s.io/apimachinery/pkg/api/resource"

	"canarybot.io/rollout"
)

// Weighted is one backend with its weight, as an object has it.
type Weighted = map[string]any

// Rule is one list of weighted backends, and where the pair of stable and canary is in it.
type Rule struct {
	Refs   []Weighted
	Stable int // index in Refs; -1: not named
	Canary int // index in Refs; -1: not named
	// Default is the weight of a backend that has none written.
	Default int64
	// Max is the largest weight that the object allows.
	Max int64
}

const (
	weightKey = "weight"
	// resolution is the sum of the pair's weights, or a divisor of it: every percentage is exact.
	resolution = 100
	// milli is the unit in which weights are compared: TrafficSplit's first version writes "500m".
	milli = 1000
)

// Whole reports whether both sides of the pair are named.
func (r Rule) Whole() bool { return r.Stable >= 0 && r.Canary >= 0 }

// AddCanary returns the rule with the canary beside stable, as a copy of stable's backend under another name and at
// weight 0. A rule that has a canary, or no stable, is returned as it is.
func (r Rule) AddCanary(rename func(Weighted)) Rule {
	if r.Stable < 0 || r.Canary >= 0 {
		return r
	}
	added := maps.Clone(r.Refs[r.Stable])
	rename(added)
	added[weightKey] = int64(0)
	refs := make([]Weighted, 0, len(r.Refs)+1)
	refs = append(refs, r.Refs[:r.Stable+1]...)
	refs = append(refs, added)
	refs = append(refs, r.Refs[r.Stable+1:]...)
	r.Refs, r.Canary = refs, r.Stable+1
	return r
}

// AddStable returns the rule, which names the canary only, with stable beside it as a copy of the canary's backend
// under its own name and at weight 0.
func (r Rule) AddStable(rename func(Weighted)) Rule {
	if r.Stable >= 0 {
		return r
	}
	r.Stable, r.Canary = r.Canary, r.Stable
	r = r.AddCanary(rename)
	r.Stable, r.Canary = r.Canary, r.Stable
	return r
}

// DropCanary returns the rule without the canary.
func (r Rule) DropCanary() Rule {
	if r.Canary < 0 {
		return r
	}
	refs := make([]Weighted, 0, len(r.Refs)-1)
	refs = append(refs, r.Refs[:r.Canary]...)
	refs = append(refs, r.Refs[r.Canary+1:]...)
	if r.Stable > r.Canary {
		r.Stable--
	}
	r.Refs, r.Canary = refs, -1
	return r
}

// Share returns the canary's share of the pair. A fraction of a percent counts as the next whole one above, but never
// as everything, so that a little traffic never reads as none. Expect, where it is not nil, is what we wrote: another
// share never reads as it.
func (r Rule) Share(expect *rollout.Weight) rollout.Weight {
	if r.Canary < 0 {
		return 0
	}
	canary := r.milli(r.Canary)
	total := canary
	if r.Stable >= 0 {
		total += r.milli(r.Stable)
	}
	if canary <= 0 || total <= 0 {
		return 0
	}
	exact := canary * resolution
	if exact%total == 0 {
		return rollout.Weight(exact / total)
	}
	share := min(rollout.Weight(exact/total)+1, resolution-1)
	if expect != nil && share == *expect && share > 1 {
		return share - 1
	}
	return share
}

// Steer returns the rule with the canary at this share of the pair. Without other backends the pair's weights sum to
// 100. With others, all weights of the rule are multiplied by the smallest number that makes the pair's sum a multiple
// of 100: every percentage is then exact, and the others keep their share of the whole. A pair that had no traffic at
// all gets 100. The error is Invalid when a weight would become larger than the object allows.
func (r Rule) Steer(want rollout.Weight) (Rule, error) {
	if !r.Whole() || !want.Valid() {
		return r, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: rollout.ProblemShareImpossible, Count: int(want)})
	}
	scale, total, err := r.scale(want)
	if err != nil {
		return r, err
	}
	canary := total * int64(want) / resolution
	steered := make([]Weighted, len(r.Refs))
	for i, ref := range r.Refs {
		ref = maps.Clone(ref)
		switch i {
		case r.Canary:
			ref[weightKey] = canary
		case r.Stable:
			ref[weightKey] = total - canary
		default:
			ref[weightKey] = r.milli(i) * scale / milli
		}
		steered[i] = ref
	}
	r.Refs = steered
	return r, nil
}

// scale returns the factor for the other backends' weights, and the sum of the pair's.
func (r Rule) scale(want rollout.Weight) (scale, total int64, err error) {
	if len(r.Refs) == 2 {
		return 1, resolution, nil
	}
	pair := r.milli(r.Stable) + r.milli(r.Canary)
	if pair == 0 {
		return 1, resolution, nil
	}
	// The others have to stay whole numbers too: "500m" needs a factor of 2 at least.
	scale = (resolution * milli) / gcd(pair, resolution*milli)
	for i := range r.Refs {
		if i != r.Stable && i != r.Canary {
			scale = lcm(scale, milli/gcd(r.milli(i), milli))
		}
	}
	if r.fits(scale, pair) {
		return scale, pair * scale / milli, nil
	}
	if (want == 0 || want == resolution) && r.fits(1, pair) && pair%milli == 0 {
		return 1, pair / milli, nil // all or nothing is exact at any resolution: rolling back is never refused
	}
	return 0, 0, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: rollout.ProblemWeightsTooLarge, Limit: int(r.Max)})
}

// fits reports whether every weight stays within Max when all are multiplied. The pair counts as one, because one side
// may get all of it.
func (r Rule) fits(scale, pair int64) bool {
	if pair*scale > r.Max*milli {
		return false
	}
	for i := range r.Refs {
		if i != r.Stable && i != r.Canary && r.milli(i)*scale > r.Max*milli {
			return false
		}
	}
	return true
}

// Problem returns what is wrong with the rule's weights, if anything: one of them is not a weight, stable has no
// traffic, or not every share can be set beside the other backends.
func (r Rule) Problem() rollout.Problem {
	for i, ref := range r.Refs {
		if _, ok := parse(ref[weightKey], r.Default); !ok {
			return rollout.Problem{Code: rollout.ProblemWeightInvalid, Value: fmt.Sprint(ref[weightKey]), Count: i}
		}
	}
	if r.Stable < 0 {
		return rollout.Problem{}
	}
	if r.milli(r.Stable) == 0 {
		return rollout.Problem{Code: rollout.ProblemStableNoTraffic}
	}
	_, err := r.AddCanary(func(Weighted) {}).Steer(1)
	return rollout.ProblemOf(err)
}

// milli returns a backend's weight in thousandths. Anything that is not a weight counts as 0.
func (r Rule) milli(i int) int64 {
	w, _ := parse(r.Refs[i][weightKey], r.Default)
	return w
}

// parse reads a weight as people and controllers write it: an integer, a float, "5" or "500m".
func parse(v any, fallback int64) (milliWeight int64, ok bool) {
	const largest = 1 << 31 // keeps every product of weights and scales in 64 bits
	var w int64
	switch v := v.(type) {
	case nil:
		w = fallback * milli
	case int64:
		if v > largest {
			return 0, false
		}
		w = v * milli
	case float64:
		if v > largest {
			return 0, false
		}
		w = int64(v * milli)
	case string:
		q, err := resource.ParseQuantity(v)
		if err != nil || q.CmpInt64(largest) > 0 {
			return 0, false
		}
		w = q.MilliValue()
	default:
		return 0, false
	}
	return max(w, 0), w >= 0
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, 1)
}

func lcm(a, b int64) int64 { return a / gcd(a, b) * b }
