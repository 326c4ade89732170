package config

import (
	"maps"
	"slices"
	"strings"
	"time"

	"canarybot.io/rollout"
)

// Standard is the built-in default plan.
func Standard() rollout.Plan {
	return rollout.Plan{Name: "standard", Steps: []rollout.Step{
		{Weight: 5, Bake: 10 * time.Minute, Gate: rollout.Manual},
		{Weight: 50, Bake: 10 * time.Minute, Gate: rollout.Auto},
	}}
}

// Watched is the built-in plan for watching a release: after both bakes everybody gets the new version while the old one
// stays warm, one click back, for a quarter of an hour.
func Watched() rollout.Plan {
	return rollout.Plan{Name: "watched", Steps: []rollout.Step{
		{Weight: 5, Bake: 10 * time.Minute, Gate: rollout.Manual},
		{Weight: 50, Bake: 10 * time.Minute, Gate: rollout.Auto},
		{Weight: 100, Bake: 15 * time.Minute, Gate: rollout.Auto},
	}}
}

// readPlans reads the plans by name, with the built-in ones unless the file replaces them.
func readPlans(n node) map[string]rollout.Plan {
	plans := map[string]rollout.Plan{Standard().Name: Standard(), Watched().Name: Watched()}
	f := n.fields()
	for _, name := range f.names {
		at := f.at(name)
		switch {
		case !rollout.IsDNSLabel(name):
			at.bad("%q is not a valid name for a plan: use lower-case letters, digits and dashes", short(name))
		case name == rollout.WayBack().Name:
			at.bad("this name is reserved for going back to the previous version; choose another")
		}
		plans[name] = readPlan(at, name)
	}
	return plans
}

func readPlan(n node, name string) rollout.Plan {
	if !n.there() {
		n.bad("a plan needs steps")
		return rollout.Plan{Name: name}
	}
	p := rollout.Plan{Name: name}
	places := map[string]node{}
	plan := n.fields("steps", "approvals", "on_fail")
	steps, approvals := plan.at("steps"), readApprovals(plan.at("approvals"))
	for _, item := range steps.items("[{weight: 5, bake: 10m, gate: manual}]") {
		f := item.fields("weight", "bake", "gate", "approvals")
		places[strings.TrimPrefix(f.at("approvals").key, n.key+".")] = f.at("approvals")
		for _, key := range []string{"weight", "bake", "gate"} {
			at := f.at(key)
			places[strings.TrimPrefix(at.key, n.key+".")] = at
			if !at.there() { // the bake above all: without one the step would not be judged
				at.bad("is missing; a step is for example {weight: 5, bake: 10m, gate: manual}")
			}
		}
		p.Steps = append(p.Steps, rollout.Step{
			Weight:    rollout.Weight(f.at("weight").whole(0)),
			Bake:      f.at("bake").duration(0),
			Gate:      rollout.Gate(f.at("gate").word("", string(rollout.Manual), string(rollout.Auto))),
			Approvals: readApprovals(f.at("approvals")),
		})
	}
	p = p.WithApprovals(approvals)
	p.OnFail = readOnFail(plan.at("on_fail"))
	for _, problem := range p.Problems() {
		key, sentence, _ := strings.Cut(problem, ": ")
		at, ok := places[key]
		if !ok {
			at = steps
		}
		if !at.wrong() { // else the value here is not the one in the file
			at.bad("%s", strings.TrimSuffix(sentence, "."))
		}
	}
	return p
}

// pickPlan returns the named plan.
func pickPlan(n node, fallback string, plans map[string]rollout.Plan) rollout.Plan {
	name := n.textOr(fallback)
	p, ok := plans[name]
	if !ok {
		known := slices.Sorted(maps.Keys(plans))
		n.bad("%q is not a plan%s", short(name), meant(name, known))
	}
	return p
}

// pickPlans returns the plans that may be named besides the default one.
func pickPlans(n node, standard rollout.Plan, plans map[string]rollout.Plan) []rollout.Plan {
	var all []rollout.Plan
	for _, item := range n.items("[standard]") {
		p := pickPlan(item, "", plans)
		again := slices.ContainsFunc(all, func(other rollout.Plan) bool { return other.Name == p.Name })
		if p.Name != "" && p.Name != standard.Name && !again {
			all = append(all, p)
		}
	}
	return all
}
