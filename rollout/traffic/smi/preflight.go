package smi

import (
	"context"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
	"canarybot.io/rollout/traffic"
)

// Preflight returns what about the split keeps the rollout from starting, and the split's original state. A split at
// weight 0 that an ended rollout made is a leftover: it counts as absent.
func (rt *Router) Preflight(ctx context.Context, r rollout.Rollout) (object.RouteStart, error) {
	o := r.Spec.Objects
	if unserved, err := rt.Unserved(ctx, r.Service); err != nil || unserved != nil {
		return object.RouteStart{Problems: unserved}, err
	}
	split, err := rt.find(ctx, o)
	if err != nil {
		return object.RouteStart{}, err
	}
	var start object.RouteStart
	if start.Problems, err = rt.rootProblems(ctx, r, split); err != nil {
		return object.RouteStart{}, err
	}
	add := func(problems ...rollout.Problem) { start.Problems = append(start.Problems, problems...) }
	if split == nil {
		if !o.Route.Create {
			add(rollout.Problem{
				Code: rollout.ProblemSplitMissing, Service: r.Service, Key: "route.create", Object: rt.Ref(o.Namespace, o.Route.Name),
			})
		}
		return start, nil
	}
	rules, err := parse(split, o)
	if err != nil {
		add(rollout.ProblemOf(err))
		return start, nil
	}
	left := object.Ours(split, r)
	made := left != nil && left.Original != nil && left.Original.Route.UID == ""
	if made && rules.Share(nil) == 0 && o.Route.Create {
		start.Leftover = &rollout.Write{
			Object: rollout.RouteObject, Verb: rollout.Delete, UID: string(split.GetUID()), Version: split.GetResourceVersion(),
		}
		return start, nil
	}
	start.Route, start.Weights = split, "/spec/backends"
	start.Found = rollout.OriginalRoute{UID: string(split.GetUID()), HasCanary: rules.HasCanary(), Weight: rules.Share(nil)}
	if left != nil && left.Original != nil && !made {
		start.Found.HasCanary = start.Found.HasCanary && left.Original.Route.HasCanary
	}
	add(object.Problems(split, Kind, r)...)
	add(rt.problems(o, rules[0])...)
	return start, nil
}

// find reads the split; nil when it does not exist.
func (rt *Router) find(ctx context.Context, o rollout.Objects) (*unstructured.Unstructured, error) {
	split, err := rt.Get(ctx, o.Namespace, o.Route.Name)
	if rollout.CodeOf(err) == rollout.NotFound {
		return nil, nil
	}
	return split, err
}

// serviceRef names a Service beside the split.
func serviceRef(o rollout.Objects, name string) rollout.ObjectRef {
	return object.Ref("Service", o.Namespace, name)
}

// problems returns what in the backends keeps a share from being set.
func (rt *Router) problems(o rollout.Objects, rule traffic.Rule) []rollout.Problem {
	var problems []rollout.Problem
	add := func(p rollout.Problem) {
		p.Object = rt.Ref(o.Namespace, o.Route.Name)
		problems = append(problems, p)
	}
	stable, canary := serviceRef(o, o.StableService), serviceRef(o, o.CanaryService)
	times := map[any]int{}
	for _, ref := range rule.Refs {
		times[ref[serviceKey]]++
	}
	switch {
	case rule.Stable < 0:
		add(rollout.Problem{Code: rollout.ProblemSplitStableUnnamed, Other: stable})
		return problems
	case times[o.StableService] > 1 || times[o.CanaryService] > 1:
		add(rollout.Problem{Code: rollout.ProblemSplitPairTwice})
	}
	if p := rule.Problem(); !p.IsZero() {
		p.Key, p.Other = rollout.RouteBackends, stable
		add(p)
	}
	if w := rule.Share(nil); w > 0 {
		add(rollout.Problem{Code: rollout.ProblemSplitCanaryTraffic, Other: canary, Count: int(w)})
	}
	return problems
}

// rootProblems is about the Service that clients call: it has to exist, must not be a backend, and stable needs each of
// its ports. A backend without the root's port silently gets nothing.
func (rt *Router) rootProblems(ctx context.Context, r rollout.Rollout, split *unstructured.Unstructured) ([]rollout.Problem, error) {
	o := r.Spec.Objects
	root := o.Route.Service
	rootRef := serviceRef(o, root)
	var problems []rollout.Problem
	add := func(p rollout.Problem) {
		p.Service, p.Key = r.Service, "route.service"
		problems = append(problems, p)
	}
	if split != nil {
		if named, _, _ := unstructured.NestedString(split.Object, "spec", "service"); named != root {
			add(rollout.Problem{Code: rollout.ProblemSplitOtherRoot, Object: rt.Ref(o.Namespace, o.Route.Name), Value: named, Want: root})
		}
	}
	if root == o.StableService || root == o.CanaryService {
		add(rollout.Problem{Code: rollout.ProblemSplitToItself, Other: rootRef})
		return problems, nil
	}
	rootPorts, err := rt.ports(ctx, o.Namespace, root)
	if rollout.CodeOf(err) == rollout.NotFound {
		add(rollout.Problem{Code: rollout.ProblemRootMissing, Object: rootRef})
		return problems, nil
	}
	if err != nil {
		return nil, err
	}
	stablePorts, err := rt.ports(ctx, o.Namespace, o.StableService)
	if rollout.CodeOf(err) == rollout.NotFound {
		return problems, nil // reported where Services are checked
	}
	for _, port := range rootPorts {
		if err == nil && !slices.Contains(stablePorts, port) {
			problems = append(problems, rollout.Problem{
				Code: rollout.ProblemBackendPort, Object: serviceRef(o, o.StableService), Other: rootRef, Value: strconv.FormatInt(port, 10),
			})
		}
	}
	return problems, err
}

// ports returns the port numbers of a Service.
func (rt *Router) ports(ctx context.Context, namespace, name string) ([]int64, error) {
	service, err := rt.services.Get(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	list, _, err := unstructured.NestedSlice(service.Object, "spec", "ports")
	if err != nil {
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{
			Code: rollout.ProblemPortsMalformed, Object: object.Ref("Service", namespace, name),
		}).Because(err)
	}
	var ports []int64
	for _, item := range list {
		if fields, ok := item.(map[string]any); ok {
			if port, ok := fields["port"].(int64); ok {
				ports = append(ports, port)
			}
		}
	}
	return ports, nil
}
