package gateway

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
	"canarybot.io/rollout/traffic"
)

// Preflight returns what about the route keeps the rollout from starting, and the route's original state. A route at weight
// 0 that an ended rollout made is a leftover: it counts as absent. Where an ended rollout left the canary in a rule, this
// one takes the place over and removes it at its end. It changes nothing.
func (rt *Router) Preflight(ctx context.Context, r rollout.Rollout) (object.RouteStart, error) {
	o := r.Spec.Objects
	if unserved, err := rt.Unserved(ctx, r.Service); err != nil || unserved != nil {
		return object.RouteStart{Problems: unserved}, err
	}
	route, err := rt.find(ctx, o.Namespace, o.Route.Name)
	switch {
	case err != nil:
		return object.RouteStart{}, err
	case o.Route.Create && (route == nil || made(route, r)):
		start, err := rt.preflightMade(ctx, r)
		if route != nil {
			start.Leftover = &rollout.Write{
				Object: rollout.RouteObject, Verb: rollout.Delete, UID: string(route.GetUID()), Version: route.GetResourceVersion(),
			}
		}
		return start, err
	case route == nil:
		return object.RouteStart{Problems: []rollout.Problem{{
			Code: rollout.ProblemRouteMissing, Service: r.Service, Key: "route.name", Object: ref(o), Other: service(o, o.StableService),
		}}}, nil
	}
	return preflightFound(route, r), nil
}

// find reads a route; nil when it does not exist.
func (rt *Router) find(ctx context.Context, namespace, name string) (*unstructured.Unstructured, error) {
	route, err := rt.Get(ctx, namespace, name)
	if rollout.CodeOf(err) == rollout.NotFound {
		return nil, nil
	}
	return route, err
}

// made reports whether an ended rollout of the service made the route, and left it behind without traffic for the canary.
func made(route *unstructured.Unstructured, r rollout.Rollout) bool {
	left := object.Ours(route, r)
	rules, err := parse(route, r.Spec.Objects)
	return err == nil && left != nil && left.Original != nil && left.Original.Route.UID == "" && rules.Share(nil) == 0
}

// preflightMade is about the route that another one is made from.
func (rt *Router) preflightMade(ctx context.Context, r rollout.Rollout) (object.RouteStart, error) {
	o := r.Spec.Objects
	about := r // the same rollout, seen from the other route
	about.Spec.Objects.Route.Name = o.Route.From
	from, err := rt.find(ctx, o.Namespace, o.Route.From)
	switch {
	case err != nil:
		return object.RouteStart{}, err
	case from == nil:
		return object.RouteStart{Problems: []rollout.Problem{{
			Code: rollout.ProblemFromMissing, Service: r.Service, Key: "route.from", Object: ref(about.Spec.Objects), Other: ref(o),
		}}}, nil
	}
	start := preflightFound(from, about)
	start.Found, start.Route, start.Weights = rollout.OriginalRoute{}, nil, ""
	if len(start.Problems) > 0 {
		return start, nil
	}
	if _, err := inert(from, r, rollout.Stamp{}); err != nil {
		start.Problems = []rollout.Problem{rollout.ProblemOf(err)}
	}
	return start, nil
}

// preflightFound is about a route that is there.
func preflightFound(route *unstructured.Unstructured, r rollout.Rollout) object.RouteStart {
	o := r.Spec.Objects
	var start object.RouteStart
	add := func(problems ...rollout.Problem) { start.Problems = append(start.Problems, problems...) }
	start.Route, start.Weights = route, "/spec/rules"
	parsed, err := parse(route, o)
	if err != nil {
		add(rollout.ProblemOf(err))
		return start
	}
	start.Found = rollout.OriginalRoute{UID: string(route.GetUID()), HasCanary: parsed.HasCanary(), Weight: parsed.Share(nil)}
	if left := object.Ours(route, r); left != nil && left.Original != nil {
		start.Found.HasCanary = start.Found.HasCanary && left.Original.Route.HasCanary
	}
	add(object.Problems(route, Kind, r)...)
	add(problems(parsed, r)...)
	rs := reportsOn(route)
	add(unattended(rs)...)
	add(unresolved(rs, parsed)...)
	if len(start.Problems) == 0 && rs.unversioned() {
		start.Notices = append(start.Notices, rollout.Problem{Code: rollout.ProblemSettling, Object: ref(o), Span: rollout.Settling})
	}
	return start
}

