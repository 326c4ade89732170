package gateway

import (
	"context"
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// methods are all that the Gateway API knows. A route that names each of them serves the same requests as one that names
// none, and comes before it: of two routes that match alike by host and path, the one that also matches the method wins,
// whichever is older. A request by another method is served as if there were no rollout.
var methods = []any{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

// The most matches that the Gateway API allows, in one rule and in all.
const (
	mostInRule = 64
	most       = 127
)

// Do sends one guarded write.
func (rt *Router) Do(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	o := r.Spec.Objects
	switch w.Verb {
	case rollout.Create:
		from, err := rt.Get(ctx, o.Namespace, o.Route.From)
		if err != nil {
			return err
		}
		route, err := inert(from, r, w.Stamp)
		if err != nil {
			return err
		}
		return rt.Create(ctx, o.Namespace, route)
	case rollout.Delete:
		return rt.Delete(ctx, o.Namespace, o.Route.Name, w)
	case rollout.Update, rollout.Release:
	}
	return rt.Router.Do(ctx, r, w)
}

// inert returns the route as it is made: what the other one has, for each method, with the canary at weight 0 beside
// stable. All of its rules are in it: one that was left out would lose its requests to one that matches more of them.
func inert(from *unstructured.Unstructured, r rollout.Rollout, s rollout.Stamp) (*unstructured.Unstructured, error) {
	o := r.Spec.Objects
	stamp, err := object.StampText(s)
	if err != nil {
		return nil, err
	}
	spec, err := madeSpec(from, r)
	if err != nil {
		return nil, err
	}
	route := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{
			"name": o.Route.Name, "namespace": o.Namespace, "annotations": map[string]any{object.Applied: stamp},
		},
		"spec": spec,
	}}
	rules, err := parse(route, o)
	if err != nil {
		return nil, err
	}
	if rules, err = rules.Steer(0, true, o, "name"); err != nil {
		return nil, err
	}
	maps.Copy(spec, specOf(route, rules))
	return route, nil
}

// madeSpec returns the other route's spec with a method in each match.
func madeSpec(from *unstructured.Unstructured, r rollout.Rollout) (map[string]any, error) {
	o := r.Spec.Objects
	p := rollout.Problem{
		Service: r.Service, Key: "route.from", Object: object.Ref(Kind, o.Namespace, o.Route.From), Other: ref(o), Limit: most,
	}
	spec, _, err := unstructured.NestedMap(from.Object, "spec")
	rules, ok := spec["rules"].([]any)
	if err != nil || !ok {
		p.Code = rollout.ProblemRulesMalformed
		return nil, rollout.Refuse(rollout.Invalid, p)
	}
	for i := range rules {
		p.Index = i
		rule, ok := rules[i].(map[string]any)
		if !ok {
			p.Code = rollout.ProblemRuleMalformed
			return nil, rollout.Refuse(rollout.Invalid, p)
		}
		matches, ok := byMethod(rule["matches"])
		if !ok {
			p.Code = rollout.ProblemFromMethod
			return nil, rollout.Refuse(rollout.Invalid, p)
		}
		rule["matches"] = matches
		if p.Count += len(matches); len(matches) > mostInRule {
			p.Code, p.Limit = rollout.ProblemFromMatches, mostInRule
			return nil, rollout.Refuse(rollout.Invalid, p)
		}
	}
	if p.Count > most {
		p.Code = rollout.ProblemFromMatches
		return nil, rollout.Refuse(rollout.Invalid, p)
	}
	return spec, nil
}

// byMethod returns the matches with each method; ok is false where one names a method already. None is every path.
func byMethod(of any) (matches []any, ok bool) {
	list, _ := of.([]any)
	if len(list) == 0 {
		list = []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/"}}}
	}
	for _, item := range list {
		match, isMap := item.(map[string]any)
		if _, named := match["method"]; named || !isMap {
			return nil, false
		}
		for _, method := range methods {
			each := maps.Clone(match)
			each["method"] = method
			matches = append(matches, each)
		}
	}
	return matches, true
}
