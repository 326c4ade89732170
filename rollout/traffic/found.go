package traffic

import (
	"encoding/json"
	"maps"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
)

// FoundWeights is the annotation that holds a route's weights as they were before our first write, in the object's own
// notation: one list for each rule, null for an absent weight and for a rule that we do not steer. Ending removes it.
const FoundWeights = "canarybot.io/found-weights"

// Remember returns the text of the annotation for the rules as found.
func Remember(rules Rules) (string, error) {
	all := make([][]any, len(rules))
	for i, r := range rules {
		if r.Stable < 0 && r.Canary < 0 {
			continue
		}
		all[i] = make([]any, len(r.Refs))
		for j, ref := range r.Refs {
			all[i][j] = ref[weightKey]
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		return "", rollout.Refuse(rollout.Internal, rollout.Problem{Code: rollout.ProblemWeightsEncoding}).Because(err)
	}
	return string(text), nil
}

// RememberIn adds the annotation to the metadata of a route's first write; a later one leaves it as it is.
func RememberIn(metadata map[string]any, route meta.Object, rules Rules) error {
	if _, ok := route.GetAnnotations()[FoundWeights]; ok {
		return nil
	}
	found, err := Remember(rules)
	if err != nil {
		return err
	}
	annotations, ok := metadata["annotations"].(map[string]any)
	if !ok {
		annotations = map[string]any{}
		metadata["annotations"] = annotations
	}
	annotations[FoundWeights] = found
	return nil
}

// Restore returns the rules with the weights that the annotation holds, and without the canary where drop is true. A
// rule gets them back only where it still has the weights that steering gave it: what somebody else changed since
// stays.
func Restore(rules Rules, remembered string, drop bool) Rules {
	var all [][]any
	if err := json.Unmarshal([]byte(remembered), &all); err != nil || len(all) != len(rules) {
		all = make([][]any, len(rules)) // nothing to restore: shares are right, numbers stay
	}
	restored := make(Rules, len(rules))
	for i, r := range rules {
		restored[i] = r.restore(all[i], drop)
	}
	return restored
}

func (r Rule) restore(weights []any, drop bool) Rule {
	if r.Stable < 0 {
		return r // without stable beside it the canary is all that the rule has
	}
	bare := r
	if drop {
		bare = r.DropCanary()
	}
	if len(weights) != len(bare.Refs) {
		return bare
	}
	found := bare
	found.Refs = make([]Weighted, len(bare.Refs))
	for i, ref := range bare.Refs {
		ref = maps.Clone(ref)
		w, whole := number(weights[i])
		switch {
		case !whole:
			return bare // "500m": a version that knows whole numbers only would refuse it
		case w == nil:
			delete(ref, weightKey)
		default:
			ref[weightKey] = w
		}
		found.Refs[i] = ref
	}
	again, err := found.AddCanary(func(Weighted) {}).Steer(r.Share(nil))
	if err != nil || !r.weighs(again) {
		return bare
	}
	return found
}

// weighs reports whether both rules have the same weights. Both have their backends in the same order.
func (r Rule) weighs(other Rule) bool {
	if len(r.Refs) != len(other.Refs) || r.Stable != other.Stable || r.Canary != other.Canary {
		return false
	}
	for i := range r.Refs {
		if r.milli(i) != other.milli(i) {
			return false
		}
	}
	return true
}

// number returns a remembered weight in the form in which all are written, a whole number or nothing at all, and
// whether it has that form.
func number(v any) (any, bool) {
	if v == nil {
		return nil, true
	}
	w, ok := parse(v, 0)
	return w / milli, ok && w%milli == 0
}
