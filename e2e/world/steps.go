package world

import (
	"context"
	"fmt"
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"
	discovery "k8s.io/api/discovery/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"canarybot.io/e2e/load"
	"canarybot.io/e2e/poll"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/split"
	"canarybot.io/e2e/traefik"
)

// patience is how long steps that always succeed may take on a busy machine.
const patience = 90 * time.Second

// Eventually waits until fact returns nil, and fails the test with what it said last otherwise.
func Eventually(t testing.TB, timeout time.Duration, fact func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	err := poll.Until(ctx, func(context.Context) error { return fact() })
	if err != nil {
		t.Fatalf("not true after %s: %v", timeout, err)
	}
}

// Apply creates or updates objects.
func (w *World) Apply(t testing.TB, objects []*unstructured.Unstructured) {
	t.Helper()
	if err := w.Cluster.Apply(t.Context(), objects); err != nil {
		t.Fatal(err)
	}
}

// Install sets an application up and waits until its pods are available and answer through its proxy.
func (w *World) Install(t testing.TB, app shop.App) {
	t.Helper()
	objects, err := app.Objects()
	if err != nil {
		t.Fatal(err)
	}
	w.Apply(t, objects)
	w.Available(t, app.Namespace, app.Stable())
	w.Published(t, app.Namespace, app.Stable(), app.Replicas)
	Eventually(t, patience, func() error { return Answers(t.Context(), app) })
}

// AddCanary adds a canary by hand, as the bot would create it, and waits until it can be routed to. The
// route stays as it is.
func (w *World) AddCanary(t testing.TB, app shop.App, version string, replicas int) {
	t.Helper()
	objects, err := app.Arm("canary", version, replicas)
	if err != nil {
		t.Fatal(err)
	}
	w.Apply(t, objects)
	w.Available(t, app.Namespace, app.Canary())
	w.Published(t, app.Namespace, app.Canary(), replicas)
}

// Available waits until a Deployment is rolled out: every pod is of the newest template and available.
func (w *World) Available(t testing.TB, namespace, name string) {
	t.Helper()
	Eventually(t, patience, func() error {
		deployment, err := w.Cluster.Kube.AppsV1().Deployments(namespace).Get(t.Context(), name, meta.GetOptions{})
		if err != nil {
			return err
		}
		return rolledOut(deployment)
	})
}

func rolledOut(d *apps.Deployment) error {
	wanted := int32(1)
	if d.Spec.Replicas != nil {
		wanted = *d.Spec.Replicas
	}
	s := d.Status
	if s.ObservedGeneration < d.Generation || s.Replicas != wanted || s.UpdatedReplicas != wanted || s.AvailableReplicas != wanted {
		return fmt.Errorf("deployment %s: %d wanted, %d there, %d updated, %d available",
			d.Name, wanted, s.Replicas, s.UpdatedReplicas, s.AvailableReplicas)
	}
	return nil
}

// Published waits until the endpoints of a Service are so many ready pods. It comes after Available, by up
// to a second.
func (w *World) Published(t testing.TB, namespace, service string, pods int) {
	t.Helper()
	selector := labels.Set{discovery.LabelServiceName: service}.String()
	Eventually(t, patience, func() error {
		slices, err := w.Cluster.Kube.DiscoveryV1().EndpointSlices(namespace).
			List(t.Context(), meta.ListOptions{LabelSelector: selector})
		if err != nil {
			return err
		}
		if got := ready(slices.Items); got != pods {
			return fmt.Errorf("service %s has %d ready endpoints, want %d", service, got, pods)
		}
		return nil
	})
}

func ready(slices []discovery.EndpointSlice) int {
	n := 0
	for _, slice := range slices {
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready != nil && *endpoint.Conditions.Ready {
				n++
			}
		}
	}
	return n
}

// Entrance returns the URL of the proxy that serves an application.
func Entrance(app shop.App) (string, error) {
	switch app.Router {
	case shop.HTTPRoute:
		return traefik.URL, nil
	case shop.TrafficSplit:
		return split.URL, nil
	}
	return "", fmt.Errorf("no proxy serves a %q", app.Router)
}

// Load sends traffic to an application through its proxy until the test ends; plan's zero value is 100
// requests per second for two minutes.
func (w *World) Load(t testing.TB, app shop.App, plan load.Plan) *load.Generator {
	t.Helper()
	entrance, err := Entrance(app)
	if err != nil {
		t.Fatal(err)
	}
	plan.URL, plan.Host = entrance, app.Host()
	generator, err := load.Start(w.dir, plan)
	if err != nil {
		t.Fatalf("send traffic: %v", err)
	}
	t.Cleanup(func() { generator.Stop() })
	return generator
}
