package smi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/dynamic"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
	"canarybot.io/rollout/kube/object"
	"canarybot.io/rollout/rollouttest"
	"canarybot.io/rollout/traffic"
	"canarybot.io/rollout/traffic/smi"
)

// services are the root that clients call and stable's own.
const services = `
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: shop}
spec: {selector: {app: checkout}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: checkout, namespace: shop}
spec: {selector: {app: checkout, track: stable}, ports: [{port: 80}]}
`

// split returns a TrafficSplit with these backends.
func split(backends string) string {
	return services + "\n---\n" + `
apiVersion: split.smi-spec.io/v1alpha2
kind: TrafficSplit
metadata: {name: checkout, namespace: shop}
spec: {service: shop, backends: ` + backends + `}
`
}

func connect(t *testing.T, s *kubetest.Server) *smi.Router {
	t.Helper()
	dyn, err := dynamic.NewForConfig(s.Config())
	if err != nil {
		t.Fatal(err)
	}
	disc, err := traffic.NewGroups(s.Config())
	if err != nil {
		t.Fatal(err)
	}
	return smi.New(dyn, disc)
}

func shop(create bool) rollout.Rollout {
	r := kubetest.Rollout()
	r.Spec.Objects.Route = rollout.RouteRef{Kind: smi.Kind, Name: "checkout", Service: "shop", Create: create}
	return r
}

func TestRouterKeepsItsContract(t *testing.T) {
	t.Parallel()
	rollouttest.Router(t, func(t *testing.T) (rollouttest.Routes, rollouttest.Editor) {
		s := kubetest.New(t)
		s.Apply("helm", split("[{service: checkout, weight: 100}]"))
		return connect(t, s), kubetest.Editor{Server: s, T: t, R: shop(false)}
	})
}

// send decides a write on the split as it stands and sends it.
func send(t *testing.T, rt *smi.Router, r rollout.Rollout, w rollout.Write) error {
	t.Helper()
	if w.Verb != rollout.Create {
		route, err := rt.Read(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		w.UID, w.Version = route.UID, route.Version
	}
	w.Object = rollout.RouteObject
	w.Stamp = rollout.Stamp{Store: r.Store, Rollout: r.ID, Revision: r.Revision, Weight: w.Weight, Original: &r.Original}
	return rt.Do(t.Context(), r, w)
}

func spec(t *testing.T, s *kubetest.Server) string {
	t.Helper()
	text, err := json.Marshal(s.Get("trafficsplits", "shop", "checkout")["spec"])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMakeAndDelete(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		rt, r := connect(t, s), shop(true)
		zero, five := rollout.Weight(0), rollout.Weight(5)
		if err := send(t, rt, r, rollout.Write{Verb: rollout.Create, Weight: &zero}); err != nil {
			t.Fatal(err)
		}
		want := `{"backends":[{"service":"checkout","weight":100},{"service":"checkout-canary","weight":0}],"service":"shop"}`
		if diff := cmp.Diff(spec(t, s), want); diff != "" {
			t.Errorf("made, got before want:\n%s", diff)
		}
		if err := send(t, rt, r, rollout.Write{Verb: rollout.Create, Weight: &zero}); rollout.CodeOf(err) != rollout.Conflict {
			t.Errorf("made twice: got %v, want a conflict", err)
		}
		if err := send(t, rt, r, rollout.Write{Verb: rollout.Update, Weight: &five}); err != nil {
			t.Fatal(err)
		}
		want = `{"backends":[{"service":"checkout","weight":95},{"service":"checkout-canary","weight":5}],"service":"shop"}`
		if diff := cmp.Diff(spec(t, s), want); diff != "" {
			t.Errorf("steered, got before want:\n%s", diff)
		}
		if route, err := rt.Read(t.Context(), r); err != nil || !route.Acknowledged || route.Weight != 5 {
			t.Errorf("got %+v, %v; want it acknowledged, as it has no status", route, err)
		}
		if err := send(t, rt, r, rollout.Write{Verb: rollout.Delete}); err != nil {
			t.Fatal(err)
		}
		if s.Get("trafficsplits", "shop", "checkout") != nil {
			t.Error("the split is there after it was deleted")
		}
	})
}

