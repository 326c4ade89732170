package kube_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube"
	"canarybot.io/rollout/kube/kubetest"
	"canarybot.io/rollout/traffic/smi"
)

// foundCanary is a canary as a team may have it, at 0, with its Service.
const foundCanary = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout-canary, namespace: shop}
spec:
  replicas: 0
  selector: {matchLabels: {app: checkout, track: canary}}
  template:
    metadata: {labels: {app: checkout, track: canary}}
    spec: {containers: [{name: checkout, image: "registry.example.com/shop/checkout:v1.2.0", ports: [{name: http, containerPort: 8080}]}]}
status: {observedGeneration: 1}
---
apiVersion: v1
kind: Service
metadata: {name: checkout-canary, namespace: shop}
spec: {selector: {app: checkout, track: canary}, ports: [{port: 80}]}
`

// queued returns the shop's rollout before its start.
func queued() rollout.Rollout {
	r := kubetest.Rollout()
	r.Phase, r.Original = rollout.Queued, rollout.Original{}
	return r
}

func spec(o kubetest.Object) kubetest.Object { return o["spec"].(kubetest.Object) }

// A start that nothing stands in the way of, with what it takes over.
func TestPreflightFound(t *testing.T) {
	t.Parallel()
	stable := rollout.OriginalWorkload{UID: "uid-1", Image: kubetest.OldImage, Replicas: 4}
	for _, c := range []struct {
		name, more string
		edit       func(stable kubetest.Object)
		want       rollout.Original
	}{
		{
			name: "no canary",
			want: rollout.Original{Stable: stable, Route: rollout.OriginalRoute{UID: "uid-3"}, Progress: 10 * time.Minute, Surges: true},
		}, {
			name: "a canary at 0 with its Service", more: foundCanary,
			want: rollout.Original{
				Stable: stable, Canary: rollout.OriginalWorkload{UID: "uid-4", Image: "registry.example.com/shop/checkout:v1.2.0"},
				CanaryService: true, Route: rollout.OriginalRoute{UID: "uid-3"}, Progress: 10 * time.Minute, Surges: true,
			},
		}, {
			name: "a canary that differs from stable in more than image and labels", more: foundCanary,
			edit: func(d kubetest.Object) {
				pod := spec(d)["template"].(kubetest.Object)["spec"].(kubetest.Object)
				pod["serviceAccountName"] = "payments"
				pod["containers"].([]any)[0].(kubetest.Object)["env"] = []any{kubetest.Object{"name": "TAX", "value": "19"}}
				spec(d)["progressDeadlineSeconds"] = 90
				spec(d)["strategy"].(kubetest.Object)["rollingUpdate"] = kubetest.Object{"maxSurge": 0, "maxUnavailable": 1}
			},
			want: rollout.Original{
				Stable: stable, Canary: rollout.OriginalWorkload{UID: "uid-4", Image: "registry.example.com/shop/checkout:v1.2.0"},
				CanaryService: true, Route: rollout.OriginalRoute{UID: "uid-3"}, Progress: 90 * time.Second, Surges: true,
				TemplateDiffers: []string{"spec.containers[checkout].env", "spec.serviceAccountName"},
			},
		},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop+"\n---\n"+c.more)
			if c.edit != nil {
				s.Edit("helm", "deployments", "shop", "checkout", func(d kubetest.Object) {
					c.edit(d)
					d["status"].(kubetest.Object)["observedGeneration"] = 2
				})
			}
			got := connect(t, s).Preflight(t.Context(), queued())
			notices := []rollout.Problem{exposed}
			if c.want.Canary.UID == "" {
				notices = []rollout.Problem{stays, exposed} // of a canary to be made
			}
			if diff := cmp.Diff(got, rollout.Preflight{Original: c.want, Notices: notices}); diff != "" {
				t.Errorf("got before want:\n%s", diff)
			}
			if writes := s.Writes(); len(writes) > 0 {
				t.Errorf("preflight wrote %v", writes)
			}
		})
	}
}

func TestPreflightUnreadable(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/deployments/checkout", "/services", "/httproutes/checkout", "/poddisruptionbudgets", "/selfsubjectaccessreviews"} {
		kubetest.Run(t, path, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop)
			s.Fail(on(path, http.StatusServiceUnavailable))
			got := connect(t, s).Preflight(t.Context(), queued())
			if got.Unreadable.IsZero() || len(got.Problems) > 0 {
				t.Errorf("got %+v, want it unreadable and nothing else", got)
			}
		})
	}
}

// What an ended rollout made and left at 0 is done away with; anything else stays.
func TestPreflightSweeps(t *testing.T) {
	t.Parallel()
	const made = `{"store":"store-1","rollout":"checkout-41","revision":9,"found":{"stable":{"uid":"uid-1"}}}`
	const found = `{"store":"store-1","rollout":"checkout-41","revision":9,"found":{"stable":{"uid":"uid-1"},"canary":{"uid":"uid-4"},"canary_service":true}}`
	for _, c := range []struct {
		name, stamp string
		change      func(*kubetest.Server, *rollout.Rollout)
		want        []string // writes
	}{
		{name: "made by an ended rollout", stamp: made, want: []string{"delete deployments/checkout-canary", "delete services/checkout-canary"}},
		{name: "found by an ended rollout", stamp: found},
		{name: "a dry run changes nothing", stamp: made, change: func(_ *kubetest.Server, r *rollout.Rollout) { r.Revision = 0 }},
		{name: "it has pods", stamp: made, change: func(s *kubetest.Server, _ *rollout.Rollout) {
			s.Edit("kubectl", "deployments", "shop", "checkout-canary", func(o kubetest.Object) { spec(o)["replicas"] = 1 })
		}},
		{name: "something else stands in the way", stamp: made, change: func(_ *kubetest.Server, r *rollout.Rollout) { r.Image = kubetest.OldImage }},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Shop+"\n---\n"+foundCanary)
			for resource, name := range map[string]string{"deployments": "checkout-canary", "services": "checkout-canary"} {
				s.Edit("canarybot", resource, "shop", name, func(o kubetest.Object) { kubetest.Annotate(o, "canarybot.io/applied", c.stamp) })
			}
			r := queued()
			if c.change != nil {
				c.change(s, &r)
			}
			got := connect(t, s).Preflight(t.Context(), r)
			if diff := cmp.Diff(s.Writes(), c.want); diff != "" {
				t.Errorf("writes, got before want:\n%s\n%+v", diff, got)
			}
			if len(c.want) > 0 && (len(got.Problems) > 0 || got.Original.Canary.UID != "" || got.Original.CanaryService) {
				t.Errorf("got %+v, want a start without a canary", got)
			}
		})
	}
}

// A split that an ended rollout made goes only when the start does: deleted earlier, its root Service would reach the
// canary's pods that still run.
func TestPreflightSweepsASplitLast(t *testing.T) {
	t.Parallel()
	const made = `{"store":"store-1","rollout":"checkout-41","revision":9,"found":{"stable":{"uid":"uid-1"}}}`
	for _, c := range []struct {
		name     string
		replicas int
		want     []string
	}{
		{"all is inert", 0, []string{"delete deployments/checkout-canary", "delete trafficsplits/checkout", "delete services/checkout-canary"}},
		{"the canary still has pods", 2, nil},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", kubetest.Stable+"\n---\n"+foundCanary+`
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: shop}
spec: {selector: {app: checkout}, ports: [{port: 80}]}
---
apiVersion: split.smi-spec.io/v1alpha2
kind: TrafficSplit
metadata: {name: checkout, namespace: shop}
spec: {service: shop, backends: [{service: checkout, weight: 100}, {service: checkout-canary, weight: 0}]}
`)
			for resource, name := range map[string]string{"deployments": "checkout-canary", "services": "checkout-canary", "trafficsplits": "checkout"} {
				s.Edit("canarybot", resource, "shop", name, func(o kubetest.Object) { kubetest.Annotate(o, "canarybot.io/applied", made) })
			}
			s.Edit("kubectl", "deployments", "shop", "checkout-canary", func(o kubetest.Object) { spec(o)["replicas"] = c.replicas })
			r := queued()
			r.Spec.Objects.Route = rollout.RouteRef{Kind: smi.Kind, Name: "checkout", Service: "shop", Create: true}
			cluster, err := kube.New(kube.Config(s.Config()), map[string]kube.Router{smi.Kind: routerOf(t, smi.Kind, s)})
			if err != nil {
				t.Fatal(err)
			}
			got := cluster.Preflight(t.Context(), r)
			if diff := cmp.Diff(s.Writes(), c.want); diff != "" {
				t.Errorf("writes, got before want:\n%s\n%+v", diff, got)
			}
		})
	}
}
