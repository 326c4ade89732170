package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apps "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// found is an application's state before a scenario, which the end must restore.
type found struct {
	route   any // its spec
	stable  *apps.Deployment
	objects []string // names of Deployments, Services and routes
	// admitted is what admission makes of an image; nil: nothing.
	admitted func(image string) string
}

// look returns the application as it is now.
func look(t *testing.T, w *world.World, app shop.App) found {
	t.Helper()
	stable := deployment(t, w, app, app.Stable())
	if stable == nil {
		t.Fatalf("%s does not exist", app.Stable())
	}
	return found{route: routeSpec(t, w, app), stable: stable, objects: names(t, w, app)}
}

// restored waits until nothing is left of a rollout: stable serves the version and is otherwise as before, the
// route is as before, the canary and its Service are gone, and no object has the bot's annotations.
func (f found) restored(t *testing.T, w *world.World, app shop.App, version string) {
	t.Helper()
	w.Available(t, app.Namespace, app.Stable())
	world.Eventually(t, 20*time.Second, func() error {
		now := look(t, w, app)
		if diff := cmp.Diff(f.objects, now.objects); diff != "" {
			return fmt.Errorf("objects, found before left:\n%s", diff)
		}
		if diff := cmp.Diff(f.route, now.route); diff != "" {
			return fmt.Errorf("route, found before left:\n%s", diff)
		}
		want := f.stable.Spec.DeepCopy()
		want.Template.Spec.Containers[0].Image = app.Image(version)
		if f.admitted != nil {
			want.Template.Spec.Containers[0].Image = f.admitted(app.Image(version))
		}
		if diff := cmp.Diff(want, &now.stable.Spec); diff != "" {
			return fmt.Errorf("stable, wanted before left:\n%s", diff)
		}
		return unmarked(t, w, app)
	})
}

// unmarked returns nil when no object of the application has an annotation of the bot.
func unmarked(t *testing.T, w *world.World, app shop.App) error {
	objects := []meta.Object{deployment(t, w, app, app.Stable())}
	if r := route(t, w, app); r != nil {
		objects = append(objects, r)
	}
	for _, object := range objects {
		for key := range object.GetAnnotations() {
			if strings.Contains(key, "canarybot.io/") {
				return fmt.Errorf("%s is annotated with %s", object.GetName(), key)
			}
		}
	}
	return nil
}

// deployment returns a Deployment of the application, nil when there is none.
func deployment(t *testing.T, w *world.World, app shop.App, name string) *apps.Deployment {
	t.Helper()
	d, err := w.Cluster.Kube.AppsV1().Deployments(app.Namespace).Get(t.Context(), name, meta.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// route returns the application's route, nil when there is none.
func route(t *testing.T, w *world.World, app shop.App) *unstructured.Unstructured {
	t.Helper()
	object, err := w.Cluster.Dynamic.Resource(routeResource(app)).Namespace(app.Namespace).
		Get(t.Context(), app.Name, meta.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return object
}

func routeSpec(t *testing.T, w *world.World, app shop.App) any {
	t.Helper()
	object := route(t, w, app)
	if object == nil {
		return nil
	}
	return object.Object["spec"]
}

// weight returns the canary's weight on the route, -1 if the route does not name it.
func weight(app shop.App, object *unstructured.Unstructured) int64 {
	if object == nil {
		return -1
	}
	backends, _, _ := unstructured.NestedSlice(object.Object, "spec", "backends")
	service := "service"
	if app.Router == shop.HTTPRoute {
		service = "name"
		rules, _, _ := unstructured.NestedSlice(object.Object, "spec", "rules")
		if len(rules) == 0 {
			return -1
		}
		backends, _ = rules[0].(map[string]any)["backendRefs"].([]any)
	}
	for _, b := range backends {
		b := b.(map[string]any)
		if b[service] == app.Canary() {
			n, _ := b["weight"].(int64)
			return n
		}
	}
	return -1
}

// names lists the application's objects.
func names(t *testing.T, w *world.World, app shop.App) []string {
	t.Helper()
	var all []string
	deployments, err := w.Cluster.Kube.AppsV1().Deployments(app.Namespace).List(t.Context(), meta.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range deployments.Items {
		all = append(all, "deployment/"+d.Name)
	}
	services, err := w.Cluster.Kube.CoreV1().Services(app.Namespace).List(t.Context(), meta.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range services.Items {
		all = append(all, "service/"+s.Name)
	}
	routes, err := w.Cluster.Dynamic.Resource(routeResource(app)).Namespace(app.Namespace).List(t.Context(), meta.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range routes.Items {
		all = append(all, "route/"+r.GetName())
	}
	return all
}

// annotate asks for a rollback the way kubectl annotate does.
func annotate(t *testing.T, w *world.World, app shop.App) {
	t.Helper()
	edit(t, w, app, "kubectl-annotate", map[string]any{"metadata": map[string]any{
		"annotations": map[string]any{"canarybot.io/rollback": "now"},
	}})
}
