package gateway_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
	"canarybot.io/rollout/rollouttest"
	"canarybot.io/rollout/traffic"
	"canarybot.io/rollout/traffic/gateway"
)

func connect(t *testing.T, s *kubetest.Server) *gateway.Router {
	t.Helper()
	dyn, err := dynamic.NewForConfig(s.Config())
	if err != nil {
		t.Fatal(err)
	}
	disc, err := traffic.NewGroups(s.Config())
	if err != nil {
		t.Fatal(err)
	}
	return gateway.New(dyn, disc)
}

// foundOf is the rollout of the shop when only the route stands there.
func foundOf(t *testing.T, rt *gateway.Router) rollout.Rollout {
	t.Helper()
	r := kubetest.Rollout()
	route, err := rt.Read(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	r.Original.Route.UID = route.UID
	return r
}

func TestRouterKeepsItsContract(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"v1", "v1beta1"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			rollouttest.Router(t, func(t *testing.T) (rollouttest.Routes, rollouttest.Editor) {
				s := kubetest.New(t)
				if version == "v1beta1" {
					s.Withdraw("gateway.networking.k8s.io/v1")
				}
				s.Apply("helm", kubetest.HTTPRoute)
				rt := connect(t, s)
				return rt, kubetest.Editor{Server: s, T: t, R: foundOf(t, rt)}
			})
		})
	}
}

// do decides a write on the route as it stands and sends it.
func do(t *testing.T, rt *gateway.Router, r rollout.Rollout, verb rollout.Verb, weight rollout.Weight, drop bool) error {
	t.Helper()
	route, err := rt.Read(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	w := rollout.Write{
		Object: rollout.RouteObject, Verb: verb, UID: route.UID, Version: route.Version, DropCanary: drop,
		Stamp: rollout.Stamp{Store: r.Store, Rollout: r.ID, Revision: r.Revision, Original: &r.Original},
	}
	if verb == rollout.Update {
		w.Weight, w.Stamp.Weight = &weight, &weight
	}
	return rt.Do(t.Context(), r, w)
}

// rules returns the spec's rules as YAML, to be read in a failure.
func rules(t *testing.T, route kubetest.Object) string {
	t.Helper()
	text, err := yaml.Marshal(route["spec"].(kubetest.Object)["rules"])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestRules steers rules of several kinds to 5 % and gives them back.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, found, steered string }{
		{
			"the canary is a copy of stable's backend, with its filters",
			`[{backendRefs: [{name: checkout, port: 80, filters: [{type: X}]}]}]`,
			`[{backendRefs: [{name: checkout, port: 80, weight: 95, filters: [{type: X}]}, {name: checkout-canary, port: 80, weight: 5, filters: [{type: X}]}]}]`,
		}, {
			"a canary that is there keeps its filters",
			`[{backendRefs: [{name: checkout-canary, port: 80, weight: 0, filters: [{type: Y}]}, {name: checkout, port: 80, weight: 1}]}]`,
			`[{backendRefs: [{name: checkout-canary, port: 80, weight: 5, filters: [{type: Y}]}, {name: checkout, port: 80, weight: 95}]}]`,
		}, {
			"every rule that names stable, and no other",
			`[{backendRefs: [{name: checkout}]}, {backendRefs: [{name: cart}]}, {filters: [{type: RequestRedirect}]}, {backendRefs: [{name: checkout, kind: Service, group: ""}]}]`,
			`[{backendRefs: [{name: checkout, weight: 95}, {name: checkout-canary, weight: 5}]}, {backendRefs: [{name: cart}]}, {filters: [{type: RequestRedirect}]}, {backendRefs: [{name: checkout, kind: Service, group: "", weight: 95}, {name: checkout-canary, kind: Service, group: "", weight: 5}]}]`,
		}, {
			"a backend of another kind or namespace is not stable",
			`[{backendRefs: [{name: checkout, kind: ServiceImport, group: multicluster.x-k8s.io}, {name: checkout, namespace: elsewhere}, {name: checkout, namespace: shop, weight: 2}]}]`,
			`[{backendRefs: [{name: checkout, kind: ServiceImport, group: multicluster.x-k8s.io, weight: 50}, {name: checkout, namespace: elsewhere, weight: 50}, {name: checkout, namespace: shop, weight: 95}, {name: checkout-canary, namespace: shop, weight: 5}]}]`,
		}, {
			"other backends keep their share",
			`[{backendRefs: [{name: cart, weight: 1}, {name: checkout, weight: 9}]}]`,
			`[{backendRefs: [{name: cart, weight: 100}, {name: checkout, weight: 855}, {name: checkout-canary, weight: 45}]}]`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			kubetest.Test(t, func(t *testing.T, s *kubetest.Server) { giveAndTake(t, s, c.found, c.steered) })
		})
	}
}

