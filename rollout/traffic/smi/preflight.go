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

// Preflight says what of the split keeps the rollout from starting, and how it was found. It deletes a split at weight
// 0 that an ended rollout made and left behind.
func (rt *Router) Preflight(ctx context.Context, r rollout.Rollout) (rollout.FoundRoute, []string, error) {
	o := r.Spec.Objects
	if unserved, err := rt.splits.Unserved(ctx, r.Service); err != nil || unserved != nil {
		return rollout.FoundRoute{}, unserved, err
	}
	split, err := rt.find(ctx, o)
	if err != nil {
		return rollout.FoundRoute{}, nil, err
	}
	problems, err := rt.rootProblems(ctx, r, split)
	if err != nil {
		return rollout.FoundRoute{}, nil, err
	}
	if split == nil {
		if !o.Route.Create {
			problems = append(problems, fmt.Sprintf("services.%s.route.create: %s does not exist; make it, or set route.create: true to have it made at the start and deleted at the end.",
				r.Service, rt.splits.Called(o.Namespace, o.Route.Name)))
		}
		return rollout.FoundRoute{}, problems, nil
	}
	rule, err := parse(split, o)
	if err != nil {
		return rollout.FoundRoute{}, append(problems, rollout.Message(err)), nil
	}
	left := object.Ours(split, r)
	if left != nil && left.Found != nil && left.Found.Route.UID == "" && rule.Share(nil) == 0 && o.Route.Create {
		return rollout.FoundRoute{}, problems, rt.sweep(ctx, r, split, problems)
	}
	found := rollout.FoundRoute{UID: string(split.GetUID()), HasCanary: rule.Canary >= 0, Weight: rule.Share(nil)}
	if left != nil && left.Found != nil && left.Found.Route.UID != "" {
		found.HasCanary = found.HasCanary && left.Found.Route.HasCanary
	}
	problems = append(problems, object.Problems(split, Kind, r)...)
	problems = append(problems, rt.problems(o, rule)...)
	return found, problems, nil
}

// find reads the split; nil when it does not exist.
func (rt *Router) find(ctx context.Context, o rollout.Objects) (*unstructured.Unstructured, error) {
	split, err := rt.splits.Get(ctx, o.Namespace, o.Route.Name)
	if rollout.CodeOf(err) == rollout.NotFound {
		return nil, nil
	}
	return split, err
}

// sweep deletes the leftover, when nothing else stands in the way of the start and this is one.
func (rt *Router) sweep(ctx context.Context, r rollout.Rollout, split *unstructured.Unstructured, problems []string) error {
	if len(problems) > 0 || !object.MaySweep(r) {
		return nil
	}
	err := rt.splits.Delete(ctx, split.GetNamespace(), split.GetName(), rollout.Write{
		Object: rollout.RouteObject, Verb: rollout.Delete, UID: string(split.GetUID()), Version: split.GetResourceVersion(),
	})
	if rollout.CodeOf(err) == rollout.NotFound {
		return nil
	}
	return err
}

// problems returns what in the backends keeps a share from being set.
func (rt *Router) problems(o rollout.Objects, rule traffic.Rule) []string {
	var problems []string
	what := rt.splits.Called(o.Namespace, o.Route.Name)
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
			add("%s splits Service %q, not %q; name the one that it splits.", rt.splits.Called(o.Namespace, o.Route.Name), named, root)
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
