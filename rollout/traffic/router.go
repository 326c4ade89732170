package traffic

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// Dialect is what differs between kinds of routes: where the weights are, and how they are acknowledged.
type Dialect struct {
	Kind Kind
	// Path is the path of the weights in managedFields, which name who changed them last.
	Path []string
	// Backend is the key that names a backend's Service.
	Backend string
	// Pointer is where a backend stands in the object, as a JSON pointer (RFC 6901).
	Pointer func(rule, backend int) string
	// Rules reads the weights and finds the pair among the backends. The error is Invalid.
	Rules func(route *unstructured.Unstructured, o rollout.Objects) (Rules, error)
	// Spec returns the part of the spec that a merge patch replaces to set these rules: such a patch replaces whole
	// lists.
	Spec func(route *unstructured.Unstructured, rules Rules) map[string]any
	// Acknowledged reports how far the route is followed as it is now, where the canary's share is weight; nil: it always
	// is.
	Acknowledged func(route *unstructured.Unstructured, weight rollout.Weight) Acknowledgement
}

// Acknowledgement says how far a route is followed as it is.
type Acknowledgement struct {
	Taken       bool
	Problem     rollout.Problem // why it is not taken
	Unversioned bool            // nobody says which generation of the route was taken
	Unresolved  rollout.Problem // why the canary could get no traffic
}

// Router reads and steers routes of one kind. It keeps nothing but the version that the cluster serves, and is safe for
// concurrent use. A preflight is up to the package that knows what the kind needs of a route.
type Router struct {
	*Client
	dialect Dialect
}

// NewRouter returns a router over the two clients, which must not repeat requests by themselves (kube.Config prevents
// it). It sends nothing.
func NewRouter(d Dialect, dyn dynamic.Interface, disc Discovery) *Router {
	return &Router{Client: NewClient(d.Kind, dyn, disc), dialect: d}
}

// Resource returns the API group and the resource that the router reads and writes, which say the rights that it needs.
func (rt *Router) Resource() (string, string) { return rt.dialect.Kind.Group, rt.dialect.Kind.Resource }

// Read reads the route live, reduced to the pair. A route that does not exist is a fact, not an error.
func (rt *Router) Read(ctx context.Context, r rollout.Rollout) (rollout.Route, error) {
	o := r.Spec.Objects
	route, err := rt.Get(ctx, o.Namespace, o.Route.Name)
	switch {
	case rollout.CodeOf(err) == rollout.NotFound:
		return rollout.Route{}, nil
	case err != nil:
		return rollout.Route{}, err
	}
	rules, err := rt.dialect.Rules(route, o)
	if err != nil {
		return rollout.Route{}, err
	}
	read := rollout.Route{
		Meta: object.Meta(route), HasCanary: rules.HasCanary(), Acknowledged: true,
		WeightBy: object.LastManager(route, rt.dialect.Path...),
	}
	read.Weight = rules.Share(read.Stamp)
	if rt.dialect.Acknowledged != nil {
		a := rt.dialect.Acknowledged(route, read.Weight)
		read.Acknowledged, read.Problem, read.Unversioned, read.Unresolved = a.Taken, a.Problem, a.Unversioned, a.Unresolved
	}
	return read, nil
}

// Do sends one guarded update or release. Any other verb is Invalid: it is for routers that make their routes.
func (rt *Router) Do(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	o := r.Spec.Objects
	if w.Verb != rollout.Update && w.Verb != rollout.Release {
		return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: rollout.ProblemRouteNotOurs, Object: rt.Ref(o.Namespace, o.Route.Name)})
	}
	route, err := rt.Get(ctx, o.Namespace, o.Route.Name)
	if err != nil {
		return err
	}
	if w.Over != nil && w.Weight != nil {
		if sent, err := rt.lower(ctx, route, r, w); sent || err != nil {
			return err
		}
	}
	patch, err := rt.patch(route, r, w)
	if err != nil {
		return err
	}
	return rt.Patch(ctx, o.Namespace, o.Route.Name, patch)
}

// patch returns the JSON merge patch for the write. Such a patch replaces whole lists, and the guard makes sure that
// the new list was made from the list that it replaces.
func (rt *Router) patch(route *unstructured.Unstructured, r rollout.Rollout, w rollout.Write) (map[string]any, error) {
	metadata, err := object.Guard(route, w, FoundWeights)
	if err != nil {
		return nil, err
	}
	rules, err := rt.dialect.Rules(route, r.Spec.Objects)
	if err != nil {
		return nil, err
	}
	patch := map[string]any{"metadata": metadata}
	switch {
	case w.Verb == rollout.Release:
		rules = Restore(rules, route.GetAnnotations()[FoundWeights], w.DropCanary)
	case w.Weight == nil:
		return patch, nil
	default:
		if err := RememberIn(metadata, route, rules); err != nil {
			return nil, err
		}
		// An ending does not add a canary that is gone already: without a backend its weight is 0 as well.
		if rules, err = rules.Steer(*w.Weight, !r.Phase.Ending(), r.Spec.Objects, rt.dialect.Backend); err != nil {
			return nil, err
		}
	}
	patch["spec"] = rt.dialect.Spec(route, rules)
	return patch, nil
}
