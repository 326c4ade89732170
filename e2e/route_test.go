package e2e_test

import (
	"fmt"
	"testing"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	gateway "sigs.k8s.io/gateway-api/apis/v1"

	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testRouteStatus looks at what the bot waits for after it has set a weight: the proxy's word that it
// follows this generation of the route.
func testRouteStatus(t *testing.T, w *world.World) {
	app := shop.Checkout("status")
	w.Install(t, app)
	eventuallyConditions(t, w, app, meta.ConditionTrue)
	spec := splitRoute(app, 5) // the canary's Service does not exist
	patchRoute(t, w, app, spec)
	eventuallyConditions(t, w, app, meta.ConditionFalse)
	w.AddCanary(t, app, next, 1)
	eventuallyConditions(t, w, app, meta.ConditionTrue)
}

// eventuallyConditions waits until the route is accepted, and its references resolved or not, at the
// generation that it has.
func eventuallyConditions(t *testing.T, w *world.World, app shop.App, resolved meta.ConditionStatus) {
	t.Helper()
	want := map[string]meta.ConditionStatus{"Accepted": meta.ConditionTrue, "ResolvedRefs": resolved}
	world.Eventually(t, 15*time.Second, func() error {
		object, err := w.Cluster.Dynamic.Resource(routeResource(app)).Namespace(app.Namespace).
			Get(t.Context(), app.Name, meta.GetOptions{})
		if err != nil {
			return err
		}
		route, err := parseRoute(object)
		if err != nil {
			return err
		}
		if len(route.Status.Parents) != 1 {
			return fmt.Errorf("%d parents have said something", len(route.Status.Parents))
		}
		seen := map[string]meta.ConditionStatus{}
		for _, condition := range route.Status.Parents[0].Conditions {
			if condition.ObservedGeneration >= route.Generation {
				seen[condition.Type] = condition.Status
			}
		}
		for kind, status := range want {
			if seen[kind] != status {
				return fmt.Errorf("of generation %d: %v, want %v; all: %v",
					route.Generation, seen, want, route.Status.Parents[0].Conditions)
			}
		}
		return nil
	})
}

func parseRoute(object *unstructured.Unstructured) (*gateway.HTTPRoute, error) {
	var route gateway.HTTPRoute
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &route)
	return &route, err
}