// giveAndTake steers a route to 5 %, compares its rules, and gives it back as it was.
func giveAndTake(t *testing.T, s *kubetest.Server, before, steered string) {
	t.Helper()
	s.Apply("helm", routeWith(before))
	rt := connect(t, s)
	r := foundOf(t, rt)
	found := rules(t, s.Get("httproutes", "shop", "checkout"))
	route, err := rt.Read(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	for _, weight := range []rollout.Weight{0, 5} {
		if err := do(t, rt, r, rollout.Update, weight, false); err != nil {
			t.Fatal(err)
		}
	}
	want := kubetest.Object{"spec": kubetest.Object{"rules": list(t, steered)}}
	if diff := cmp.Diff(rules(t, s.Get("httproutes", "shop", "checkout")), rules(t, want)); diff != "" {
		t.Errorf("steered, got before want:\n%s", diff)
	}
	r.Phase = rollout.Releasing
	if err := do(t, rt, r, rollout.Update, 0, false); err != nil {
		t.Fatal(err)
	}
	if err := do(t, rt, r, rollout.Release, 0, !route.HasCanary); err != nil {
		t.Fatal(err)
	}
	back := s.Get("httproutes", "shop", "checkout")
	if diff := cmp.Diff(rules(t, back), found); diff != "" {
		t.Errorf("given back, got before want:\n%s", diff)
	}
	if left := back["metadata"].(kubetest.Object)["annotations"]; len(left.(kubetest.Object)) > 0 {
		t.Errorf("annotations are left: %v", left)
	}
}

// routeWith returns the shop's route with other rules.
func routeWith(rules string) string {
	before, rest, _ := strings.Cut(kubetest.HTTPRoute, "  rules:\n")
	_, after, _ := strings.Cut(rest, "\nstatus:")
	return before + "  rules: " + rules + "\nstatus:" + after
}

func list(t *testing.T, text string) []any {
	t.Helper()
	var all []any
	if err := yaml.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSharesThatDisagree(t *testing.T) {
	t.Parallel()
	rule := func(stable, canary string) string {
		return "{backendRefs: [{name: checkout, weight: " + stable + "}, {name: checkout-canary, weight: " + canary + "}]}"
	}
	for _, c := range []struct {
		name, rules string
		stamped     bool // with a weight of 5
		want        rollout.Weight
		hasCanary   bool
	}{
		{"the one that differs from the stamp", "[" + rule("95", "5") + "," + rule("100", "0") + "]", true, 0, true},
		{"of several that differ, the largest", "[" + rule("100", "0") + "," + rule("60", "40") + "," + rule("95", "5") + "]", true, 40, true},
		{"without a stamp, the largest", "[" + rule("95", "5") + "," + rule("100", "0") + "]", false, 5, true},
		{"a rule without the canary has a share of 0", "[" + rule("95", "5") + ",{backendRefs: [{name: checkout}]}]", true, 0, true},
		{"a rule that names the canary alone sends it everything", "[" + rule("95", "5") + ",{backendRefs: [{name: checkout-canary}]}]", true, 100, true},
		{"stable named nowhere means everybody is on the canary", "[{backendRefs: [{name: checkout-canary}]}]", true, 100, true},
		{"nobody of the pair", "[{backendRefs: [{name: cart}]}]", true, 0, false},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", routeWith(c.rules))
			if c.stamped {
				s.Edit("canarybot", "httproutes", "shop", "checkout", func(o kubetest.Object) {
					kubetest.Annotate(o, "canarybot.io/applied", `{"store":"store-1","rollout":"checkout-42","revision":3,"weight":5}`)
				})
			}
			route, err := connect(t, s).Read(t.Context(), kubetest.Rollout())
			if err != nil {
				t.Fatal(err)
			}
			if route.Weight != c.want || route.HasCanary != c.hasCanary {
				t.Errorf("got weight %d, canary named %t; want %d, %t", route.Weight, route.HasCanary, c.want, c.hasCanary)
			}
		})
	}
}

