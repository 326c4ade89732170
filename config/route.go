package config

import (
	"canarybot.io/rollout"
)

// The kinds of routes.
const (
	HTTPRoute    = "HTTPRoute"
	TrafficSplit = "TrafficSplit"
)

// RouteKinds returns the kinds that a route may be of.
func RouteKinds() []string { return []string{HTTPRoute, TrafficSplit} }

// readRoute reads what splits the traffic, each key from the service's own route or else from the default one.
func readRoute(w written) rollout.RouteRef {
	keys := []string{"kind", "name", "service", "create"}
	route := written{
		name: w.name, own: w.own.at("route").fields(keys...), defaults: w.defaults.at("route").fields(keys...),
	}
	if !w.at("route").there() {
		w.at("route").bad("is missing; write what splits the traffic, for example {kind: HTTPRoute, name: %s}", w.name)
		return rollout.RouteRef{}
	}
	r := rollout.RouteRef{
		Kind:   route.at("kind").word("", RouteKinds()...),
		Name:   route.at("name").label(""),
		Create: route.at("create").yes(),
	}
	for _, key := range []string{"kind", "name"} {
		if at := route.at(key); !at.there() {
			at.bad("is missing; a route is for example {kind: HTTPRoute, name: %s}", w.name)
		}
	}
	switch r.Kind {
	case TrafficSplit:
		r.Service = route.at("service").label(w.name)
	case HTTPRoute:
		for _, key := range []string{"service", "create"} {
			if at := route.own.at(key); at.there() && at.y.Value != "false" {
				at.bad("only a TrafficSplit has this")
			}
		}
		r.Create = false
	}
	return r
}
