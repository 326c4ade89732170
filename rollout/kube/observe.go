package kube

import (
	"context"
	"sync"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// Observe reads the rollout's objects live, all at once. An object that does not exist is a fact; anything that could
// not be read makes the whole world unreadable, in one sentence, but for what the pods of an ending rollout say.
func (c *Cluster) Observe(ctx context.Context, r rollout.Rollout) rollout.Observed {
	var w rollout.Observed
	var stableEndpoints, canaryEndpoints int
	o := r.Spec.Objects
	err := together(
		func() (err error) {
			w.Route, err = c.route(ctx, r)
			return err
		},
		func() (err error) {
			w.Stable, err = c.workload(ctx, r, o.Stable)
			return err
		},
		func() (err error) {
			w.Canary, err = c.workload(ctx, r, o.Canary)
			return err
		},
		func() (err error) {
			w.Service, err = c.service(ctx, o.Namespace, o.CanaryService)
			return err
		},
		func() (err error) {
			stableEndpoints, err = c.endpoints(ctx, o.Namespace, o.StableService)
			return err
		},
		func() (err error) {
			canaryEndpoints, err = c.endpoints(ctx, o.Namespace, o.CanaryService)
			return err
		},
	)
	if err != nil {
		return rollout.Observed{Unreadable: rollout.ProblemOf(err)}
	}
	w.Stable.Endpoints, w.Canary.Endpoints = stableEndpoints, canaryEndpoints
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

// read does one read within its time, and translates what goes wrong.
func read[T any](ctx context.Context, what string, get func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	v, err := get(ctx)
	return v, object.Error(err, "read", what)
}

func (c *Cluster) route(ctx context.Context, r rollout.Rollout) (rollout.Route, error) {
	router, err := c.router(r.Spec.Objects.Route.Kind)
	if err != nil {
		return rollout.Route{}, err
	}
	return read(ctx, "the route", func(ctx context.Context) (rollout.Route, error) { return router.Read(ctx, r) })
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

// endpoints counts the ready endpoints behind the Service. A pod counts once, also where it has an address of each
// family. No slices at all is a fact: nobody is behind it.
func (c *Cluster) endpoints(ctx context.Context, namespace, service string) (int, error) {
	slices, err := read(ctx, called("endpoints of Service", namespace, service), func(ctx context.Context) (*endpointSlices, error) {
		return c.client.endpointSlices(namespace).List(ctx, meta.ListOptions{LabelSelector: serviceNameLabel + "=" + service})
	})
	if err != nil {
		return 0, err
	}
	ready := map[string]bool{}
	for _, slice := range slices.Items {
		for _, e := range slice.Endpoints {
			if e.Conditions.Ready != nil && !*e.Conditions.Ready {
				continue // without a word on it, Kubernetes means ready
			}
			switch {
			case e.TargetRef != nil && e.TargetRef.UID != "":
				ready[string(e.TargetRef.UID)] = true
			case len(e.Addresses) > 0:
				ready[e.Addresses[0]] = true
			}
		}
	}
	return len(ready), nil
}