// What is being undone gets no new canary, and stable back where somebody took it out.
func TestUndoing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, found, want string }{
		{"a canary that is gone stays gone", `[{backendRefs: [{name: checkout, weight: 1}]}]`, `[{backendRefs: [{name: checkout, weight: 1}]}]`},
		{"a route without the pair is left", `[{backendRefs: [{name: cart}]}]`, `[{backendRefs: [{name: cart}]}]`},
		{"stable comes back", `[{backendRefs: [{name: checkout-canary, port: 80}]}]`,
			`[{backendRefs: [{name: checkout-canary, port: 80, weight: 0}, {name: checkout, port: 80, weight: 100}]}]`},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", routeWith(c.found))
			rt := connect(t, s)
			r := foundOf(t, rt)
			r.Phase = rollout.RollingBack
			if err := do(t, rt, r, rollout.Update, 0, false); err != nil {
				t.Fatal(err)
			}
			want := kubetest.Object{"spec": kubetest.Object{"rules": list(t, c.want)}}
			if diff := cmp.Diff(rules(t, s.Get("httproutes", "shop", "checkout")), rules(t, want)); diff != "" {
				t.Errorf("got before want:\n%s", diff)
			}
		})
	}
}

func TestAcknowledged(t *testing.T) {
	t.Parallel()
	condition := func(parent, kind, value string, generation string) string {
		return "{parentRef: {name: " + parent + "}, conditions: [{type: Accepted, status: \"True\", observedGeneration: " + generation +
			"}, {type: " + kind + ", status: \"" + value + "\", reason: Why, message: words, observedGeneration: " + generation + "}]}"
	}
	// As controllers write it that know no generation.
	silent := func(parent, conditions string) string {
		return "{parentRef: {name: " + parent + "}, conditions: [" + conditions + "]}"
	}
	const fine = `{type: Accepted, status: "True"}, {type: ResolvedRefs, status: "True"}`
	const unresolved = `{type: Accepted, status: "True"}, {type: ResolvedRefs, status: "False", reason: Why, message: words}`
	a, b := rollout.ObjectRef{Kind: "Gateway", Name: "a"}, rollout.ObjectRef{Kind: "Gateway", Name: "b"}
	for _, c := range []struct {
		name, parents string
		weight        string
		want          bool
		problem       rollout.Problem // without the route
		unversioned   bool
	}{
		{name: "taken", parents: condition("a", "ResolvedRefs", "True", "1"), weight: "5", want: true},
		{name: "nobody said anything yet", weight: "5", problem: rollout.Problem{Code: rollout.ProblemNoGateway}},
		{name: "an older one was taken", parents: condition("a", "ResolvedRefs", "True", "0"), weight: "5",
			problem: rollout.Problem{Code: rollout.ProblemGatewayBehind, Other: a, Key: "Accepted"}},
		{name: "one of two has not seen it", parents: condition("a", "ResolvedRefs", "True", "1") + "," + condition("b", "ResolvedRefs", "True", "0"), weight: "5",
			problem: rollout.Problem{Code: rollout.ProblemGatewayBehind, Other: b, Key: "Accepted"}},
		{name: "references do not resolve", parents: condition("a", "ResolvedRefs", "False", "1"), weight: "5",
			problem: rollout.Problem{Code: rollout.ProblemGatewayRefuses, Other: a, Key: "ResolvedRefs", Value: "False", Want: "Why", Words: "words"}},
		{name: "at 0 they need not", parents: condition("a", "ResolvedRefs", "False", "1"), weight: "0", want: true},
		{name: "a condition is missing", parents: condition("a", "Programmed", "True", "1"), weight: "5",
			problem: rollout.Problem{Code: rollout.ProblemGatewaySilent, Other: a, Key: "ResolvedRefs"}},
		{name: "at 0 no Gateway is needed", weight: "0", want: true, problem: rollout.Problem{Code: rollout.ProblemNoGateway}},
		{name: "no generation is said", parents: silent("a", fine), weight: "5", want: true, unversioned: true},
		{name: "no generation is said at 0", parents: silent("a", unresolved), weight: "0", want: true, unversioned: true},
		{name: "no generation is said, and references do not resolve", parents: silent("a", unresolved), weight: "5", unversioned: true,
			problem: rollout.Problem{Code: rollout.ProblemGatewayRefuses, Other: a, Key: "ResolvedRefs", Value: "False", Want: "Why", Words: "words"}},
		{name: "one of two says no generation", parents: silent("a", fine) + "," + condition("b", "ResolvedRefs", "True", "1"), weight: "5", want: true, unversioned: true},
		{name: "a part is invalid", parents: condition("a", "PartiallyInvalid", "True", "1"), weight: "0",
			problem: rollout.Problem{Code: rollout.ProblemGatewayRefuses, Other: a, Key: "PartiallyInvalid", Value: "True", Want: "Why", Words: "words"}},
		{name: "a part was invalid", parents: condition("a", "PartiallyInvalid", "False", "1"), weight: "0", want: true},
		{name: "a controller that was removed reported about another Gateway", parents: condition("a", "ResolvedRefs", "True", "1") + "," + condition("old", "ResolvedRefs", "False", "0"), weight: "5", want: true},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			manifest := routeWith("[{backendRefs: [{name: checkout, weight: 95}, {name: checkout-canary, weight: " + c.weight + "}]}]")
			manifest, _, _ = strings.Cut(manifest, "\nstatus:")
			manifest = strings.Replace(manifest, "parentRefs: [{name: public}]", "parentRefs: [{name: a}, {name: b}]", 1)
			s.Apply("helm", manifest+"\nstatus: {parents: ["+c.parents+"]}\n")
			route, err := connect(t, s).Read(t.Context(), kubetest.Rollout())
			if err != nil {
				t.Fatal(err)
			}
			if !c.problem.IsZero() {
				c.problem.Object = ref("HTTPRoute", "checkout")
			}
			if diff := cmp.Diff(route.Problem, c.problem); route.Acknowledged != c.want || diff != "" {
				t.Errorf("got %t, want %t; problem, got before want:\n%s", route.Acknowledged, c.want, diff)
			}
			if route.Unversioned != c.unversioned {
				t.Errorf("unversioned: got %t, want %t", route.Unversioned, c.unversioned)
			}
		})
	}
}

