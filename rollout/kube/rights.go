package kube

import (
	"context"
	"slices"

	authorization "k8s.io/api/authorization/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// Right is what the bot must be allowed to do in a service's namespace. The chart's roles grant exactly these.
type Right struct {
	Group    string // empty: the core group
	Resource string
	Verbs    []string
	// Names are the objects that get and patch are needed for, and Made is the one that delete is needed for; none: any
	// object. The other verbs always concern all: a role cannot limit them to names.
	Names []string
	Made  string
}

// named returns the names to ask about for one of the verbs.
func (r Right) named(verb string) []string {
	switch {
	case (verb == "get" || verb == "patch") && len(r.Names) > 0:
		return r.Names
	case verb == "delete":
		return []string{r.Made}
	}
	return []string{""}
}

// Needs says what a service makes the bot do, and so which rights the bot needs.
type Needs struct {
	// RouteGroup and RouteResource name what the router reads and writes.
	RouteGroup    string
	RouteResource string
	// Create is true where the bot makes and deletes the canary or its Service, CreateRoute where it does so with the
	// route.
	Create      bool
	CreateRoute bool
	// Scaler is the kind of what scales stable by load; empty: nothing does.
	Scaler string
	// From is the route that another one is made from, which is read only; empty: there is none.
	From string
	// Objects are those that the configuration names: nobody needs a right on others of their kinds.
	Objects Named
}

// Named are names of a service's objects. Root is the Service in front of a TrafficSplit; empty: there is none.
type Named struct{ Stable, Canary, StableService, CanaryService, Root, Route string }

// services returns the names of the Services.
func (n Named) services() []string {
	return slices.DeleteFunc([]string{n.StableService, n.CanaryService, n.Root}, func(name string) bool { return name == "" })
}

// Rights returns every right that this package and the router use for such a service, and no other: each verb here is
// one that Observe, Do, Preflight or the Watcher sends.
func (n Needs) Rights() []Right {
	verbs := func(create bool, always ...string) []string {
		if create {
			return append(always, "create", "delete")
		}
		return always
	}
	scaler := func(steered bool, always ...string) []string {
		if steered {
			return append(always, "get", "patch")
		}
		return always
	}
	o := n.Objects
	all := []Right{
		{Group: scaledObject.group, Resource: scaledObject.resource, Verbs: scaler(n.Scaler == scaledObject.kind)},
		{Group: "apps", Resource: "deployments", Verbs: verbs(n.Create, "get", "watch", "patch"), Names: []string{o.Stable, o.Canary}, Made: o.Canary},
		{Group: "apps", Resource: "replicasets", Verbs: []string{"list"}},
		{Group: "", Resource: "services", Verbs: verbs(n.Create, "get", "list"), Names: o.services(), Made: o.CanaryService},
		{Group: "", Resource: "pods", Verbs: []string{"list"}},
		{Group: "", Resource: "persistentvolumeclaims", Verbs: []string{"get"}},
		{Group: "discovery.k8s.io", Resource: "endpointslices", Verbs: []string{"list"}},
		{Group: horizontal.group, Resource: horizontal.resource, Verbs: scaler(n.Scaler == horizontal.kind, "list")},
		{Group: "policy", Resource: "poddisruptionbudgets", Verbs: []string{"list"}},
		{Group: n.RouteGroup, Resource: n.RouteResource, Verbs: verbs(n.CreateRoute, "get", "watch", "patch"), Names: []string{o.Route}, Made: o.Route},
	}
	if n.From != "" {
		all = append(all, Right{Group: n.RouteGroup, Resource: n.RouteResource, Verbs: []string{"get"}, Names: []string{n.From}})
	}
	return all
}

// denied asks the API server for each of the rights and returns a problem for each resource where some are missing.
func (c *Cluster) denied(ctx context.Context, namespace string, needs Needs) ([]rollout.Problem, error) {
	rights := needs.Rights()
	missing := make([][]string, len(rights))
	var asks []func() error
	for i, right := range rights {
		missing[i] = make([]string, len(right.Verbs))
		for j, verb := range right.Verbs {
			asks = append(asks, func() error {
				for _, name := range right.named(verb) {
					allowed, err := c.allowed(ctx, right.asked(namespace, verb, name))
					if err != nil {
						return err
					}
					if !allowed {
						missing[i][j] = verb
					}
				}
				return nil
			})
		}
	}
	if err := together(asks...); err != nil {
		return nil, err
	}
	var problems []rollout.Problem
	for i, right := range rights {
		verbs := slices.DeleteFunc(missing[i], func(verb string) bool { return verb == "" })
		if len(verbs) > 0 {
			problems = append(problems, rollout.Problem{
				Code: missingRights(needs, right, verbs), Names: verbs,
				Object: rollout.ObjectRef{Kind: right.name(), Namespace: namespace},
			})
		}
	}
	return problems, nil
}

// missingRights returns what the namespace's entry in the chart's values lacks: the kind of route, the larger profile,
// both, or the namespace alone.
func missingRights(needs Needs, right Right, verbs []string) rollout.ProblemCode {
	route := right.Group == needs.RouteGroup && right.Resource == needs.RouteResource
	create := slices.Contains(verbs, "create") || slices.Contains(verbs, "delete")
	switch {
	case route && create:
		return rollout.ProblemRightsMissingRouteCreate
	case route:
		return rollout.ProblemRightsMissingRoute
	case create:
		return rollout.ProblemRightsMissingCreate
	}
	return rollout.ProblemRightsMissing
}

// name returns the resource in the notation of kubectl: "deployments.apps".
func (r Right) name() string {
	if r.Group == "" {
		return r.Resource
	}
	return r.Resource + "." + r.Group
}

// asked returns the question whether the right is there for one verb, on one object or, without a name, on all.
func (r Right) asked(namespace, verb, name string) authorization.ResourceAttributes {
	return authorization.ResourceAttributes{Namespace: namespace, Verb: verb, Group: r.Group, Resource: r.Resource, Name: name}
}

func (c *Cluster) allowed(ctx context.Context, what authorization.ResourceAttributes) (bool, error) {
	review := &authorization.SelfSubjectAccessReview{Spec: authorization.SelfSubjectAccessReviewSpec{ResourceAttributes: &what}}
	kind := Right{Group: what.Group, Resource: what.Resource}.name()
	asked := rollout.Problem{Call: rollout.CallReview, Value: what.Verb, Object: rollout.ObjectRef{Kind: kind}}
	answer, err := read(ctx, asked, func(ctx context.Context) (*authorization.SelfSubjectAccessReview, error) {
		return c.client.accessReviews().Create(ctx, review, meta.CreateOptions{FieldManager: object.Manager})
	})
	if err != nil {
		return false, err
	}
	return answer.Status.Allowed, nil
}

// needs returns the needs of a rollout that makes no objects.
func (c *Cluster) needs(r rollout.Rollout) (Needs, error) {
	router, err := c.router(r.Spec.Objects.Route.Kind)
	if err != nil {
		return Needs{}, err
	}
	group, resource := router.Resource()
	o := r.Spec.Objects
	return Needs{RouteGroup: group, RouteResource: resource, From: o.Route.From, Objects: Named{
		Stable: o.Stable, Canary: o.Canary, StableService: o.StableService, CanaryService: o.CanaryService,
		Root: o.Route.Service, Route: o.Route.Name,
	}}, nil
}
