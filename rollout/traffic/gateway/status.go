package gateway

import (
	"encoding/json"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
	"canarybot.io/rollout/traffic"
)

// status is what the controllers of the route's Gateways report about it.
type status struct {
	Parents []parent `json:"parents"`
}

type parent struct {
	Ref        parentRef   `json:"parentRef"`
	Conditions []condition `json:"conditions"`
}

// parentRef names a Gateway, or a Service where a mesh follows the route. An empty namespace is the route's own.
type parentRef struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

type condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// ObservedGeneration is nil where the controller writes none, as several do.
	ObservedGeneration *int64 `json:"observedGeneration"`
}

// The conditions of a route, as in GEP-1364.
const (
	accepted     = "Accepted"
	resolvedRefs = "ResolvedRefs"
	partly       = "PartiallyInvalid" // good while it is absent or false: what is invalid is dropped, and the rest is served
)

// reports are what the controllers report about a route's own parents.
type reports struct {
	about   rollout.ObjectRef
	parents []parent
	err     error // they are not what the Gateway API describes
}

// reportsOn reads the route's status. Entries of parents that the route named before are left out: they stay where a
// controller was removed without cleaning up.
func reportsOn(route *unstructured.Unstructured) reports {
	var s status
	var spec struct {
		ParentRefs []parentRef `json:"parentRefs"`
	}
	rs := reports{about: object.Ref(Kind, route.GetNamespace(), route.GetName())}
	if rs.err = errors.Join(read(route.Object["status"], &s), read(route.Object["spec"], &spec)); rs.err != nil {
		return rs
	}
	for _, p := range s.Parents {
		named := func(ref parentRef) bool { return ref.names(p.Ref, route.GetNamespace()) }
		if len(spec.ParentRefs) == 0 || slices.ContainsFunc(spec.ParentRefs, named) {
			rs.parents = append(rs.parents, p)
		}
	}
	return rs
}

// acknowledged reports how far the Gateways follow the route as it is now. References need to resolve only while the
// canary has a weight: at 0 its Service may not exist. A route without a Gateway sends no traffic at all: that is as good
// as weight 0, and an end must not wait for a Gateway that was deleted.
func acknowledged(route *unstructured.Unstructured, weight rollout.Weight) traffic.Acknowledgement {
	conditions := []string{accepted, partly}
	if weight > 0 {
		conditions = append(conditions, resolvedRefs)
	}
	rs := reportsOn(route)
	a := traffic.Acknowledgement{Problem: rs.lack(route.GetGeneration(), conditions...), Unversioned: rs.unversioned(), Unresolved: rs.unresolved()}
	a.Taken = a.Problem.IsZero() || weight == 0 && a.Problem.Code == rollout.ProblemNoGateway
	return a
}

// names reports whether the report is about the parent: sections and ports are not compared, which some controllers leave
// out of their reports.
func (r parentRef) names(reported parentRef, namespace string) bool {
	for _, ref := range []*parentRef{&r, &reported} {
		if ref.Namespace == "" {
			ref.Namespace = namespace
		}
		if ref.Kind == "" {
			ref.Kind = "Gateway"
		}
	}
	return r == reported
}

// read decodes plain data.
func read(from, into any) error {
	raw, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// lack returns why the conditions of a parent do not hold for this generation of the route, or a newer one.
func (rs reports) lack(generation int64, conditions ...string) rollout.Problem {
	switch {
	case rs.err != nil:
		return rollout.Problem{Code: rollout.ProblemRouteStatusMalformed, Object: rs.about}
	case len(rs.parents) == 0:
		return rollout.Problem{Code: rollout.ProblemNoGateway, Object: rs.about}
	}
	for _, p := range rs.parents {
		for _, kind := range conditions {
			if why := p.lacks(kind, generation); !why.IsZero() {
				return rs.of(p, why)
			}
		}
	}
	return rollout.Problem{}
}

// of returns the problem with the route and the parent that has it.
func (rs reports) of(p parent, why rollout.Problem) rollout.Problem {
	why.Object, why.Other = rs.about, rollout.ObjectRef{Kind: "Gateway", Name: p.Ref.Name}
	return why
}

// unresolved returns why a parent cannot resolve the route's references. One that says nothing of them may yet.
func (rs reports) unresolved() rollout.Problem {
	for _, p := range rs.parents {
		if why := p.lacks(resolvedRefs, 0); why.Code == rollout.ProblemGatewayRefuses {
			return rs.of(p, why)
		}
	}
	return rollout.Problem{}
}

// lacks returns why the parent's condition does not hold for this generation of the route, if it does not. Where the
// controller writes no generation, what it says may be about an older one.
func (p parent) lacks(kind string, generation int64) rollout.Problem {
	good := "True"
	if kind == partly {
		good = "False"
	}
	for _, c := range p.Conditions {
		switch {
		case c.Type != kind:
		case c.ObservedGeneration != nil && *c.ObservedGeneration < generation:
			return rollout.Problem{Code: rollout.ProblemGatewayBehind, Key: kind}
		case c.Status != good:
			return rollout.Problem{Code: rollout.ProblemGatewayRefuses, Key: kind, Value: c.Status, Want: c.Reason, Words: c.Message}
		default:
			return rollout.Problem{}
		}
	}
	if kind == partly {
		return rollout.Problem{}
	}
	return rollout.Problem{Code: rollout.ProblemGatewaySilent, Key: kind}
}

// unversioned reports whether a parent accepts the route without saying which generation of it.
func (rs reports) unversioned() bool {
	return slices.ContainsFunc(rs.parents, func(p parent) bool {
		return slices.ContainsFunc(p.Conditions, func(c condition) bool { return c.Type == accepted && c.ObservedGeneration == nil })
	})
}