func TestNothingToSteerIsRefused(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", routeWith("[{backendRefs: [{name: cart}]}]"))
		rt := connect(t, s)
		err := do(t, rt, foundOf(t, rt), rollout.Update, 5, false)
		want := rollout.Problem{Code: rollout.ProblemNothingToSteer, Object: ref("HTTPRoute", "checkout"), Value: "checkout", Want: "checkout-canary"}
		if diff := cmp.Diff(rollout.ProblemOf(err), want); diff != "" {
			t.Errorf("got before want:\n%s", diff)
		}
	})
}

// A custom resource definition that goes away says nothing about the route; one that comes back is found again.
func TestDefinitionGoesAway(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", kubetest.HTTPRoute)
		rt := connect(t, s)
		r := foundOf(t, rt)
		s.Withdraw("gateway.networking.k8s.io/v1")
		if _, err := rt.Read(t.Context(), r); rollout.CodeOf(err) != rollout.Unavailable {
			t.Errorf("got %v, want unavailable", err)
		}
		if route, err := rt.Read(t.Context(), r); err != nil || !route.Exists {
			t.Errorf("got %+v, %v in the version that is left", route, err)
		}
		s.Withdraw("gateway.networking.k8s.io/v1beta1")
		for range 2 {
			if _, err := rt.Read(t.Context(), r); rollout.CodeOf(err) != rollout.Unavailable {
				t.Errorf("got %v, want unavailable", err)
			}
		}
	})
}
