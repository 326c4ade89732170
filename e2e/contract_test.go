package e2e_test

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/retry"

	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
	"canarybot.io/rollout"
	"canarybot.io/rollout/kube"
	"canarybot.io/rollout/rollouttest"
	"canarybot.io/rollout/traffic/gateway"
	"canarybot.io/rollout/traffic/smi"
)

// testContract runs the suite that the adapters pass over an API server in memory against the real one: conflicts,
// field managers and controllers as they are.
func testContract(t *testing.T, w *world.World, kind func(namespace string) shop.App) {
	settings := kube.Config(w.Cluster.Config(w.Cluster.AdminToken()))
	routes, err := dynamic.NewForConfig(settings)
	if err != nil {
		t.Fatal(err)
	}
	served, err := discovery.NewDiscoveryClientForConfig(settings)
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := kube.New(settings, map[string]kube.Router{
		gateway.Kind: gateway.New(routes, served), smi.Kind: smi.New(routes, served),
	})
	if err != nil {
		t.Fatal(err)
	}
	var worlds atomic.Int64
	rollouttest.Cluster(t, func(t *testing.T, check func(*testing.T)) { check(t) }, func(t *testing.T) (rollout.Cluster, rollouttest.Editor) {
		app := kind(fmt.Sprintf("contract-%s-%d", kind("").Name, worlds.Add(1)))
		app.Replicas = 1
		objects, err := app.Objects()
		if err != nil {
			t.Fatal(err)
		}
		w.Apply(t, objects)
		w.Available(t, app.Namespace, app.Stable())
		w.Published(t, app.Namespace, app.Stable(), app.Replicas)
		return cluster, editor{t: t, w: w, app: app, rollout: beginning(t, w, app)}
	})
}

// beginning returns a rollout of the application as its start commits it.
func beginning(t *testing.T, w *world.World, app shop.App) rollout.Rollout {
	stable := deployment(t, w, app, app.Stable())
	return rollout.Rollout{
		ID: "shop-1", Service: "shop", Store: "store-1", Revision: 3, Phase: rollout.Preparing, Image: app.Image(next),
		Spec: rollout.Spec{
			Repository: app.Repository,
			Plan:       rollout.Plan{Name: "short", Steps: []rollout.Step{{Weight: 5, Bake: time.Minute}}},
			Objects: rollout.Objects{
				Namespace: app.Namespace, Stable: app.Stable(), Canary: app.Canary(),
				StableService: app.Stable(), CanaryService: app.Canary(),
				Route: rollout.RouteRef{Kind: string(app.Router), Name: app.Name, Service: app.Name},
			},
		},
		Original: rollout.Original{
			Stable: rollout.OriginalWorkload{UID: string(stable.UID), Image: app.Image(app.Version), Replicas: app.Replicas},
			Route:  rollout.OriginalRoute{UID: string(route(t, w, app).GetUID())}, Progress: time.Minute, Surges: true,
		},
	}
}

// editor is everybody else, with kubectl.
type editor struct {
	t       *testing.T
	w       *world.World
	app     shop.App
	rollout rollout.Rollout
}

var _ rollouttest.Editor = editor{}

// Rollout returns the rollout that the world is about.
func (e editor) Rollout() rollout.Rollout { return e.rollout }

// Set changes a field that the bot steers.
func (e editor) Set(field rollout.Field, value string) {
	e.t.Helper()
	image := func(object *unstructured.Unstructured) {
		containers, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
		containers[0].(map[string]any)["image"] = value
		e.must(unstructured.SetNestedSlice(object.Object, containers, "spec", "template", "spec", "containers"))
	}
	switch field {
	case rollout.FieldStableImage:
		e.edit(rollout.StableDeployment, image)
	case rollout.FieldCanaryImage:
		e.edit(rollout.CanaryDeployment, image)
	case rollout.FieldCanaryReplicas:
		e.edit(rollout.CanaryDeployment, func(object *unstructured.Unstructured) {
			e.must(unstructured.SetNestedField(object.Object, e.number(value), "spec", "replicas"))
		})
	case rollout.FieldWeight:
		e.edit(rollout.RouteObject, func(object *unstructured.Unstructured) { e.steer(object.Object["spec"], e.number(value)) })
	case rollout.FieldStableUID, rollout.FieldRouteUID, rollout.FieldStableMin, rollout.FieldImageID:
		e.t.Fatalf("nobody sets %s here", field)
	}
}

// steer sets the share in every list of backends.
func (e editor) steer(part any, weight int64) {
	switch part := part.(type) {
	case []any:
		for _, item := range part {
			e.steer(item, weight)
		}
	case map[string]any:
		for _, name := range []any{part["name"], part["service"]} {
			switch {
			case part["weight"] == nil:
			case name == e.app.Canary():
				part["weight"] = weight
			case name == e.app.Stable():
				part["weight"] = 100 - weight
			}
		}
		for _, child := range part {
			e.steer(child, weight)
		}
	}
}

// AskRollback annotates an object with the request to roll back.
func (e editor) AskRollback(object rollout.Object) {
	e.t.Helper()
	e.edit(object, func(o *unstructured.Unstructured) {
		annotations := o.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations["canarybot.io/rollback"] = "now"
		o.SetAnnotations(annotations)
	})
}

// Delete deletes an object.
func (e editor) Delete(object rollout.Object) {
	e.t.Helper()
	resource, name := e.of(object)
	e.must(e.w.Cluster.Dynamic.Resource(resource).Namespace(e.app.Namespace).Delete(e.t.Context(), name, meta.DeleteOptions{}))
}

// patience is how long a person tries again when controllers write the object's status at the same time.
var patience = wait.Backoff{Duration: 20 * time.Millisecond, Factor: 1.2, Steps: 20}

// edit changes an object as kubectl edit does, and again when a controller was faster.
func (e editor) edit(object rollout.Object, change func(*unstructured.Unstructured)) {
	e.t.Helper()
	resource, name := e.of(object)
	client := e.w.Cluster.Dynamic.Resource(resource).Namespace(e.app.Namespace)
	e.must(retry.RetryOnConflict(patience, func() error {
		o, err := client.Get(e.t.Context(), name, meta.GetOptions{})
		if err != nil {
			return err
		}
		change(o)
		_, err = client.Update(e.t.Context(), o, meta.UpdateOptions{FieldManager: "kubectl-edit"})
		return err
	}))
}

func (e editor) of(object rollout.Object) (schema.GroupVersionResource, string) {
	deployments := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	switch object {
	case rollout.StableDeployment:
		return deployments, e.app.Stable()
	case rollout.CanaryDeployment:
		return deployments, e.app.Canary()
	case rollout.CanaryService:
		return schema.GroupVersionResource{Version: "v1", Resource: "services"}, e.app.Canary()
	case rollout.RouteObject:
		return routeResource(e.app), e.app.Name
	case rollout.StableScaler: // nothing scales stable here
	}
	e.t.Fatalf("%s is not an object", object)
	return schema.GroupVersionResource{}, ""
}

func (e editor) number(value string) int64 {
	n, err := strconv.ParseInt(value, 10, 32)
	e.must(err)
	return n
}

func (e editor) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}
