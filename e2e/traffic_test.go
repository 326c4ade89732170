package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"canarybot.io/e2e/load"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

const (
	current = "v1.2.3"
	next    = "v1.2.4"
)

func testHTTPRoute(t *testing.T, w *world.World) {
	testSplit(t, w, shop.Checkout("route"), splitRoute)
}

func splitRoute(app shop.App, weight int) any {
	return map[string]any{"rules": []any{map[string]any{"backendRefs": []any{
		map[string]any{"name": app.Stable(), "port": 80, "weight": 100 - weight},
		map[string]any{"name": app.Canary(), "port": 80, "weight": weight},
	}}}}
}

func testTrafficSplit(t *testing.T, w *world.World) {
	testSplit(t, w, shop.Cart("split"), func(app shop.App, weight int) any {
		return map[string]any{"backends": []any{
			map[string]any{"service": app.Stable(), "weight": 100 - weight},
			map[string]any{"service": app.Canary(), "weight": weight},
		}}
	})
}

// testSplit gives a canary 5 %, then nothing, and looks at who answers.
func testSplit(t *testing.T, w *world.World, app shop.App, spec func(shop.App, int) any) {
	w.Install(t, app)
	w.AddCanary(t, app, next, 1)
	patchRoute(t, w, app, spec(app, 5))
	traffic := w.Load(t, app, load.Plan{Rate: 200})

	world.Eventually(t, 15*time.Second, func() error {
		if traffic.Recent(time.Second).Version(next) == 0 {
			return fmt.Errorf("the canary gets nothing: %v", traffic.Recent(time.Second))
		}
		return nil
	})
	split := time.Now()
	var answered load.Tally
	world.Eventually(t, 15*time.Second, func() error {
		answered = traffic.Since(split)
		if answered.Total() < 600 {
			return fmt.Errorf("%d answers", answered.Total())
		}
		return nil
	})
	if share := answered.Share(next); math.Abs(share-0.05) > 0.01 {
		t.Errorf("the canary answered %.1f %%, want 5: %v", 100*share, answered)
	}

	back := time.Now()
	patchRoute(t, w, app, spec(app, 0))
	world.Eventually(t, 15*time.Second, func() error {
		quiet := traffic.Recent(time.Second)
		if quiet.Total() < 100 || quiet.Version(next) > 0 {
			return fmt.Errorf("in the last second: %v", quiet)
		}
		return nil
	})
	total := traffic.Stop()
	if failed := total.Failed(); failed > 0 {
		t.Errorf("%d requests failed: %v", failed, total)
	}
	last, _ := traffic.Last(next)
	t.Logf("the canary answered last %s after the patch", last.Sub(back).Round(10*time.Millisecond))
}

func patchRoute(t *testing.T, w *world.World, app shop.App, spec any) {
	t.Helper()
	patch, err := json.Marshal(map[string]any{"spec": spec})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Cluster.Dynamic.Resource(routeResource(app)).Namespace(app.Namespace).
		Patch(t.Context(), app.Name, types.MergePatchType, patch, meta.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func routeResource(app shop.App) schema.GroupVersionResource {
	if app.Router == shop.TrafficSplit {
		return schema.GroupVersionResource{Group: "split.smi-spec.io", Version: "v1alpha2", Resource: "trafficsplits"}
	}
	return schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}
}

func testReplace(t *testing.T, w *world.World) {
	app := shop.Checkout("replace")
	w.Install(t, app)
	traffic := w.Load(t, app, load.Plan{})
	world.Eventually(t, 10*time.Second, func() error {
		if traffic.Recent(time.Second).Version(current) == 0 {
			return errors.New("no traffic")
		}
		return nil
	})
	patch := fmt.Sprintf(`[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": %q}]`, app.Image(next))
	_, err := w.Cluster.Kube.AppsV1().Deployments(app.Namespace).
		Patch(t.Context(), app.Stable(), types.JSONPatchType, []byte(patch), meta.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.Available(t, app.Namespace, app.Stable())
	world.Eventually(t, 15*time.Second, func() error {
		recent := traffic.Recent(500 * time.Millisecond)
		if recent.Share(next) < 1 {
			return fmt.Errorf("in the last half second: %v", recent)
		}
		return nil
	})
	if total := traffic.Stop(); total.Failed() > 0 {
		t.Errorf("requests failed: %v", total)
	}
}
