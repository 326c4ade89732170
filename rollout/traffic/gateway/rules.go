package gateway

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
	"canarybot.io/rollout/traffic"
)

// largest is the largest weight that the Gateway API allows.
const largest = 1_000_000

// parse reads the route's rules. The error is Invalid when they are not what the Gateway API describes.
func parse(route *unstructured.Unstructured, o rollout.Objects) (traffic.Rules, error) {
	list, _, err := unstructured.NestedSlice(route.Object, "spec", "rules")
	if err != nil {
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: rollout.ProblemRulesMalformed, Object: ref(o)}).Because(err)
	}
	rules := make(traffic.Rules, len(list))
	for i := range list {
		malformed := rollout.Refuse(rollout.Invalid, rollout.Problem{Code: rollout.ProblemRuleMalformed, Object: ref(o), Index: i})
		rule, ok := list[i].(map[string]any)
		if !ok {
			return nil, malformed
		}
		if rules[i], ok = parseRule(rule, o); !ok {
			return nil, malformed
		}
	}
	return rules, nil
}

// ref names the route.
func ref(o rollout.Objects) rollout.ObjectRef { return object.Ref(Kind, o.Namespace, o.Route.Name) }

// parseRule reads one rule's backends and finds the pair among them.
func parseRule(rule map[string]any, o rollout.Objects) (traffic.Rule, bool) {
	parsed := traffic.Rule{Stable: -1, Canary: -1, Default: 1, Max: largest}
	refs, _ := rule["backendRefs"].([]any)
	for j, backend := range refs {
		fields, ok := backend.(map[string]any)
		if !ok {
			return parsed, false
		}
		parsed.Refs = append(parsed.Refs, fields)
		switch {
		case names(fields, o.StableService, o) && parsed.Stable < 0:
			parsed.Stable = j
		case names(fields, o.CanaryService, o) && parsed.Canary < 0:
			parsed.Canary = j
		}
	}
	return parsed, true
}

// names reports whether the backend is this Service: no kind means Service, no group the core one, no namespace the
// route's own.
func names(backend map[string]any, service string, o rollout.Objects) bool {
	is := func(key, want string) bool {
		v, ok := backend[key].(string)
		return !ok || v == want
	}
	return backend["name"] == service && is("kind", "Service") && is("group", "") && is("namespace", o.Namespace)
}

// specOf returns the route's rules with these backends.
func specOf(route *unstructured.Unstructured, rules traffic.Rules) map[string]any {
	list, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules") // parsed before
	for i, rule := range rules {
		if rule.Stable < 0 && rule.Canary < 0 {
			continue
		}
		refs := make([]any, len(rule.Refs))
		for j, backend := range rule.Refs {
			refs[j] = backend
		}
		list[i].(map[string]any)["backendRefs"] = refs
	}
	return map[string]any{"rules": list}
}
