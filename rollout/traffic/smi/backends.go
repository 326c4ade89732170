package smi

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
	"canarybot.io/rollout/traffic"
)

const (
	serviceKey = "service"
	weightKey  = "weight"
	// largest is our own limit: the specification has none, and we know no proxy that allows more.
	largest = 1_000_000
)

// parse reads the split's backends, its one rule, and finds the pair among them. The error is Invalid when they are not
// what the specification describes.
func parse(route *unstructured.Unstructured, o rollout.Objects) (traffic.Rules, error) {
	rule := traffic.Rule{Stable: -1, Canary: -1, Default: 0, Max: largest}
	split := object.Ref(Kind, o.Namespace, o.Route.Name)
	list, _, err := unstructured.NestedSlice(route.Object, "spec", "backends")
	if err != nil {
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: rollout.ProblemBackendsMalformed, Object: split}).Because(err)
	}
	for i, item := range list {
		ref, ok := item.(map[string]any)
		if !ok {
			return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: rollout.ProblemBackendMalformed, Object: split, Index: i})
		}
		rule.Refs = append(rule.Refs, ref)
		switch {
		case ref[serviceKey] == o.StableService && rule.Stable < 0:
			rule.Stable = i
		case ref[serviceKey] == o.CanaryService && rule.Canary < 0:
			rule.Canary = i
		}
	}
	return traffic.Rules{rule}, nil
}

// spec returns the backends as the object has them.
func spec(_ *unstructured.Unstructured, rules traffic.Rules) map[string]any {
	list := make([]any, len(rules[0].Refs))
	for i, ref := range rules[0].Refs {
		list[i] = ref
	}
	return map[string]any{"backends": list}
}
