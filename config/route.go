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
	keys := []string{"kind", "name", "service", "create", "from"}
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
		if at := route.own.at("from"); at.there() {
			at.bad("only an HTTPRoute has this")
		}
	case HTTPRoute:
		if at := route.own.at("service"); at.there() {
			at.bad("only a TrafficSplit has this")
		}
		readMade(route, &r)
	}
	return r
}

// readMade reads how an HTTPRoute is made: from another one, which has to serve stable before and after. A default that
// lets every TrafficSplit be made says nothing about HTTPRoutes.
func readMade(route written, r *rollout.RouteRef) {
	r.From = route.at("from").label("")
	create, from := route.own.at("create"), route.at("from")
	switch {
	case create.there() && r.Create && r.From == "":
		create.bad("an HTTPRoute is made from one that serves the service when no rollout does; name that: from: %s", route.name)
	case from.there() && !r.Create:
		from.bad("this is what an HTTPRoute is made from; write create: true")
	case r.From != "" && r.From == r.Name:
		from.bad("it must not be the route that is made; give that a name of its own")
	}
	r.Create = r.Create && r.From != ""
}
