package gateway_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
	"canarybot.io/rollout/kube/object"
)

// preflightCase is a route and what preflight says of it.
type preflightCase struct {
	name, rules string
	change      func(*rollout.Rollout)
	found       rollout.OriginalRoute
	problems    []rollout.Problem
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	for _, c := range []preflightCase{
		{name: "a route that names stable only", rules: "[{backendRefs: [{name: checkout}]}]"},
		{name: "a canary at 0", rules: "[{backendRefs: [{name: checkout, port: 80}, {name: checkout-canary, port: 80, weight: 0}]}]", found: rollout.OriginalRoute{HasCanary: true}},
		{
			name: "a canary with traffic", rules: "[{backendRefs: [{name: checkout, weight: 90}, {name: checkout-canary, weight: 10}]}]",
			found:    rollout.OriginalRoute{HasCanary: true, Weight: 10},
			problems: []rollout.Problem{{Code: rollout.ProblemRuleCanaryTraffic, Object: ref("HTTPRoute", "checkout"), Other: ref("Service", "checkout-canary"), Count: 10}},
		}, {
			name: "stable in no rule", rules: "[{backendRefs: [{name: cart}]}]",
			problems: []rollout.Problem{{Code: rollout.ProblemStableUnnamed, Service: "checkout", Object: ref("HTTPRoute", "checkout"), Other: ref("Service", "checkout"), Key: "stable_service"}},
		}, {
			name: "a rule with the canary only", found: rollout.OriginalRoute{HasCanary: true, Weight: 100}, rules: "[{backendRefs: [{name: checkout}]}, {backendRefs: [{name: checkout-canary}]}]",
			problems: []rollout.Problem{{Code: rollout.ProblemRuleCanaryAlone, Object: ref("HTTPRoute", "checkout"), Other: ref("Service", "checkout-canary"), Value: "checkout", Index: 1}},
		}, {
			name:  "several at once",
			rules: "[{backendRefs: [{name: checkout, weight: 0}]}, {backendRefs: [{name: checkout}, {name: checkout}]}, {backendRefs: [{name: checkout, port: 80}, {name: checkout-canary, port: 81, weight: 0}]}]",
			found: rollout.OriginalRoute{HasCanary: true},
			problems: []rollout.Problem{
				{Code: rollout.ProblemStableNoTraffic, Object: ref("HTTPRoute", "checkout"), Other: ref("Service", "checkout"), Key: rollout.RouteRules},
				{Code: rollout.ProblemRulePairTwice, Object: ref("HTTPRoute", "checkout"), Index: 1},
				{Code: rollout.ProblemRulePorts, Object: ref("HTTPRoute", "checkout"), Other: ref("Service", "checkout-canary"), Value: "checkout", Index: 2},
				{Code: rollout.ProblemRulesDisagree, Object: ref("HTTPRoute", "checkout"), Other: ref("Service", "checkout-canary")},
			},
		}, {
			name: "a weight that is not a number", rules: "[{backendRefs: [{name: checkout}, {name: cart, weight: -1}]}]",
			problems: []rollout.Problem{{
				Code: rollout.ProblemWeightInvalid, Object: ref("HTTPRoute", "checkout"), Other: ref("Service", "checkout"),
				Key: rollout.RouteRules, Value: "-1", Count: 1,
			}},
		}, {
			name: "weights too large for a share", rules: "[{backendRefs: [{name: checkout, weight: 900001}, {name: cart, weight: 50000}]}]",
			problems: []rollout.Problem{{Code: rollout.ProblemWeightsTooLarge, Object: ref("HTTPRoute", "checkout"), Other: ref("Service", "checkout"), Key: rollout.RouteRules, Limit: 1000000}},
		}, {
			name: "no route of that name", rules: "[{backendRefs: [{name: checkout}]}]",
			change:   func(r *rollout.Rollout) { r.Spec.Objects.Route.Name = "other" },
			problems: []rollout.Problem{{Code: rollout.ProblemRouteMissing, Service: "checkout", Object: ref("HTTPRoute", "other"), Other: ref("Service", "checkout"), Key: "route.name"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			kubetest.Test(t, c.check)
		})
	}
}

func (c preflightCase) check(t *testing.T, s *kubetest.Server) {
	t.Helper()
	s.Apply("helm", routeWith(c.rules))
	r := kubetest.Rollout()
	if c.change != nil {
		c.change(&r)
	}
	start, err := connect(t, s).Preflight(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if r.Spec.Objects.Route.Name == "checkout" {
		c.found.UID = "uid-1"
	}
	if diff := cmp.Diff(start.Found, c.found); diff != "" {
		t.Errorf("found, got before want:\n%s", diff)
	}
	if diff := cmp.Diff(start.Problems, c.problems); diff != "" {
		t.Errorf("problems, got before want:\n%s", diff)
	}
}

// ref names an object in the shop.
func ref(kind, name string) rollout.ObjectRef { return object.Ref(kind, "shop", name) }

func TestPreflightOfARouteThatNobodyServes(t *testing.T) {
	t.Parallel()
	gateway := rollout.ObjectRef{Kind: "Gateway", Name: "public"}
	for _, c := range []struct {
		name, parents string
		want          rollout.Problem
	}{
		{"nobody took it", "", rollout.Problem{Code: rollout.ProblemStartNoGateway}},
		{"it was refused", `{parentRef: {name: public}, conditions: [{type: Accepted, status: "False", reason: NotAllowedByListeners, message: denied}]}`,
			rollout.Problem{Code: rollout.ProblemStartGatewayRefuses, Other: gateway, Key: "Accepted", Value: "False", Want: "NotAllowedByListeners", Words: "denied"}},
		{"it was not accepted yet", `{parentRef: {name: public}, conditions: []}`, rollout.Problem{Code: rollout.ProblemStartGatewaySilent, Other: gateway, Key: "Accepted"}},
		{"its status is malformed", `7`, rollout.Problem{Code: rollout.ProblemStartStatusMalformed}},
		{"an older generation was taken", `{parentRef: {name: public}, conditions: [{type: Accepted, status: "True", observedGeneration: 0}, {type: ResolvedRefs, status: "True", observedGeneration: 0}]}`, rollout.Problem{}},
		{"references do not resolve", `{parentRef: {name: public}, conditions: [{type: Accepted, status: "True"}, {type: ResolvedRefs, status: "False", reason: RefNotPermitted, message: no grant}]}`,
			rollout.Problem{Code: rollout.ProblemStartGatewayRefuses, Other: gateway, Key: "ResolvedRefs", Value: "False", Want: "RefNotPermitted", Words: "no grant"}},
		{"a part is invalid", `{parentRef: {name: public}, conditions: [{type: Accepted, status: "True"}, {type: PartiallyInvalid, status: "True", reason: UnsupportedValue, message: rule 2}]}`,
			rollout.Problem{Code: rollout.ProblemStartGatewayRefuses, Other: gateway, Key: "PartiallyInvalid", Value: "True", Want: "UnsupportedValue", Words: "rule 2"}},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			manifest, _, _ := strings.Cut(kubetest.HTTPRoute, "\nstatus:")
			s.Apply("helm", manifest+"\nstatus: {parents: ["+c.parents+"]}\n")
			start, err := connect(t, s).Preflight(t.Context(), kubetest.Rollout())
			if err != nil {
				t.Fatal(err)
			}
			var want []rollout.Problem
			if !c.want.IsZero() {
				c.want.Object = ref("HTTPRoute", "checkout")
				want = []rollout.Problem{c.want}
			}
			if diff := cmp.Diff(start.Problems, want); diff != "" {
				t.Errorf("problems, got before want:\n%s", diff)
			}
		})
	}
}

