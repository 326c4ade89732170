package smi

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/rollout"
	"canarybot.io/rollout/traffic"
)

const (
	serviceKey = "service"
	weightKey  = "weight"
	// largest is a bound of our own: the specification names none, and no proxy was seen to take more.
	largest = 1_000_000
)

// parse reads the split's backends and finds the pair among them. The error is Invalid when they are not what the
// specification describes.
func parse(split *unstructured.Unstructured, o rollout.Objects) (traffic.Rule, error) {
	rule := traffic.Rule{Stable: -1, Canary: -1, Default: 0, Max: largest}
	called := fmt.Sprintf("%s %s/%s", Kind, o.Namespace, o.Route.Name)
	list, _, err := unstructured.NestedSlice(split.Object, "spec", "backends")
	if err != nil {
		return rule, rollout.Wrap(rollout.Invalid, err, "The backends of "+called+" are not a list.")
	}
	for i, item := range list {
		ref, ok := item.(map[string]any)
		if !ok {
			return rule, rollout.Errorf(rollout.Invalid, "Backend %d of %s is not what the Service Mesh Interface describes.", i, called)
		}
		rule.Refs = append(rule.Refs, ref)
		switch {
		case ref[serviceKey] == o.StableService && rule.Stable < 0:
			rule.Stable = i
		case ref[serviceKey] == o.CanaryService && rule.Canary < 0:
			rule.Canary = i
		}
	}
	return rule, nil
}

// backends returns the list as the object has it.
func backends(rule traffic.Rule) []any {
	list := make([]any, len(rule.Refs))
	for i, ref := range rule.Refs {
		list[i] = ref
	}
	return list
}
