package gateway_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
)

// making is the rollout of the shop where the route is made from the one that is there.
func making() rollout.Rollout {
	r := kubetest.Rollout()
	r.Spec.Objects.Route.Name, r.Spec.Objects.Route.Create, r.Spec.Objects.Route.From = "checkout-rollout", true, "checkout"
	r.Original.Route = rollout.OriginalRoute{}
	return r
}

// make sends the create.
func makeRoute(t *testing.T, s *kubetest.Server, r rollout.Rollout) error {
	t.Helper()
	zero := rollout.Weight(0)
	return connect(t, s).Do(t.Context(), r, rollout.Write{
		Object: rollout.RouteObject, Verb: rollout.Create, Weight: &zero,
		Stamp: rollout.Stamp{Store: r.Store, Rollout: r.ID, Revision: r.Revision, Weight: &zero, Original: &r.Original},
	})
}

// A route that is made is the other one with each method, and the canary at weight 0: it serves the same, and comes first.
func TestARouteIsMadeFromAnother(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		const from = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: checkout, namespace: shop, labels: {argocd.argoproj.io/instance: shop}, annotations: {argocd.argoproj.io/tracking-id: x}}
spec:
  parentRefs: [{name: public, sectionName: https}]
  hostnames: [checkout.example.com]
  rules:
  - timeouts: {request: 5s}
    backendRefs: [{name: checkout, port: 80}]
  - matches: [{path: {type: PathPrefix, value: /}, headers: [{name: x-beta, value: "1"}]}]
    backendRefs: [{name: beta, port: 80}]
`
		s.Apply("flux", from)
		r := making()
		if err := makeRoute(t, s, r); err != nil {
			t.Fatal(err)
		}
		route := s.Get("httproutes", "shop", "checkout-rollout")
		metadata := route["metadata"].(kubetest.Object)
		if annotations := metadata["annotations"].(kubetest.Object); len(annotations) != 1 || annotations["canarybot.io/applied"] == nil || metadata["labels"] != nil {
			t.Errorf("it has the labels %v and the annotations %v, want our stamp alone", metadata["labels"], annotations)
		}
		spec := route["spec"].(kubetest.Object)
		rules := spec["rules"].([]any)
		for i, backends := range []string{"[map[name:checkout port:80 weight:100] map[name:checkout-canary port:80 weight:0]]", "[map[name:beta port:80]]"} {
			rule := rules[i].(kubetest.Object)
			if got := fmt.Sprint(rule["backendRefs"]); got != backends {
				t.Errorf("rule %d has the backends %s, want %s", i, got, backends)
			}
			var methods []string
			for _, m := range rule["matches"].([]any) {
				match := m.(kubetest.Object)
				methods = append(methods, match["method"].(string))
				if match["path"].(kubetest.Object)["value"] != "/" || (match["headers"] != nil) != (i == 1) {
					t.Errorf("rule %d matches %v", i, match)
				}
			}
			slices.Sort(methods)
			if got := strings.Join(methods, " "); got != "CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT TRACE" {
				t.Errorf("rule %d has the methods %s", i, got)
			}
		}
		delete(spec, "rules")
		if got := fmt.Sprint(spec); got != "map[hostnames:[checkout.example.com] parentRefs:[map[name:public sectionName:https]]]" {
			t.Errorf("beside its rules it has %s", got)
		}
		if err := makeRoute(t, s, r); rollout.CodeOf(err) != rollout.Conflict {
			t.Errorf("made twice: %v, want a conflict", err)
		}
		rt := connect(t, s)
		now, err := rt.Read(t.Context(), r)
		if err != nil || !now.HasCanary || now.Weight != 0 {
			t.Fatalf("%+v, %v", now, err)
		}
		if err := rt.Do(t.Context(), r, rollout.Write{Object: rollout.RouteObject, Verb: rollout.Delete, UID: now.UID, Version: now.Version}); err != nil {
			t.Fatal(err)
		}
		if s.Get("httproutes", "shop", "checkout-rollout") != nil || s.Get("httproutes", "shop", "checkout") == nil {
			t.Error("the end has to delete the route that was made, and no other")
		}
	})
}

// What keeps a route from being made.
func TestPreflightOfARouteToMake(t *testing.T) {
	t.Parallel()
	swap := func(old, with string) string { return strings.Replace(kubetest.HTTPRoute, old, with, 1) }
	const matches = "matches: [{path: {type: PathPrefix, value: /checkout}}]"
	many := func(n int) string { return "[" + strings.Repeat("{path: {value: /a}}, ", n) + "]" }
	about := rollout.Problem{Service: "checkout", Key: "route.from", Object: ref("HTTPRoute", "checkout"), Other: ref("HTTPRoute", "checkout-rollout")}
	with := func(code rollout.ProblemCode, count, limit int) []rollout.Problem {
		p := about
		p.Code, p.Count, p.Limit = code, count, limit
		return []rollout.Problem{p}
	}
	for _, c := range []struct {
		name, from string
		want       []rollout.Problem
	}{
		{"nothing", kubetest.HTTPRoute, nil},
		{"there is none to make it from", "", with(rollout.ProblemFromMissing, 0, 0)},
		{"a match by a method", swap(matches, "matches: [{method: GET}]"), with(rollout.ProblemFromMethod, 0, 127)},
		{"too many in a rule", swap(matches, "matches: "+many(8)), with(rollout.ProblemFromMatches, 72, 64)},
		{"too many in all", swap("  - "+matches, "  - {matches: "+many(7)+", backendRefs: [{name: cart}]}\n  - {matches: "+many(7)+", backendRefs: [{name: cart}]}\n  - "+matches),
			func() []rollout.Problem {
				all := with(rollout.ProblemFromMatches, 135, 127)
				all[0].Index = 2
				return all
			}()},
		{"it does not serve the service", swap("- name: checkout\n", "- name: cart\n"), []rollout.Problem{{Code: rollout.ProblemStableUnnamed, Service: "checkout", Key: "stable_service", Object: ref("HTTPRoute", "checkout"), Other: ref("Service", "checkout")}}},
		{"no Gateway took it", strings.Split(kubetest.HTTPRoute, "status:")[0], []rollout.Problem{{Code: rollout.ProblemStartNoGateway, Object: ref("HTTPRoute", "checkout")}}},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("flux", c.from)
			start, err := connect(t, s).Preflight(t.Context(), making())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(start.Problems, c.want); diff != "" {
				t.Errorf("got before want:\n%s", diff)
			}
			if start.Found.UID != "" || start.Leftover != nil || start.Route != nil {
				t.Errorf("found %+v, left over %+v: there is no route yet", start.Found, start.Leftover)
			}
		})
	}
}

// What an ended rollout made and left behind is told from a route that was there.
func TestARouteThatWasLeftBehind(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("flux", kubetest.HTTPRoute)
		r := making()
		if err := makeRoute(t, s, r); err != nil {
			t.Fatal(err)
		}
		start, err := connect(t, s).Preflight(t.Context(), r)
		if err != nil || start.Leftover == nil || start.Found.UID != "" || len(start.Problems) > 0 {
			t.Errorf("left by an ended rollout: %+v, %v", start, err)
		}
		s.Edit("somebody", "httproutes", "shop", "checkout-rollout", func(o kubetest.Object) { delete(o["metadata"].(kubetest.Object), "annotations") })
		start, err = connect(t, s).Preflight(t.Context(), r)
		if err != nil || start.Leftover != nil || start.Found.UID == "" || start.Route == nil {
			t.Errorf("somebody else's: %+v, %v", start, err)
		}
	})
}
