package docs_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"canarybot.io/bot/view"
	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/kube"
	"canarybot.io/rollout/kube/kubetest"
	"canarybot.io/rollout/traffic"
	"canarybot.io/rollout/traffic/gateway"
	"canarybot.io/rollout/traffic/smi"
)

// installed returns the YAML of install.md's blocks that hold the text.
func installed(t *testing.T, text string) string {
	t.Helper()
	for _, b := range blocks(t) {
		if b.page == "docs/install.md" && b.language == "yaml" && strings.Contains(b.text, text) {
			return b.text
		}
	}
	t.Fatalf("docs/install.md shows no %s", text)
	return ""
}

// settle gives the objects the statuses that controllers would.
func settle(s *kubetest.Server) {
	s.Edit("controller", "deployments", "shop", "checkout", func(d kubetest.Object) {
		d["status"] = kubetest.Object{
			"observedGeneration": 9, "replicas": 4, "updatedReplicas": 4, "readyReplicas": 4, "availableReplicas": 4,
		}
	})
	if s.Get("httproutes", "shop", "checkout") == nil {
		return
	}
	s.Edit("controller", "httproutes", "shop", "checkout", func(r kubetest.Object) {
		yes := func(kind string) any {
			return kubetest.Object{"type": kind, "status": "True", "reason": kind, "message": "", "observedGeneration": 9}
		}
		r["status"] = kubetest.Object{"parents": []any{kubetest.Object{
			"parentRef":  r["spec"].(kubetest.Object)["parentRefs"].([]any)[0],
			"conditions": []any{yes("Accepted"), yes("ResolvedRefs")},
		}}}
	})
}

// TestInstallationWorks does what install.md says, with the objects and the configuration that it shows: the
// preflight has no objection, and at 5 % the route is the one on the page.
func TestInstallationWorks(t *testing.T) {
	t.Parallel()
	app := installed(t, "kind: Deployment")
	route := installed(t, "kind: HTTPRoute\nmetadata")
	for _, c := range []struct{ name, objects, config, resource, shown string }{
		{
			"HTTPRoute", app + "\n---\n" + route, string(configOf(t, block{page: "docs/install.md", text: installed(t, "tokens: {secret")})),
			"httproutes", "rules:\n" + installed(t, "weight: 95}\n        - {name: checkout-canary"),
		}, {
			"TrafficSplit", app + "\n---\n" + installed(t, "name: checkout-stable, namespace"),
			string(complete(t, installed(t, "route: {kind: TrafficSplit"))), "trafficsplits", installed(t, "kind: TrafficSplit\nmetadata"),
		},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", c.objects)
			settle(s)
			steered(t, s, c.config)
			object := s.Get(c.resource, "shop", "checkout")
			if diff := cmp.Diff(backends(t, object), backends(t, parsed(t, c.shown))); diff != "" {
				t.Errorf("the route at 5 %%, got before what the page shows:\n%s", diff)
			}
		})
	}
}

// steered starts a rollout of checkout as far as 5 %, by the cluster's adapter.
func steered(t *testing.T, s *kubetest.Server, text string) {
	t.Helper()
	configuration, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	settings := kube.Config(s.Config())
	dyn := dynamic.NewForConfigOrDie(settings)
	disc, err := traffic.NewGroups(settings)
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := kube.New(settings, map[string]kube.Router{
		config.HTTPRoute: gateway.New(dyn, disc), config.TrafficSplit: smi.New(dyn, disc),
	})
	if err != nil {
		t.Fatal(err)
	}
	spec := configuration.Services["checkout"].Spec
	r := rollout.Rollout{ID: "checkout-1", Service: "checkout", Store: "store-1", Revision: 1, Spec: spec, Image: spec.Repository + ":v1.2.4"}
	p := cluster.Preflight(t.Context(), r)
	if !p.Unreadable.IsZero() || len(p.Problems) > 0 {
		t.Fatalf("the preflight says: %s %s", view.Problem(p.Unreadable), strings.Join(view.Problems(p.Problems), "\n"))
	}
	r.Phase, r.Original, r.Size = rollout.Shifting, p.Original, 1
	for range 4 { // Service, route at 0 and pods, then the share; each beat sees what the one before wrote
		world := cluster.Observe(t.Context(), r)
		world.Canary.Endpoints, world.Stable.Endpoints = world.Canary.Replicas, world.Stable.Replicas // as if they were ready
		for _, w := range rollout.Writes(r, rollout.Facts{Observed: world}) {
			if err := cluster.Do(t.Context(), r, w); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func parsed(t *testing.T, text string) kubetest.Object {
	t.Helper()
	var object kubetest.Object
	if err := yaml.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	return object
}

// backends returns every entry of the object that has a weight, in order.
func backends(t *testing.T, v any) []string {
	t.Helper()
	switch v := v.(type) {
	case []any:
		var all []string
		for _, item := range v {
			all = append(all, backends(t, item)...)
		}
		return all
	case map[string]any:
		if v["weight"] != nil {
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return []string{string(text)}
		}
		return append(append(backends(t, v["spec"]), backends(t, v["rules"])...), append(backends(t, v["backendRefs"]), backends(t, v["backends"])...)...)
	case nil:
		return nil
	}
	t.Fatal(fmt.Errorf("%T is no part of a route", v))
	return nil
}
