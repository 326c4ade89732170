package smi

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
	"canarybot.io/rollout/traffic"
)

// Preflight says what of the split keeps the rollout from starting, and how it was found. A split at weight 0 that an
// ended rollout made is a leftover: it counts as absent.
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
	add := func(problems ...string) { start.Problems = append(start.Problems, problems...) }
	if split == nil {
		if !o.Route.Create {
			add(fmt.Sprintf("services.%s.route.create: %s does not exist; make it, or set route.create: true to have it made at the start and deleted at the end.",
				r.Service, rt.Called(o.Namespace, o.Route.Name)))
		}
		return start, nil
	}
	rules, err := parse(split, o)
	if err != nil {
		add(rollout.Message(err))
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

// problems returns what in the backends keeps a share from being set.
func (rt *Router) problems(o rollout.Objects, rule traffic.Rule) []string {
	var problems []string
	what := rt.Called(o.Namespace, o.Route.Name)
	add := func(format string, args ...any) { problems = append(problems, what+" "+fmt.Sprintf(format, args...)) }
	times := map[any]int{}
	for _, ref := range rule.Refs {
		times[ref[serviceKey]]++
	}
	switch {
	case rule.Stable < 0:
		add("does not name Service %s, stable's, among its backends: add {service: %s, weight: 100}.", o.StableService, o.StableService)
		return problems
	case times[o.StableService] > 1 || times[o.CanaryService] > 1:
		add("names a Service of the pair twice: join the two backends.")
	}
	if why := rule.Problem(); why != "" {
		add("has weights that cannot be steered: %s; set the weight of Service %s above 0.", why, o.StableService)
	} else if _, err := rule.AddCanary(func(traffic.Weighted) {}).Steer(1); err != nil {
		add("has weights that cannot be steered: %s", rollout.Message(err))
	}
	if w := rule.Share(nil); w > 0 {
		add("gives Service %s, the canary's, %s of the pair's traffic already: set its weight to 0.", o.CanaryService, w)
	}
	return problems
}

// rootProblems is about the Service that clients call: it has to be there, to be none of the backends, and to have
// stable's ports. A backend without the root's port silently gets nothing.
func (rt *Router) rootProblems(ctx context.Context, r rollout.Rollout, split *unstructured.Unstructured) ([]string, error) {
	o := r.Spec.Objects
	root := o.Route.Service
	var problems []string
	add := func(format string, args ...any) {
		problems = append(problems, fmt.Sprintf("services.%s.route.service: ", r.Service)+fmt.Sprintf(format, args...))
	}
	if split != nil {
		if named, _, _ := unstructured.NestedString(split.Object, "spec", "service"); named != root {
			add("%s splits Service %q, not %q; name the one that it splits.", rt.Called(o.Namespace, o.Route.Name), named, root)
		}
	}
	if root == o.StableService || root == o.CanaryService {
		add("Service %s is a backend too, and a split must not send to itself: name the Service that clients call, or give each side a Service of its own.", root)
		return problems, nil
	}
	rootPorts, err := rt.ports(ctx, o.Namespace, root)
	if rollout.CodeOf(err) == rollout.NotFound {
		add("Service %s/%s does not exist; name the Service that clients call.", o.Namespace, root)
		return problems, nil
	}
	if err != nil {
		return nil, err
	}
	stablePorts, err := rt.ports(ctx, o.Namespace, o.StableService)
	if rollout.CodeOf(err) == rollout.NotFound {
		return problems, nil // told where Services are checked
	}
	for _, port := range rootPorts {
		if err == nil && !slices.Contains(stablePorts, port) {
			problems = append(problems, fmt.Sprintf("Service %s lacks port %d of Service %s, whose traffic the split sends to it: it would get nothing there. Add the port; the canary's Service needs it too.",
				o.StableService, port, root))
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
		return nil, rollout.Wrap(rollout.Invalid, err, fmt.Sprintf("The ports of Service %s/%s are not a list.", namespace, name))
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
