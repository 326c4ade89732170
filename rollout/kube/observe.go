package kube

import (
	"context"
	"sync"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// Observe reads the rollout's objects live, all at once. An object that does not exist is a fact; anything that could
// not be read makes the whole observation unreadable, except for the pods of an ending rollout.
func (c *Cluster) Observe(ctx context.Context, r rollout.Rollout) rollout.Observed {
	done, err := c.wait(ctx, r)
	if err != nil {
		return rollout.Observed{Unreadable: rollout.ProblemOf(err)}
	}
	defer done()
	ctx = inLane(ctx, r)
	var w rollout.Observed
	var stable, canary side
	var behindStable, behindCanary endpoints
	o := r.Spec.Objects
	err = together(
		func() (err error) {
			w.Route, err = c.route(ctx, r)
			return err
		},
		func() (err error) {
			stable, err = c.workload(ctx, r, rollout.StableDeployment)
			return err
		},
		func() (err error) {
			canary, err = c.workload(ctx, r, rollout.CanaryDeployment)
			return err
		},
		func() (err error) {
			w.Scaler, err = c.scaler(ctx, r)
			return err
		},
		func() (err error) {
			w.Service, err = c.service(ctx, o.Namespace, o.CanaryService)
			return err
		},
		func() (err error) {
			behindStable, err = c.endpoints(ctx, o.Namespace, o.StableService)
			return err
		},
		func() (err error) {
			behindCanary, err = c.endpoints(ctx, o.Namespace, o.CanaryService)
			return err
		},
	)
	if err != nil {
		return rollout.Observed{Unreadable: rollout.ProblemOf(err)}
	}
	w.Stable, w.Canary = stable.Workload, canary.Workload
	w.Stable.Endpoints, w.Canary.Endpoints = behindStable.of(stable.own), behindCanary.of(canary.own)
	for _, m := range []rollout.Meta{w.Route.Meta, w.Stable.Meta, w.Canary.Meta} {
		if id := object.RollbackID(m); id != "" && w.Rollback == "" {
			w.Rollback = id
		}
	}
	return w
}

// together runs the reads at once, waits for all, and returns the error of the first in order that failed.
func together(reads ...func() error) error {
	errs := make([]error, len(reads))
	var all sync.WaitGroup
	for i, read := range reads {
		all.Go(func() { errs[i] = read() })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// read does one read within its time, and translates its error. Asked says what is read: its Call and Object.
func read[T any](ctx context.Context, asked rollout.Problem, get func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	v, err := get(ctx)
	return v, object.Error(err, asked)
}

func (c *Cluster) route(ctx context.Context, r rollout.Rollout) (rollout.Route, error) {
	o := r.Spec.Objects
	router, err := c.router(o.Route.Kind)
	if err != nil {
		return rollout.Route{}, err
	}
	return read(ctx, reading(o.Route.Kind, o.Namespace, o.Route.Name), func(ctx context.Context) (rollout.Route, error) { return router.Read(ctx, r) })
}

func (c *Cluster) service(ctx context.Context, namespace, name string) (rollout.Meta, error) {
	service, err := c.getService(ctx, namespace, name)
	switch {
	case rollout.CodeOf(err) == rollout.NotFound:
		return rollout.Meta{}, nil
	case err != nil:
		return rollout.Meta{}, err
	}
	return object.Meta(service), nil
}

// serviceNameLabel is what the EndpointSlices of a Service are found by.
const serviceNameLabel = "kubernetes.io/service-name"

// endpoints are the ready endpoints behind a Service: the UIDs of pods, and the addresses of what is none.
type endpoints struct{ pods, others map[string]bool }

// of counts the endpoints of a side, whose pods have these UIDs: a stranger behind its Service is none of them. Nil UIDs
// are unknown ones, and count every endpoint.
func (e endpoints) of(own map[types.UID]bool) int {
	count := len(e.others)
	for uid := range e.pods {
		if own == nil || own[types.UID(uid)] {
			count++
		}
	}
	return count
}

// endpoints returns the ready endpoints behind the Service. A pod counts once, even with an address of each family. No
// slices at all is a fact: the Service has no endpoints. Where not-ready addresses are published, all are called ready:
// serving says which pods are.
func (c *Cluster) endpoints(ctx context.Context, namespace, service string) (endpoints, error) {
	asked := rollout.Problem{Call: rollout.CallEndpoints, Object: object.Ref("Service", namespace, service)}
	slices, err := read(ctx, asked, func(ctx context.Context) (*endpointSlices, error) {
		return c.client.endpointSlices(namespace).List(ctx, meta.ListOptions{LabelSelector: serviceNameLabel + "=" + service})
	})
	if err != nil {
		return endpoints{}, err
	}
	found := endpoints{pods: map[string]bool{}, others: map[string]bool{}}
	for _, slice := range slices.Items {
		for _, e := range slice.Endpoints {
			switch {
			case no(e.Conditions.Ready), no(e.Conditions.Serving):
			case e.TargetRef != nil && e.TargetRef.UID != "":
				found.pods[string(e.TargetRef.UID)] = true
			case len(e.Addresses) > 0:
				found.others[e.Addresses[0]] = true
			}
		}
	}
	return found, nil
}

// no reports whether a condition is false; unset means true.
func no(condition *bool) bool { return condition != nil && !*condition }
