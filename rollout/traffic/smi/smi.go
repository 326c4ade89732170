package smi

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
	"canarybot.io/rollout/traffic"
)

// Kind is what the configuration calls this router.
const Kind = "TrafficSplit"

const (
	group    = "split.smi-spec.io"
	resource = "trafficsplits"
)

// Router steers TrafficSplits. It keeps nothing but the versions that the cluster serves, and is safe for concurrent
// use.
type Router struct {
	splits   *traffic.Client
	services *traffic.Client // read before a start only
}

// New returns a router over the two clients, which must not repeat requests by themselves (kube.Config sees to that).
// It sends nothing. Of the versions v1alpha2 comes first: it is the oldest with whole numbers, and served the widest.
func New(dyn dynamic.Interface, disc traffic.Discovery) *Router {
	split := traffic.Kind{Group: group, Resource: resource, Name: Kind, Versions: []string{"v1alpha2", "v1alpha4", "v1alpha3", "v1alpha1"}}
	service := traffic.Kind{Resource: "services", Name: "Service", Versions: []string{"v1"}}
	return &Router{splits: traffic.NewClient(split, dyn, disc), services: traffic.NewClient(service, dyn, disc)}
}

// Resource returns the API group and the resource that the router reads and writes, for the rights that it needs.
func (rt *Router) Resource() (string, string) { return group, resource }

// Read reads the split live, reduced to the pair. A split that does not exist is a fact, and no error.
func (rt *Router) Read(ctx context.Context, r rollout.Rollout) (rollout.Route, error) {
	o := r.Spec.Objects
	split, err := rt.splits.Get(ctx, o.Namespace, o.Route.Name)
	switch {
	case rollout.CodeOf(err) == rollout.NotFound:
		return rollout.Route{}, nil
	case err != nil:
		return rollout.Route{}, err
	}
	rule, err := parse(split, o)
	if err != nil {
		return rollout.Route{}, err
	}
	read := rollout.Route{
		Meta: object.Meta(split), HasCanary: rule.Canary >= 0, Acknowledged: true,
		WeightBy: object.LastManager(split, "f:spec", "f:backends"),
	}
	var ours *rollout.Weight
	if read.Stamp != nil {
		ours = read.Stamp.Weight
	}
	read.Weight = rule.Share(ours)
	return read, nil
}

// Do sends one guarded write.
func (rt *Router) Do(ctx context.Context, r rollout.Rollout, w rollout.Write) error {
	o := r.Spec.Objects
	switch w.Verb {
	case rollout.Create:
		split, err := inert(o, w.Stamp)
		if err != nil {
			return err
		}
		return rt.splits.Create(ctx, o.Namespace, split)
	case rollout.Delete:
		return rt.splits.Delete(ctx, o.Namespace, o.Route.Name, w)
	case rollout.Update, rollout.Release:
		split, err := rt.splits.Get(ctx, o.Namespace, o.Route.Name)
		if err != nil {
			return err
		}
		patch, err := patch(split, r, w)
		if err != nil {
			return err
		}
		return rt.splits.Patch(ctx, o.Namespace, o.Route.Name, patch)
	}
	return rollout.Errorf(rollout.Invalid, "%q is nothing that can be done to a TrafficSplit.", w.Verb)
}

// inert returns the split as it is made: everything to stable.
func inert(o rollout.Objects, s rollout.Stamp) (*unstructured.Unstructured, error) {
	stamp, err := object.StampText(s)
	if err != nil {
		return nil, err
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{
			"name": o.Route.Name, "namespace": o.Namespace, "annotations": map[string]any{object.Applied: stamp},
		},
		"spec": map[string]any{
			"service": o.Route.Service,
			"backends": []any{
				map[string]any{serviceKey: o.StableService, weightKey: int64(100)},
				map[string]any{serviceKey: o.CanaryService, weightKey: int64(0)},
			},
		},
	}}, nil
}

// patch returns the JSON merge patch that the write comes to. The list of backends is replaced whole, and the guard
// makes sure that it is replaced by what was made from the very list that stands there.
func patch(split *unstructured.Unstructured, r rollout.Rollout, w rollout.Write) (map[string]any, error) {
	metadata, err := object.Guard(split, w, traffic.FoundWeights)
	if err != nil {
		return nil, err
	}
	rule, err := parse(split, r.Spec.Objects)
	if err != nil {
		return nil, err
	}
	patch := map[string]any{"metadata": metadata}
	switch {
	case w.Verb == rollout.Release:
		found := split.GetAnnotations()[traffic.FoundWeights]
		rule = traffic.Restore([]traffic.Rule{rule}, found, w.DropCanary)[0]
	case w.Weight == nil:
		return patch, nil
	default:
		if err := traffic.RememberIn(metadata, split, []traffic.Rule{rule}); err != nil {
			return nil, err
		}
		if rule, err = steer(rule, r, *w.Weight); err != nil {
			return nil, err
		}
	}
	patch["spec"] = map[string]any{"backends": backends(rule)}
	return patch, nil
}

// steer sets the canary's share. A canary that is missing is added, unless it is being taken away: a weight of 0 holds
// as well without a backend.
func steer(rule traffic.Rule, r rollout.Rollout, want rollout.Weight) (traffic.Rule, error) {
	o := r.Spec.Objects
	adds := !r.Phase.Undoing()
	if adds {
		rule = rule.AddCanary(func(ref traffic.Weighted) { ref[serviceKey] = o.CanaryService })
	}
	switch {
	case rule.Canary < 0 && want == 0 && !adds:
		return rule, nil
	case rule.Canary < 0:
		return rule, rollout.Errorf(rollout.Invalid, "%s %s/%s names neither Service %s nor %s: there is nothing to steer.",
			Kind, o.Namespace, o.Route.Name, o.StableService, o.CanaryService)
	case rule.Stable < 0:
		rule = rule.AddStable(func(ref traffic.Weighted) { ref[serviceKey] = o.StableService })
	}
	return rule.Steer(want)
}
