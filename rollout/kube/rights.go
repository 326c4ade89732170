package kube

import (
	"context"
	"fmt"
	"slices"
	"strings"

	authorization "k8s.io/api/authorization/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// Right is what the bot has to be allowed in a service's namespace. The chart's roles grant exactly these.
type Right struct {
	Group    string // empty: the core group
	Resource string
	Verbs    []string
}

// Needs says what a service asks of the bot, and so which rights it needs.
type Needs struct {
	// RouteGroup and RouteResource are what the router reads and writes.
	RouteGroup    string
	RouteResource string
	// Create is true where the canary or its Service is made and deleted, CreateRoute where the route is.
	Create      bool
	CreateRoute bool
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
	return []Right{
		{Group: "apps", Resource: "deployments", Verbs: verbs(n.Create, "get", "watch", "patch")},
		{Group: "apps", Resource: "replicasets", Verbs: []string{"list"}},
		{Group: "", Resource: "services", Verbs: verbs(n.Create, "get", "list")},
		{Group: "", Resource: "pods", Verbs: []string{"list"}},
		{Group: "", Resource: "persistentvolumeclaims", Verbs: []string{"get"}},
		{Group: "discovery.k8s.io", Resource: "endpointslices", Verbs: []string{"list"}},
		{Group: "autoscaling", Resource: "horizontalpodautoscalers", Verbs: []string{"list"}},
		{Group: "policy", Resource: "poddisruptionbudgets", Verbs: []string{"list"}},
		{Group: n.RouteGroup, Resource: n.RouteResource, Verbs: verbs(n.CreateRoute, "get", "watch", "patch")},
	}
}

// denied asks the API server for each of the rights and returns one sentence for each resource where some are missing.
func (c *Cluster) denied(ctx context.Context, namespace string, needs Needs) ([]string, error) {
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
	var problems []string
	for i, right := range rights {
		if verbs := strings.Fields(strings.Join(missing[i], " ")); len(verbs) > 0 {
			problems = append(problems, fmt.Sprintf(
				"RBAC: the bot may not %s %s in namespace %s; list that namespace in the chart's values (namespaces%s) or grant it by a Role.",
				strings.Join(verbs, ", "), right.name(), namespace, hint(needs, right, verbs)))
		}
	}
	return problems, nil
}

// hint is what the namespace's entry in the values needs for the missing verbs: the kind of route, or the larger
// profile.
func hint(needs Needs, right Right, verbs []string) string {
	var with []string
	if right.Group == needs.RouteGroup && right.Resource == needs.RouteResource {
		with = append(with, "its kind among routes")
	}
	if slices.Contains(verbs, "create") || slices.Contains(verbs, "delete") {
		with = append(with, "create: true")
	}
	if len(with) == 0 {
		return ""
	}
	return ", with " + strings.Join(with, " and ")
}

// name is the resource as kubectl and Roles have it.
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
	what := "whether the bot may " + verb + " " + right.name()
	answer, err := read(ctx, what, func(ctx context.Context) (*authorization.SelfSubjectAccessReview, error) {
		return c.client.accessReviews().Create(ctx, review, meta.CreateOptions{FieldManager: object.Manager})
	})
	if err != nil {
		return false, err
	}
	return answer.Status.Allowed, nil
}

// needs returns what a rollout asks for that makes nothing.
func (c *Cluster) needs(r rollout.Rollout) (Needs, error) {
	router, err := c.router(r.Spec.Objects.Route.Kind)
	if err != nil {
		return Needs{}, err
	}
	group, resource := router.Resource()
	return Needs{RouteGroup: group, RouteResource: resource}, nil
}
