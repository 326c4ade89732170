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
	return []Right{
		{Group: scaledObject.group, Resource: scaledObject.resource, Verbs: scaler(n.Scaler == scaledObject.kind)},
		{Group: "apps", Resource: "deployments", Verbs: verbs(n.Create, "get", "watch", "patch")},
		{Group: "apps", Resource: "replicasets", Verbs: []string{"list"}},
		{Group: "", Resource: "services", Verbs: verbs(n.Create, "get", "list")},
		{Group: "", Resource: "pods", Verbs: []string{"list"}},
		{Group: "", Resource: "persistentvolumeclaims", Verbs: []string{"get"}},
		{Group: "discovery.k8s.io", Resource: "endpointslices", Verbs: []string{"list"}},
		{Group: horizontal.group, Resource: horizontal.resource, Verbs: scaler(n.Scaler == horizontal.kind, "list")},
		{Group: "policy", Resource: "poddisruptionbudgets", Verbs: []string{"list"}},
		{Group: n.RouteGroup, Resource: n.RouteResource, Verbs: verbs(n.CreateRoute, "get", "watch", "patch")},
	}
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
				allowed, err := c.allowed(ctx, namespace, right, verb)
				if !allowed {
					missing[i][j] = verb
				}
				return err
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

func (c *Cluster) allowed(ctx context.Context, namespace string, right Right, verb string) (bool, error) {
	review := &authorization.SelfSubjectAccessReview{Spec: authorization.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorization.ResourceAttributes{
			Namespace: namespace, Verb: verb, Group: right.Group, Resource: right.Resource,
		},
	}}
	asked := rollout.Problem{Call: rollout.CallReview, Value: verb, Object: rollout.ObjectRef{Kind: right.name()}}
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
	return Needs{RouteGroup: group, RouteResource: resource}, nil
}
