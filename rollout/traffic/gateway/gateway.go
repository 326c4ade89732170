package gateway

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
	"canarybot.io/rollout/traffic"
)

// Kind is what the configuration calls this router.
const Kind = "HTTPRoute"

const (
	group    = "gateway.networking.k8s.io"
	resource = "httproutes"
)

// Router steers HTTPRoutes. It keeps nothing but the version that the cluster serves, and is safe for concurrent use.
type Router struct {
	routes *traffic.Client
}

// New returns a router over the two clients, which must not repeat requests by themselves (kube.Config sees to that).
// It sends nothing.
func New(dyn dynamic.Interface, disc traffic.Discovery) *Router {
	kind := traffic.Kind{Group: group, Resource: resource, Name: Kind, Versions: []string{"v1", "v1beta1"}}
	return &Router{routes: traffic.NewClient(kind, dyn, disc)}
}

// Resource returns the API group and the resource that the router reads and writes, for the rights that it needs.
func (rt *Router) Resource() (string, string) { return group, resource }

// Read reads the route live, reduced to the pair. A route that does not exist is a fact, and no error.
func (rt *Router) Read(ctx context.Context, r rollout.Rollout) (rollout.Route, error) {
	o := r.Spec.Objects
	route, err := rt.routes.Get(ctx, o.Namespace, o.Route.Name)
	switch {
	case rollout.CodeOf(err) == rollout.NotFound:
		return rollout.Route{}, nil
	case err != nil:
		return rollout.Route{}, err
	}
	parsed, err := parse(route, o)
	if err != nil {
		return rollout.Route{}, err
	}
	read := rollout.Route{
		Meta: object.Meta(route), HasCanary: parsed.hasCanary(),
		WeightBy: object.LastManager(route, "f:spec", "f:rules"),
	}
	read.Weight = parsed.share(read.Stamp)
	read.Acknowledged, read.Detail = acknowledged(route, read.Weight)
	return read, nil
}

// Do sends one guarded write. A create is Invalid: an HTTPRoute says how traffic comes in, and only its owner knows.
func (rt *Router) Do(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	o := r.Spec.Objects
	if w.Verb != rollout.Update && w.Verb != rollout.Release {
		return rollout.Errorf(rollout.Invalid, "An HTTPRoute is never made or deleted by Canarybot; %s has to exist.", o.Route.Name)
	}
	route, err := rt.routes.Get(ctx, o.Namespace, o.Route.Name)
	if err != nil {
		return err
	}
	patch, err := patch(route, r, w)
	if err != nil {
		return err
	}
	return rt.routes.Patch(ctx, o.Namespace, o.Route.Name, patch)
}

// patch returns the JSON merge patch that the write comes to. Lists are replaced whole in such a patch, and the guard
// makes sure that they are replaced by what was made from the very list that stands there.
func patch(route *unstructured.Unstructured, r rollout.Rollout, w rollout.Write) (map[string]any, error) {
	metadata, err := object.Guard(route, w, traffic.FoundWeights)
	if err != nil {
		return nil, err
	}
	parsed, err := parse(route, r.Spec.Objects)
	if err != nil {
		return nil, err
	}
	patch := map[string]any{"metadata": metadata}
	switch {
	case w.Verb == rollout.Release:
		parsed.restore(route.GetAnnotations()[traffic.FoundWeights], w.DropCanary)
	case w.Weight == nil:
		return patch, nil
	default:
		if err := traffic.RememberIn(metadata, route, parsed.steered); err != nil {
			return nil, err
		}
		// What is being taken away is not put back in: a weight of 0 holds as well without a backend.
		if err := parsed.steer(*w.Weight, !r.Phase.Undoing()); err != nil {
			return nil, err
		}
	}
	patch["spec"] = map[string]any{"rules": parsed.list}
	return patch, nil
}
