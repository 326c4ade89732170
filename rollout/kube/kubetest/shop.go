package kubetest

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"canarybot.io/rollout"
)

// The images in the shop.
const (
	OldImage = "registry.example.com/shop/checkout:v1.2.3"
	NewImage = "registry.example.com/shop/checkout:v1.2.4"
)

// Shop is the cluster that most tests start from: the service checkout in the namespace shop, rolled out, behind a
// Service that selects on track, with an HTTPRoute that a Gateway accepted.
const Shop = Stable + "\n---\n" + HTTPRoute

// Stable is the shop without a route.
const Stable = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
  namespace: shop
  labels: {app: checkout, track: stable, app.kubernetes.io/managed-by: Helm, app.kubernetes.io/instance: shop}
  annotations:
    deployment.kubernetes.io/revision: "7"
    kubectl.kubernetes.io/last-applied-configuration: "{}"
    team: payments
spec:
  replicas: 4
  selector: {matchLabels: {app: checkout, track: stable}}
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}}
  template:
    metadata: {labels: {app: checkout, track: stable, version: v1.2.3, app.kubernetes.io/instance: shop}}
    spec: {containers: [{name: checkout, image: "` + OldImage + `", ports: [{name: http, containerPort: 8080}]}]}
status: {observedGeneration: 1, replicas: 4, updatedReplicas: 4, readyReplicas: 4, availableReplicas: 4}
---
apiVersion: v1
kind: Service
metadata: {name: checkout, namespace: shop, labels: {app: checkout}}
spec:
  type: NodePort
  clusterIP: 10.0.0.7
  selector: {app: checkout, track: stable}
  ports: [{name: http, port: 80, targetPort: http, nodePort: 30080}]
`

// HTTPRoute is a route in front of the shop.
const HTTPRoute = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: checkout, namespace: shop}
spec:
  parentRefs: [{name: public}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /checkout}}]
    backendRefs:
    - name: checkout
      port: 80
      filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-team, value: payments}]}}]
status:
  parents:
  - parentRef: {name: public}
    conditions:
    - {type: Accepted, status: "True", reason: Accepted, message: taken, observedGeneration: 1}
    - {type: ResolvedRefs, status: "True", reason: ResolvedRefs, message: all found, observedGeneration: 1}
`

// Rollout returns a rollout of the shop to NewImage, as it is right after its start was committed.
func Rollout() rollout.Rollout {
	return rollout.Rollout{
		ID: "checkout-42", Service: "checkout", Store: "store-1", Revision: 3, Image: NewImage, Phase: rollout.Preparing,
		Spec: rollout.Spec{
			Repository: "registry.example.com/shop/checkout",
			Plan:       rollout.Plan{Name: "standard", Steps: []rollout.Step{{Weight: 5, Bake: time.Minute, Gate: rollout.Manual}, {Weight: 50, Bake: time.Minute, Gate: rollout.Auto}}},
			Objects: rollout.Objects{
				Namespace: "shop", Stable: "checkout", Canary: "checkout-canary",
				StableService: "checkout", CanaryService: "checkout-canary",
				Route: rollout.RouteRef{Kind: "HTTPRoute", Name: "checkout"},
			},
		},
		Original: rollout.Original{
			Stable: rollout.OriginalWorkload{UID: "uid-1", Image: OldImage, Replicas: 4},
			Route:  rollout.OriginalRoute{UID: "uid-3"}, Progress: 10 * time.Minute, Surges: true,
		},
	}
}

// Config returns the configuration for a client of the server, which supports only JSON.
func (s *Server) Config() *rest.Config {
	const jsonOnly = "application/json"
	return &rest.Config{Host: "http://kubetest", Transport: s, QPS: -1, ContentConfig: rest.ContentConfig{ContentType: jsonOnly, AcceptContentTypes: jsonOnly}}
}

// Editor is somebody else in the shop: a rollouttest.Editor whose field manager is kubectl.
type Editor struct {
	*Server
	T testing.TB
	R rollout.Rollout
}

// Rollout returns the rollout of the shop.
func (e Editor) Rollout() rollout.Rollout { return e.R }

// Set changes a managed field.
func (e Editor) Set(field rollout.Field, value string) {
	e.T.Helper()
	o := e.R.Spec.Objects
	deployment := func(name string, edit func(spec Object)) {
		e.Edit("kubectl", "deployments", o.Namespace, name, func(d Object) { edit(d["spec"].(Object)) })
	}
	image := func(spec Object) {
		pod := spec["template"].(Object)["spec"].(Object)
		pod["containers"].([]any)[0].(Object)["image"] = value
	}
	switch field {
	case rollout.FieldStableImage:
		deployment(o.Stable, image)
	case rollout.FieldCanaryImage:
		deployment(o.Canary, image)
	case rollout.FieldCanaryReplicas:
		deployment(o.Canary, func(spec Object) { spec["replicas"] = e.number(value) })
	case rollout.FieldWeight:
		e.Edit("kubectl", e.routes(), o.Namespace, o.Route.Name, func(route Object) { e.steer(route, e.number(value)) })
	case rollout.FieldStableUID, rollout.FieldRouteUID, rollout.FieldStableMin, rollout.FieldImageID:
		e.T.Fatalf("nobody sets %s here", field)
	}
}

// steer sets the share in every list of backends of the route.
func (e Editor) steer(v any, weight int) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			e.steer(item, weight)
		}
	case Object:
		switch o := e.R.Spec.Objects; {
		case v["weight"] == nil:
		case v["name"] == o.CanaryService || v["service"] == o.CanaryService:
			v["weight"] = weight
		case v["name"] == o.StableService || v["service"] == o.StableService:
			v["weight"] = 100 - weight
		}
		for k, child := range v {
			if k != "metadata" && k != "status" {
				e.steer(child, weight)
			}
		}
	}
}

// AskRollback annotates an object with the request to roll back.
func (e Editor) AskRollback(object rollout.Object) {
	e.T.Helper()
	resource, name := e.of(object)
	e.Edit("kubectl", resource, e.R.Spec.Objects.Namespace, name, func(o Object) { Annotate(o, "canarybot.io/rollback", "now") })
}

// Delete deletes an object.
func (e Editor) Delete(object rollout.Object) {
	e.T.Helper()
	resource, name := e.of(object)
	e.Server.Delete(resource, e.R.Spec.Objects.Namespace, name)
}

// Annotate sets an annotation on an object.
func Annotate(o Object, key, value string) {
	annotations, ok := meta(o)["annotations"].(Object)
	if !ok {
		annotations = Object{}
		meta(o)["annotations"] = annotations
	}
	annotations[key] = value
}

func (e Editor) of(object rollout.Object) (resource, name string) {
	o := e.R.Spec.Objects
	switch object {
	case rollout.StableDeployment:
		return "deployments", o.Stable
	case rollout.CanaryDeployment:
		return "deployments", o.Canary
	case rollout.CanaryService:
		return "services", o.CanaryService
	case rollout.RouteObject:
		return e.routes(), o.Route.Name
	case rollout.StableScaler:
		return "horizontalpodautoscalers", e.R.Original.Scaler.Name
	}
	e.T.Fatalf("%s is no object", object)
	return "", ""
}

func (e Editor) routes() string {
	if e.R.Spec.Objects.Route.Kind == "TrafficSplit" {
		return "trafficsplits"
	}
	return "httproutes"
}

func (e Editor) number(value string) int {
	n, err := strconv.Atoi(value)
	if err != nil {
		e.T.Fatal(fmt.Errorf("%q is no number: %w", value, err))
	}
	return n
}