// service names a Service beside the route.
func service(o rollout.Objects, name string) rollout.ObjectRef {
	return object.Ref("Service", o.Namespace, name)
}

// problems returns what in the rules keeps a share from being set.
func problems(rules traffic.Rules, r rollout.Rollout) []rollout.Problem {
	o := r.Spec.Objects
	var problems []rollout.Problem
	with, without := 0, 0
	for i, rule := range rules {
		problems = append(problems, ruleProblems(i, rule, o)...)
		switch {
		case count(rule, o.StableService, o) == 0:
		case rule.Canary < 0:
			without++
		default:
			with++
		}
	}
	switch {
	case with+without == 0:
		problems = append(problems, rollout.Problem{
			Code: rollout.ProblemStableUnnamed, Service: r.Service, Key: "stable_service", Object: ref(o), Other: service(o, o.StableService),
		})
	case with > 0 && without > 0:
		problems = append(problems, rollout.Problem{Code: rollout.ProblemRulesDisagree, Object: ref(o), Other: service(o, o.CanaryService)})
	}
	return problems
}

// ruleProblems returns what in one rule keeps a share from being set. A rule that names neither side is not ours.
func ruleProblems(i int, rule traffic.Rule, o rollout.Objects) []rollout.Problem {
	var problems []rollout.Problem
	add := func(p rollout.Problem) {
		p.Object, p.Index = ref(o), i
		problems = append(problems, p)
	}
	stable, canary := count(rule, o.StableService, o), count(rule, o.CanaryService, o)
	switch {
	case stable == 0 && canary > 0:
		add(rollout.Problem{Code: rollout.ProblemRuleCanaryAlone, Other: service(o, o.CanaryService), Value: o.StableService})
		return problems
	case stable == 0:
		return nil
	case stable > 1 || canary > 1:
		add(rollout.Problem{Code: rollout.ProblemRulePairTwice})
	}
	if w := rule.Share(nil); w > 0 {
		add(rollout.Problem{Code: rollout.ProblemRuleCanaryTraffic, Other: service(o, o.CanaryService), Count: int(w)})
	}
	if rule.Canary >= 0 && fmt.Sprint(rule.Refs[rule.Stable]["port"]) != fmt.Sprint(rule.Refs[rule.Canary]["port"]) {
		add(rollout.Problem{Code: rollout.ProblemRulePorts, Value: o.StableService, Other: service(o, o.CanaryService)})
	}
	if p := rule.Problem(); !p.IsZero() {
		p.Key, p.Other = rollout.RouteRules, service(o, o.StableService)
		add(p)
	}
	return problems
}

// count returns how often the rule names the Service.
func count(rule traffic.Rule, service string, o rollout.Objects) int {
	n := 0
	for _, backend := range rule.Refs {
		if names(backend, service, o) {
			n++
		}
	}
	return n
}

// unattended refuses a route that no Gateway serves: its weights would never be acknowledged. It is no reason that the
// newest generation was not seen yet: the rollout before may have ended a moment ago.
func unattended(rs reports) []rollout.Problem {
	p := rs.lack(0, accepted, partly)
	// No other problem keeps a rollout from starting.
	//exhaustive:ignore
	switch p.Code {
	case rollout.ProblemRouteStatusMalformed:
		p.Code = rollout.ProblemStartStatusMalformed
	case rollout.ProblemNoGateway:
		p.Code = rollout.ProblemStartNoGateway
	case rollout.ProblemGatewayRefuses:
		p.Code = rollout.ProblemStartGatewayRefuses
	case rollout.ProblemGatewaySilent:
		p.Code = rollout.ProblemStartGatewaySilent
	default:
		return nil
	}
	return []rollout.Problem{p}
}

// noBackend is the reason of a reference to a Service that does not exist.
const noBackend = "BackendNotFound"

// unresolved refuses a route whose references do not resolve already: the canary's share would be lost. Where the route
// names the canary its Service may be what is missing, which the rollout makes: that is waited for before any traffic.
func unresolved(rs reports, rules traffic.Rules) []rollout.Problem {
	p := rs.unresolved()
	if p.IsZero() || p.Want == noBackend && rules.HasCanary() {
		return nil
	}
	p.Code = rollout.ProblemStartGatewayRefuses
	return []rollout.Problem{p}
}
