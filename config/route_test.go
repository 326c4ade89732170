package config_test

import (
	"strings"
	"testing"

	"canarybot.io/config"
	"canarybot.io/rollout"
)

// A route that is made from another, and the ways to get that wrong.
func TestRouteFromAnother(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, route, defaults, wrong string
		want                         rollout.RouteRef
	}{
		{name: "from another", route: "{kind: HTTPRoute, name: checkout-rollout, create: true, from: checkout}", want: rollout.RouteRef{Kind: "HTTPRoute", Name: "checkout-rollout", Create: true, From: "checkout"}},
		{name: "a default for splits", route: "{kind: HTTPRoute, name: checkout}", defaults: "{create: true}", want: rollout.RouteRef{Kind: "HTTPRoute", Name: "checkout"}},
		{name: "from nothing", route: "{kind: HTTPRoute, name: checkout, create: true}", wrong: "services.checkout.route.create: an HTTPRoute is made from one"},
		{name: "not made", route: "{kind: HTTPRoute, name: checkout, from: other}", wrong: "services.checkout.route.from: this is what an HTTPRoute is made from; write create: true"},
		{name: "from itself", route: "{kind: HTTPRoute, name: checkout, create: true, from: checkout}", wrong: "services.checkout.route.from: it must not be the route that is made"},
		{name: "a split", route: "{kind: TrafficSplit, name: checkout, create: true, from: other}", wrong: "services.checkout.route.from: only an HTTPRoute has this"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := "environment: test\nslack: {channel: '#deploys'}\nprometheus: {url: http://prometheus}\npolicy: {deployers: [U024BE7LH]}\n"
			if c.defaults != "" {
				text += "defaults: {route: " + c.defaults + "}\n"
			}
			text += "services: {checkout: {namespace: shop, image: example.com/shop/checkout, route: " + c.route + "}}\n"
			got, err := config.Parse([]byte(text))
			switch {
			case c.wrong == "" && err != nil:
				t.Fatal(err)
			case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
				t.Errorf("got %v, want %q", err, c.wrong)
			case c.wrong == "" && got.Services["checkout"].Spec.Objects.Route != c.want:
				t.Errorf("got %+v, want %+v", got.Services["checkout"].Spec.Objects.Route, c.want)
			}
		})
	}
}
