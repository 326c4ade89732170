package gateway

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
	"canarybot.io/rollout/traffic"
)

// Preflight says what of the route keeps the rollout from starting, and how it was found. It changes nothing: an
// HTTPRoute is never ours, and a place that an ended rollout left the canary in is taken over, to be given back.
func (rt *Router) Preflight(ctx context.Context, r rollout.Rollout) (object.RouteStart, error) {
	o := r.Spec.Objects
	if unserved, err := rt.Unserved(ctx, r.Service); err != nil || unserved != nil {
		return object.RouteStart{Problems: unserved}, err
	}
	var start object.RouteStart
	add := func(problems ...string) { start.Problems = append(start.Problems, problems...) }
	if o.Route.Create {
		add(fmt.Sprintf("services.%s.route.create: An HTTPRoute is never made by Canarybot, only its owner knows how traffic comes in; leave the line out.", r.Service))
	}
	route, err := rt.Get(ctx, o.Namespace, o.Route.Name)
	switch {
	case rollout.CodeOf(err) == rollout.NotFound:
		add(fmt.Sprintf("services.%s.route.name: %s does not exist; name the HTTPRoute that sends traffic to Service %s.",
			r.Service, called(o), o.StableService))
		return start, nil
	case err != nil:
		return object.RouteStart{}, err
	}
	parsed, err := parse(route, o)
	if err != nil {
		add(rollout.Message(err))
		return start, nil
	}
	start.Found = rollout.OriginalRoute{UID: string(route.GetUID()), HasCanary: parsed.HasCanary(), Weight: parsed.Share(nil)}
	if left := object.Ours(route, r); left != nil && left.Original != nil {
		start.Found.HasCanary = start.Found.HasCanary && left.Original.Route.HasCanary
	}
	add(object.Problems(route, Kind, r)...)
	add(problems(parsed, r)...)
	add(unattended(route, called(o))...)
	return start, nil
}

// problems returns what in the rules keeps a share from being set.
func problems(rules traffic.Rules, r rollout.Rollout) []string {
	o := r.Spec.Objects
	var problems []string
	add := func(i int, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("Rule %d of %s: %s", i, called(o), fmt.Sprintf(format, args...)))
	}
	named, with, without := 0, 0, 0
	for i, rule := range rules {
		stable, canary := count(rule, o.StableService, o), count(rule, o.CanaryService, o)
		switch {
		case stable == 0 && canary > 0:
			add(i, "Service %s, the canary's, is named without stable's, %s, so a share cannot be set and canary pods are reached at weight 0. Name both or none.",
				o.CanaryService, o.StableService)
			continue
		case stable == 0:
			continue
		case stable > 1 || canary > 1:
			add(i, "a Service of the pair is named twice in its backendRefs; join the two.")
		}
		named++
		if rule.Canary < 0 {
			without++
		} else {
			with++
			problems = append(problems, pair(i, rule, o)...)
		}
		if why := rule.Problem(); why != "" {
			add(i, "%s; set the weight of Service %s above 0.", why, o.StableService)
		} else if err := resolvable(rule); err != nil {
			add(i, "%s", rollout.Message(err))
		}
	}
	switch {
	case named == 0:
		problems = append(problems, fmt.Sprintf("services.%s.stable_service: No rule of %s names Service %s in its backendRefs, so there is nothing to steer.",
			r.Service, called(o), o.StableService))
	case with > 0 && without > 0:
		problems = append(problems, fmt.Sprintf("Some rules of %s name Service %s, the canary's, beside stable's and some do not: name it in all of them at weight 0, or in none.",
			called(o), o.CanaryService))
	}
	return problems
}

// count returns how often the rule names the Service.
func count(rule traffic.Rule, service string, o rollout.Objects) int {
	n := 0
	for _, ref := range rule.Refs {
		if names(ref, service, o) {
			n++
		}
	}
	return n
}

// pair is about a canary that is named already.
func pair(i int, rule traffic.Rule, o rollout.Objects) []string {
	var problems []string
	if w := rule.Share(nil); w > 0 && rule.Stable >= 0 {
		problems = append(problems, fmt.Sprintf("Rule %d of %s: Service %s, the canary's, has %s of the pair's traffic already; set its weight to 0.",
			i, called(o), o.CanaryService, w))
	}
	if rule.Stable >= 0 && fmt.Sprint(rule.Refs[rule.Stable]["port"]) != fmt.Sprint(rule.Refs[rule.Canary]["port"]) {
		problems = append(problems, fmt.Sprintf("Rule %d of %s: the ports of Services %s and %s differ; give both the same.",
			i, called(o), o.StableService, o.CanaryService))
	}
	return problems
}

// resolvable says whether every share can be set beside the rule's other backends.
func resolvable(rule traffic.Rule) error {
	_, err := rule.AddCanary(func(traffic.Weighted) {}).Steer(1)
	return err
}

// unattended refuses a route that nobody serves: its weights would never be acknowledged. That its newest generation
// was not looked at yet is no reason: the rollout before may have ended a moment ago.
func unattended(route *unstructured.Unstructured, called string) []string {
	if ok, why := taken(route, 0, "Accepted"); !ok {
		return []string{fmt.Sprintf("%s is not in force: %s. See kubectl -n %s describe httproute/%s", called, why, route.GetNamespace(), route.GetName())}
	}
	return nil
}
