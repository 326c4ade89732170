package e2e_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/e2e/load"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testAutoscaler looks at the trouble with one: stable shrinks while a canary serves in its place, and grows too late
// when everybody comes back.
func testAutoscaler(t *testing.T, w *world.World) {
	app := shop.Checkout("autoscaler")
	w.Install(t, app)
	traffic := w.Load(t, app, load.Plan{For: 5 * time.Minute})
	w.Autoscale(t, app.Namespace, app.Stable())
	size := func(least, most int32) {
		t.Helper()
		world.Eventually(t, time.Minute, func() error {
			if n := *deployment(t, w, app, app.Stable()).Spec.Replicas; n < least || n > most {
				return fmt.Errorf("stable has %d pods, want %d to %d", n, least, most)
			}
			return nil
		})
	}
	size(8, 14)
	w.AddCanary(t, app, next, 10)
	patchRoute(t, w, app, splitRoute(app, 50))
	size(4, 7)
	patchRoute(t, w, app, splitRoute(app, 100))
	size(2, 2)
	traffic.Stop()
}

// pinning returns a function that names an image by its digest too, as webhooks do that pin.
func pinning(w *world.World) func(string) string {
	return func(image string) string {
		if strings.Contains(image, "@") {
			return image
		}
		digest, err := w.Images.Digest(image)
		if err != nil {
			return image
		}
		return image + "@" + digest
	}
}

// mirroring returns a function that takes images from a mirror, and pins them there.
func mirroring(w *world.World) func(string) string {
	pin := pinning(w)
	return func(image string) string {
		return pin(strings.Replace(image, "registry.example.com/", "mirror.example.com/", 1))
	}
}

// testPinning has images pinned in Deployments, or in the pods alone.
func testPinning(t *testing.T, w *world.World, resource string) {
	app := shop.Checkout("pinning-" + resource)
	w.AddNamespace(t, app.Namespace)
	w.AddWebhook(t, world.Webhook{Name: app.Namespace, Namespace: app.Namespace, Resource: resource, Change: pinning(w)})
	w.Install(t, app)
	pinned := pinning(w)(app.Image(current))
	want := app.Image(current)
	if resource == "deployments" {
		want = pinned
	}
	if got := deployment(t, w, app, app.Stable()).Spec.Template.Spec.Containers[0].Image; got != want {
		t.Errorf("the template's image is %s, want %s", got, want)
	}
	eventuallyStatus(t, w, app, func(status core.ContainerStatus) error {
		if status.Image != pinned || !status.Ready {
			return fmt.Errorf("the pod's image is %s, want %s", status.Image, pinned)
		}
		return nil
	})
}

// testPlatforms has an image of two platforms on two nodes.
func testPlatforms(t *testing.T, w *world.World) {
	app := shop.Checkout("platforms")
	app.Version += "-platforms"
	w.Install(t, app)
	pods, err := w.Cluster.Kube.CoreV1().Pods(app.Namespace).List(t.Context(), meta.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ids, platforms := map[string]bool{}, map[string]bool{}
	for _, pod := range pods.Items {
		node, err := w.Cluster.Kube.CoreV1().Nodes().Get(t.Context(), pod.Spec.NodeName, meta.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ids[pod.Status.ContainerStatuses[0].ImageID] = true
		platforms[node.Labels[core.LabelArchStable]] = true
	}
	if len(ids) != 2 || !platforms["amd64"] || !platforms["arm64"] {
		t.Errorf("on %v the image ids are %v, want two of each", platforms, ids)
	}
}

// testThrottled has a registry that answers 429 at first.
func testThrottled(t *testing.T, w *world.World) {
	app := deployAlone(t, w, "throttled", "v1.2.4-throttled3")
	eventuallyStatus(t, w, app, func(status core.ContainerStatus) error {
		if waits := status.State.Waiting; waits == nil || !strings.Contains(waits.Message, "429 Too Many Requests") {
			return errors.New("nothing of 429")
		}
		return nil
	})
	w.Available(t, app.Namespace, app.Stable())
}

// testDips has counters that fall by 1 at times, where Prometheus can see it.
func testDips(t *testing.T, w *world.World) {
	app := shop.Checkout("dips")
	app.Version += "-dips"
	w.Install(t, app)
	w.Load(t, app, load.Plan{})
	for _, counter := range []string{`http_requests_total{namespace="dips"}`, `http_duration_bucket{namespace="dips",le="+Inf"}`} {
		world.Eventually(t, 30*time.Second, func() error {
			series, err := w.Prometheus.Query(t.Context(), "max(resets("+counter+"[20s]))")
			if err == nil && (len(series) != 1 || series[0].Value < 2) {
				err = fmt.Errorf("resets of %s: %v", counter, series)
			}
			return err
		})
	}
}

// testNoGeneration has a Gateway whose conditions name no generation, and that splits traffic all the same.
func testNoGeneration(t *testing.T, w *world.World) {
	app := shop.Checkout("no-generation")
	w.Proxy.ForgetGenerations(app.Namespace)
	w.Install(t, app)
	patchRoute(t, w, app, splitRoute(app, 5)) // the canary's Service does not exist
	reports := func(resolved meta.ConditionStatus) {
		t.Helper()
		world.Eventually(t, 15*time.Second, func() error {
			route, err := parseRoute(route(t, w, app))
			if err != nil || len(route.Status.Parents) != 1 {
				return fmt.Errorf("%d parents, %w", len(route.Status.Parents), err)
			}
			for _, c := range route.Status.Parents[0].Conditions {
				if c.ObservedGeneration != 0 {
					return fmt.Errorf("%s is of generation %d", c.Type, c.ObservedGeneration)
				}
				if c.Type == "ResolvedRefs" && c.Status != resolved {
					return fmt.Errorf("ResolvedRefs is %s, want %s", c.Status, resolved)
				}
			}
			return nil
		})
	}
	reports(meta.ConditionFalse)
	w.AddCanary(t, app, next, 1)
	reports(meta.ConditionTrue)
	traffic := w.Load(t, app, load.Plan{})
	shares(t, traffic, next, 0.05, 0.02)
	quiet := route(t, w, app).GetResourceVersion()
	patchRoute(t, w, shop.Checkout("no-generation"), splitRoute(app, 5)) // nothing changes
	if now := route(t, w, app).GetResourceVersion(); now != quiet {
		t.Errorf("the route is written again and again: %s after %s", now, quiet)
	}
}