// Where the route names the canary before its Service exists, that is what does not resolve: the rollout makes it.
func TestAMissingCanaryIsNoReasonNotToStart(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		manifest := strings.Replace(routeWith("[{backendRefs: [{name: checkout, port: 80}, {name: checkout-canary, port: 80, weight: 0}]}]"),
			"status:", "ignored:", 1)
		s.Apply("helm", manifest+`
status: {parents: [{parentRef: {name: public}, conditions: [{type: Accepted, status: "True"}, {type: ResolvedRefs, status: "False", reason: BackendNotFound, message: checkout-canary}]}]}
`)
		rt := connect(t, s)
		start, err := rt.Preflight(t.Context(), kubetest.Rollout())
		if err != nil || len(start.Problems) > 0 {
			t.Errorf("got %v, %v; want a start", start.Problems, err)
		}
		route, err := rt.Read(t.Context(), kubetest.Rollout())
		if err != nil || route.Unresolved.Code != rollout.ProblemGatewayRefuses {
			t.Errorf("got %+v, %v; want the canary unresolved, so that it gets no traffic yet", route, err)
		}
	})
}

// A Gateway that says no generation is told at the start: its weights count once they have stood for a while.
func TestAGatewayWithoutGenerationsIsTold(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		manifest, _, _ := strings.Cut(kubetest.HTTPRoute, "\nstatus:")
		s.Apply("helm", manifest+`
status: {parents: [{parentRef: {name: public}, conditions: [{type: Accepted, status: "True"}, {type: ResolvedRefs, status: "True"}]}]}
`)
		start, err := connect(t, s).Preflight(t.Context(), kubetest.Rollout())
		want := []rollout.Problem{{Code: rollout.ProblemSettling, Object: ref("HTTPRoute", "checkout"), Span: rollout.Settling}}
		if diff := cmp.Diff(start.Notices, want); err != nil || diff != "" {
			t.Errorf("%v; notices, got before want:\n%s", err, diff)
		}
	})
}

func TestPreflightTakesOverWhatAnEndedRolloutLeft(t *testing.T) {
	kubetest.Test(t, func(t *testing.T, s *kubetest.Server) {
		s.Apply("helm", routeWith("[{backendRefs: [{name: checkout, port: 80}, {name: checkout-canary, port: 80, weight: 0}]}]"))
		s.Edit("canarybot", "httproutes", "shop", "checkout", func(o kubetest.Object) {
			kubetest.Annotate(o, "canarybot.io/applied", `{"store":"store-1","rollout":"checkout-41","revision":3,"weight":0,"found":{"stable":{},"route":{"uid":"uid-1"}}}`)
		})
		start, err := connect(t, s).Preflight(t.Context(), kubetest.Rollout())
		if err != nil || len(start.Problems) > 0 || start.Found.HasCanary {
			t.Errorf("got %+v, %v, %v; want the canary's place as not found, to be taken out at the end", start.Found, start.Problems, err)
		}
	})
}
