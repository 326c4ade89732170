package smi

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
	"canarybot.io/rollout/traffic"
)

// Kind is what the configuration calls this router.
const Kind = "TrafficSplit"

// Router steers TrafficSplits, and makes and deletes them where route.create says so.
type Router struct {
	*traffic.Router
	services *traffic.Client // read before a start only
}

// New returns a router over the two clients. It sends nothing. Of the versions v1alpha2 comes first: it is the oldest
// with whole numbers, and served the widest.
func New(dyn dynamic.Interface, disc traffic.Discovery) *Router {
	splits := traffic.NewRouter(traffic.Dialect{
		Kind: traffic.Kind{
			Group: "split.smi-spec.io", Resource: "trafficsplits", Name: Kind,
			Versions: []string{"v1alpha2", "v1alpha4", "v1alpha3", "v1alpha1"},
		},
		Path: []string{"f:spec", "f:backends"}, Backend: serviceKey,
		Pointer: func(_, backend int) string { return fmt.Sprintf("/spec/backends/%d", backend) },
		Rules:   parse, Spec: spec,
	}, dyn, disc)
	service := traffic.Kind{Resource: "services", Name: "Service", Versions: []string{"v1"}}
	return &Router{Router: splits, services: traffic.NewClient(service, dyn, disc)}
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
		return rt.Create(ctx, o.Namespace, split)
	case rollout.Delete:
		return rt.Delete(ctx, o.Namespace, o.Route.Name, w)
	case rollout.Update, rollout.Release:
	}
	return rt.Router.Do(ctx, r, w)
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