// Weights as people and controllers write them, in every version: read in any form, written as whole numbers.
func TestForms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, backends string
		want           rollout.Weight
		steered        string // to 50 %
	}{
		{"whole numbers", "[{service: checkout, weight: 95}, {service: checkout-canary, weight: 5}]", 5,
			`[{"service":"checkout","weight":50},{"service":"checkout-canary","weight":50}]`},
		{"strings", `[{service: checkout, weight: "95"}, {service: checkout-canary, weight: "5"}]`, 5,
			`[{"service":"checkout","weight":50},{"service":"checkout-canary","weight":50}]`},
		{"thousandths", `[{service: checkout, weight: 900m}, {service: checkout-canary, weight: 100m}]`, 10,
			`[{"service":"checkout","weight":50},{"service":"checkout-canary","weight":50}]`},
		{"floats", `[{service: checkout, weight: 1.5}, {service: checkout-canary, weight: 0.5}]`, 25,
			`[{"service":"checkout","weight":50},{"service":"checkout-canary","weight":50}]`},
		{"beside a third", `[{service: checkout, weight: 500m}, {service: legacy, weight: "500m"}]`, 0,
			`[{"service":"checkout","weight":50},{"service":"checkout-canary","weight":50},{"service":"legacy","weight":100}]`},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", split(c.backends))
			rt, r := connect(t, s), shop(false)
			route, err := rt.Read(t.Context(), r)
			if err != nil || route.Weight != c.want {
				t.Errorf("got weight %d, %v; want %d", route.Weight, err, c.want)
			}
			half := rollout.Weight(50)
			if err := send(t, rt, r, rollout.Write{Verb: rollout.Update, Weight: &half}); err != nil {
				t.Fatal(err)
			}
			want := `{"backends":` + c.steered + `,"service":"shop"}`
			if diff := cmp.Diff(spec(t, s), want); diff != "" {
				t.Errorf("got before want:\n%s", diff)
			}
		})
	}
}

func TestServedVersion(t *testing.T) {
	t.Parallel()
	all := []string{"v1alpha2", "v1alpha4", "v1alpha3", "v1alpha1"}
	for i, version := range all {
		kubetest.Run(t, version, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", split("[{service: checkout, weight: 100}]"))
			for _, better := range all[:i] {
				s.Withdraw("split.smi-spec.io/" + better)
			}
			s.Fail(func(r *http.Request) int {
				if parts := strings.Split(r.URL.Path, "/"); len(parts) > 4 && parts[3] != version {
					return http.StatusTeapot
				}
				return 0
			})
			if route, err := connect(t, s).Read(t.Context(), shop(false)); err != nil || !route.Exists {
				t.Errorf("got %+v, %v, want it read through %s", route, err, version)
			}
		})
	}
}

// ref names an object in the shop.
func ref(kind, name string) rollout.ObjectRef { return object.Ref(kind, "shop", name) }

