package gateway

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/rollout"
	"canarybot.io/rollout/traffic"
)

// largest is the largest weight that the Gateway API takes.
const largest = 1_000_000

// rules are a route's rules, whole and reduced to the pair.
type rules struct {
	objects rollout.Objects
	called  string
	list    []any          // as in the object; written back whole
	steered []traffic.Rule // one for each of list; without stable and canary where the rule is none of ours
}

// parse reads the rules. The error is Invalid when they are not what the Gateway API describes.
func parse(route *unstructured.Unstructured, o rollout.Objects) (*rules, error) {
	called := fmt.Sprintf("%s %s/%s", Kind, o.Namespace, o.Route.Name)
	list, _, err := unstructured.NestedSlice(route.Object, "spec", "rules")
	if err != nil {
		return nil, rollout.Wrap(rollout.Invalid, err, "The rules of "+called+" are not a list.")
	}
	rs := &rules{objects: o, called: called, list: list, steered: make([]traffic.Rule, len(list))}
	for i := range list {
		rs.steered[i], err = rs.rule(i)
		if err != nil {
			return nil, err
		}
	}
	rs.narrow()
	return rs, nil
}

// rule reads one rule's backends and finds the pair among them.
func (rs *rules) rule(i int) (traffic.Rule, error) {
	malformed := rollout.Errorf(rollout.Invalid, "Rule %d of %s is not what the Gateway API describes.", i, rs.called)
	parsed := traffic.Rule{Stable: -1, Canary: -1, Default: 1, Max: largest}
	rule, ok := rs.list[i].(map[string]any)
	if !ok {
		return parsed, malformed
	}
	refs, _ := rule["backendRefs"].([]any)
	for j, ref := range refs {
		fields, ok := ref.(map[string]any)
		if !ok {
			return parsed, malformed
		}
		parsed.Refs = append(parsed.Refs, fields)
		switch {
		case rs.names(fields, rs.objects.StableService) && parsed.Stable < 0:
			parsed.Stable = j
		case rs.names(fields, rs.objects.CanaryService) && parsed.Canary < 0:
			parsed.Canary = j
		}
	}
	return parsed, nil
}

// names reports whether the backend is this Service: no kind means Service, no group the core one, no namespace the
// route's own.
func (rs *rules) names(ref map[string]any, service string) bool {
	is := func(key, want string) bool {
		v, ok := ref[key].(string)
		return !ok || v == want
	}
	return ref["name"] == service && is("kind", "Service") && is("group", "") && is("namespace", rs.objects.Namespace)
}

// narrow leaves aside the rules that name the canary only, such as a way in for testers, unless no rule names stable:
// then somebody sent everybody to the canary, and those are the rules to steer.
func (rs *rules) narrow() {
	for _, r := range rs.steered {
		if r.Stable >= 0 {
			for i := range rs.steered {
				if rs.steered[i].Stable < 0 {
					rs.steered[i].Canary = -1
				}
			}
			return
		}
	}
}

// ours reports whether the rule is one that we steer.
func ours(r traffic.Rule) bool { return r.Stable >= 0 || r.Canary >= 0 }

// hasCanary reports whether any rule that we steer names the canary. A rule that lacks it beside others that do not
// has a share of 0, which is then the one that differs.
func (rs *rules) hasCanary() bool {
	return slices.ContainsFunc(rs.steered, func(r traffic.Rule) bool { return r.Canary >= 0 })
}

// share returns the canary's share of the pair; where rules disagree, the largest of those that differ from the stamp.
func (rs *rules) share(stamp *rollout.Stamp) rollout.Weight {
	var expect *rollout.Weight
	if stamp != nil {
		expect = stamp.Weight
	}
	var share rollout.Weight
	differs := false
	for _, r := range rs.steered {
		if !ours(r) {
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

// steer sets the canary's share in every rule of ours, and adds what is missing of the pair: the canary where add says
// so, stable wherever the canary is alone.
func (rs *rules) steer(want rollout.Weight, add bool) error {
	steered := 0
	for i, r := range rs.steered {
		if !ours(r) {
			continue
		}
		steered++
		if r.Stable < 0 {
			r = r.AddStable(func(ref traffic.Weighted) { ref["name"] = rs.objects.StableService })
		}
		if add {
			r = r.AddCanary(func(ref traffic.Weighted) { ref["name"] = rs.objects.CanaryService })
		}
		if r.Canary < 0 && want == 0 {
			continue
		}
		r, err := r.Steer(want)
		if err != nil {
			return err
		}
		rs.put(i, r)
	}
	if steered == 0 && (add || want > 0) {
		return rollout.Errorf(rollout.Invalid, "No rule of %s names Service %s: there is nothing to steer.", rs.called, rs.objects.StableService)
	}
	return nil
}

// restore gives the rules the weights as found, and drops the canary where drop says so.
func (rs *rules) restore(remembered string, drop bool) {
	for i, r := range traffic.Restore(rs.steered, remembered, drop) {
		if ours(rs.steered[i]) {
			rs.put(i, r)
		}
	}
}

// put writes a rule's backends back into the list.
func (rs *rules) put(i int, r traffic.Rule) {
	refs := make([]any, len(r.Refs))
	for j, ref := range r.Refs {
		refs[j] = ref
	}
	rs.list[i].(map[string]any)["backendRefs"] = refs
	rs.steered[i] = r
}
