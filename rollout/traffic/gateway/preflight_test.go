package gateway_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
)

// preflightCase is a route and what preflight says of it.
type preflightCase struct {
	name, rules string
	change      func(*rollout.Rollout)
	found       rollout.OriginalRoute
	problems    []string // the start of each
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	for _, c := range []preflightCase{
		{name: "a route that names stable only", rules: "[{backendRefs: [{name: checkout}]}]"},
		{name: "a canary at 0", rules: "[{backendRefs: [{name: checkout, port: 80}, {name: checkout-canary, port: 80, weight: 0}]}]", found: rollout.OriginalRoute{HasCanary: true}},
		{
			name: "a canary with traffic", rules: "[{backendRefs: [{name: checkout, weight: 90}, {name: checkout-canary, weight: 10}]}]",
			found:    rollout.OriginalRoute{HasCanary: true, Weight: 10},
			problems: []string{"Rule 0 of HTTPRoute shop/checkout: Service checkout-canary, the canary's, has 10 % of the pair's traffic already"},
		}, {
			name: "stable in no rule", rules: "[{backendRefs: [{name: cart}]}]",
			problems: []string{"services.checkout.stable_service: No rule of HTTPRoute shop/checkout names Service checkout"},
		}, {
			name: "a rule with the canary only", found: rollout.OriginalRoute{HasCanary: true, Weight: 100}, rules: "[{backendRefs: [{name: checkout}]}, {backendRefs: [{name: checkout-canary}]}]",
			problems: []string{"Rule 1 of HTTPRoute shop/checkout: Service checkout-canary, the canary's, is named without stable's"},
		}, {
			name:  "several at once",
			rules: "[{backendRefs: [{name: checkout, weight: 0}]}, {backendRefs: [{name: checkout}, {name: checkout}]}, {backendRefs: [{name: checkout, port: 80}, {name: checkout-canary, port: 81, weight: 0}]}]",
			found: rollout.OriginalRoute{HasCanary: true},
			problems: []string{
				"Rule 0 of HTTPRoute shop/checkout: it gives stable no traffic; set the weight of Service checkout above 0.",
				"Rule 1 of HTTPRoute shop/checkout: a Service of the pair is named twice",
				"Rule 2 of HTTPRoute shop/checkout: the ports of Services checkout and checkout-canary differ",
				"Some rules of HTTPRoute shop/checkout name Service checkout-canary",
			},
		}, {
			name: "weights too large for a share", rules: "[{backendRefs: [{name: checkout, weight: 900001}, {name: cart, weight: 50000}]}]",
			problems: []string{"Rule 0 of HTTPRoute shop/checkout: The weights are too large"},
		}, {
			name: "asked to make it", rules: "[{backendRefs: [{name: checkout}]}]",
			change:   func(r *rollout.Rollout) { r.Spec.Objects.Route.Create = true },
			problems: []string{"services.checkout.route.create: An HTTPRoute is never made"},
		}, {
			name: "no route of that name", rules: "[{backendRefs: [{name: checkout}]}]",
			change:   func(r *rollout.Rollout) { r.Spec.Objects.Route.Name = "other" },
			problems: []string{"services.checkout.route.name: HTTPRoute shop/other does not exist"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.check(t)
		})
	}
}

func (c preflightCase) check(t *testing.T) {
	t.Helper()
	s := kubetest.New(t)
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
	starts(t, start.Problems, c.problems)
}

func starts(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("got %d problems, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
		return
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("problem %d: got %q, want %q…", i, got[i], want[i])
		}
	}
}

func TestPreflightOfARouteThatNobodyServes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, parents, want string }{
		{"nobody took it", "", "HTTPRoute shop/checkout is not in force: no Gateway has taken the route yet."},
		{"it was refused", `{parentRef: {name: a}, conditions: [{type: Accepted, status: "False", reason: NotAllowedByListeners, message: denied}]}`,
			"HTTPRoute shop/checkout is not in force: Gateway a: Accepted is False, NotAllowedByListeners: denied."},
		{"an older generation was taken", `{parentRef: {name: a}, conditions: [{type: Accepted, status: "True", observedGeneration: 0}]}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := kubetest.New(t)
			manifest, _, _ := strings.Cut(kubetest.HTTPRoute, "\nstatus:")
			s.Apply("helm", manifest+"\nstatus: {parents: ["+c.parents+"]}\n")
			start, err := connect(t, s).Preflight(t.Context(), kubetest.Rollout())
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				starts(t, start.Problems, nil)
				return
			}
			starts(t, start.Problems, []string{c.want})
		})
	}
}

func TestPreflightTakesOverWhatAnEndedRolloutLeft(t *testing.T) {
	t.Parallel()
	s := kubetest.New(t)
	s.Apply("helm", routeWith("[{backendRefs: [{name: checkout, port: 80}, {name: checkout-canary, port: 80, weight: 0}]}]"))
	s.Edit("canarybot", "httproutes", "shop", "checkout", func(o kubetest.Object) {
		kubetest.Annotate(o, "canarybot.io/applied", `{"store":"store-1","rollout":"checkout-41","revision":3,"weight":0,"found":{"stable":{},"route":{"uid":"uid-1"}}}`)
	})
	start, err := connect(t, s).Preflight(t.Context(), kubetest.Rollout())
	if err != nil || len(start.Problems) > 0 || start.Found.HasCanary {
		t.Errorf("got %+v, %v, %v; want the canary's place as not found, to be taken out at the end", start.Found, start.Problems, err)
	}
}