// preflightCase is a split and what preflight says of it.
type preflightCase struct {
	name, manifests string
	rollout         rollout.Rollout
	found           rollout.OriginalRoute
	problems        []rollout.Problem
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	good := "[{service: checkout, weight: 100}, {service: checkout-canary, weight: 0}]"
	for _, c := range []preflightCase{
		{name: "a split that is there", manifests: split(good), rollout: shop(false), found: rollout.OriginalRoute{UID: "uid-3", HasCanary: true}},
		{name: "none, to be made", manifests: services, rollout: shop(true)},
		{name: "none, not to be made", manifests: services, rollout: shop(false), problems: []rollout.Problem{{Code: rollout.ProblemSplitMissing, Service: "checkout", Object: ref("TrafficSplit", "checkout"), Key: "route.create"}}},
		{
			name: "a canary with traffic", manifests: split("[{service: checkout, weight: 90}, {service: checkout-canary, weight: 10}]"), rollout: shop(false),
			found:    rollout.OriginalRoute{UID: "uid-3", HasCanary: true, Weight: 10},
			problems: []rollout.Problem{{Code: rollout.ProblemSplitCanaryTraffic, Object: ref("TrafficSplit", "checkout"), Other: ref("Service", "checkout-canary"), Count: 10}},
		}, {
			name: "stable is no backend", manifests: split("[{service: legacy, weight: 90}]"), rollout: shop(false),
			found:    rollout.OriginalRoute{UID: "uid-3"},
			problems: []rollout.Problem{{Code: rollout.ProblemSplitStableUnnamed, Object: ref("TrafficSplit", "checkout"), Other: ref("Service", "checkout")}},
		}, {
			name: "stable twice, and a weight that is not a number", manifests: split("[{service: checkout, weight: 90}, {service: checkout, weight: x}]"),
			rollout: shop(false), found: rollout.OriginalRoute{UID: "uid-3"},
			problems: []rollout.Problem{
				{Code: rollout.ProblemSplitPairTwice, Object: ref("TrafficSplit", "checkout")},
				{
					Code: rollout.ProblemWeightInvalid, Object: ref("TrafficSplit", "checkout"), Other: ref("Service", "checkout"),
					Key: rollout.RouteBackends, Value: "x", Count: 1,
				},
			},
		}, {
			name: "a backend that is not an object", manifests: split("[checkout]"), rollout: shop(false),
			problems: []rollout.Problem{{Code: rollout.ProblemBackendMalformed, Object: ref("TrafficSplit", "checkout")}},
		}, {
			name: "the root lacks a port at stable's", manifests: strings.Replace(split(good), "[{port: 80}]", "[{port: 80}, {port: 81}]", 1), rollout: shop(false),
			found:    rollout.OriginalRoute{UID: "uid-3", HasCanary: true},
			problems: []rollout.Problem{{Code: rollout.ProblemBackendPort, Object: ref("Service", "checkout"), Other: ref("Service", "shop"), Value: "81"}},
		}, {
			name: "no root", manifests: strings.Replace(split(good), "metadata: {name: shop,", "metadata: {name: other,", 1), rollout: shop(false),
			found:    rollout.OriginalRoute{UID: "uid-3", HasCanary: true},
			problems: []rollout.Problem{{Code: rollout.ProblemRootMissing, Service: "checkout", Object: ref("Service", "shop"), Key: "route.service"}},
		}, {
			name: "the split is of another root", manifests: strings.Replace(split(good), "service: shop,", "service: other,", 1), rollout: shop(false),
			found:    rollout.OriginalRoute{UID: "uid-3", HasCanary: true},
			problems: []rollout.Problem{{Code: rollout.ProblemSplitOtherRoot, Service: "checkout", Object: ref("TrafficSplit", "checkout"), Key: "route.service", Value: "other", Want: "shop"}},
		}, {
			name: "the root is a backend", manifests: split(good),
			rollout: func() rollout.Rollout { r := shop(false); r.Spec.Objects.Route.Service = "checkout"; return r }(),
			found:   rollout.OriginalRoute{UID: "uid-3", HasCanary: true},
			problems: []rollout.Problem{
				{Code: rollout.ProblemSplitOtherRoot, Service: "checkout", Object: ref("TrafficSplit", "checkout"), Key: "route.service", Value: "shop", Want: "checkout"},
				{Code: rollout.ProblemSplitToItself, Service: "checkout", Other: ref("Service", "checkout"), Key: "route.service"},
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			kubetest.Test(t, c.check)
		})
	}
}

func (c preflightCase) check(t *testing.T, s *kubetest.Server) {
	t.Helper()
	s.Apply("helm", c.manifests)
	start, err := connect(t, s).Preflight(t.Context(), c.rollout)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(start.Found, c.found); diff != "" {
		t.Errorf("found, got before want:\n%s", diff)
	}
	if diff := cmp.Diff(start.Problems, c.problems); diff != "" {
		t.Errorf("problems, got before want:\n%s", diff)
	}
}

func TestPreflightTellsALeftover(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		stamp string
		left  bool
	}{
		{"made by an ended rollout", `{"store":"store-1","rollout":"checkout-41","revision":9,"found":{"stable":{}}}`, true},
		{"found by an ended rollout", `{"store":"store-1","rollout":"checkout-41","revision":9,"found":{"stable":{},"route":{"uid":"uid-3"}}}`, false},
		{"of another store", `{"store":"store-2","rollout":"checkout-41","revision":9,"found":{"stable":{}}}`, false},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", split("[{service: checkout, weight: 100}, {service: checkout-canary, weight: 0}]"))
			s.Edit("canarybot", "trafficsplits", "shop", "checkout", func(o kubetest.Object) { kubetest.Annotate(o, "canarybot.io/applied", c.stamp) })
			start, err := connect(t, s).Preflight(t.Context(), shop(true))
			if err != nil {
				t.Fatal(err)
			}
			if left := start.Leftover != nil && start.Found.UID == ""; left != c.left {
				t.Errorf("a leftover that counts as absent: %t, want %t", left, c.left)
			}
			if s.Get("trafficsplits", "shop", "checkout") == nil {
				t.Error("looking deleted it")
			}
		})
	}
}
