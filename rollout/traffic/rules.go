package traffic

import (
	"slices"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// Rules are the lists of weighted backends of one route, one for each of its rules. A rule that names neither side of
// the pair is not ours: it is written back as it is.
type Rules []Rule

// ours reports whether the rule is one that we steer.
func (r Rule) ours() bool { return r.Stable >= 0 || r.Canary >= 0 }

// HasCanary reports whether any rule names the canary. A rule that lacks it beside others that do not has a share of 0,
// which is then the one that differs.
func (rs Rules) HasCanary() bool {
	return slices.ContainsFunc(rs, func(r Rule) bool { return r.Canary >= 0 })
}

// Share returns the canary's share of the pair; where rules disagree, the largest of those that differ from the stamp.
// A rule that names the canary without stable sends it everything.
func (rs Rules) Share(stamp *rollout.Stamp) rollout.Weight {
	var expect *rollout.Weight
	if stamp != nil {
		expect = stamp.Weight
	}
	var share rollout.Weight
	differs := false
	for _, r := range rs {
		if !r.ours() {
			continue
		}
		s := r.Share(expect)
		d := expect != nil && s != *expect
		if (d && !differs) || (d == differs && s > share) {
			share, differs = s, d
		}
	}
	return share
}

// Steer returns the rules with the canary's share set in every one of ours, and the missing side of the pair added: the
// canary where add is true, stable wherever a rule names the canary only. Backend is the key of a backend's Service.
// The error is Invalid when there is nothing to steer, or when a weight would become larger than the object allows.
func (rs Rules) Steer(want rollout.Weight, add bool, o rollout.Objects, backend string) (Rules, error) {
	steered := slices.Clone(rs)
	some := false
	for i, r := range rs {
		if !r.ours() {
			continue
		}
		some = true
		r = r.AddStable(func(ref Weighted) { ref[backend] = o.StableService })
		if add {
			r = r.AddCanary(func(ref Weighted) { ref[backend] = o.CanaryService })
		}
		if r.Canary < 0 && want == 0 {
			continue
		}
		r, err := r.Steer(want)
		if err != nil {
			return nil, err
		}
		steered[i] = r
	}
	if !some && (add || want > 0) {
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{
			Code: rollout.ProblemNothingToSteer, Object: object.Ref(o.Route.Kind, o.Namespace, o.Route.Name),
			Value: o.StableService, Want: o.CanaryService,
		})
	}
	return steered, nil
}
