package sim

import (
	"time"

	"canarybot.io/rollout"
)

// route is what splits the traffic of an app.
type route struct {
	object
	hasCanary bool
	weight    rollout.Weight
	weightBy  string
	accepted  bool      // the router accepted it as it is
	due       time.Time // when it will
	serving   rollout.Weight
	refused   string // the router's reason for not accepting it; for tests
}

// changeRoute records new weights: the router accepts them a little later.
func (a *App) changeRoute() {
	a.route.accepted = false
	a.route.due = a.now.Add(a.cluster.options.Accept)
	a.route.version = a.cluster.version()
}

// settleRoute lets the router accept new weights.
func (a *App) settleRoute() {
	r := a.route
	if r == nil || r.accepted || a.now.Before(r.due) || r.refused != "" {
		return
	}
	r.accepted = true
	r.serving = 0
	if r.hasCanary {
		r.serving = r.weight
	}
	r.version = a.cluster.version() // the status is part of the object
}

// share is what the canary really gets: without a route everything goes to stable, through the Service.
func (a *App) share() float64 {
	if a.route == nil {
		return 0
	}
	return float64(a.route.serving) / 100
}

// readRoute is the route as the domain sees it.
func (a *App) readRoute() rollout.Route {
	r := a.route
	if r == nil {
		return rollout.Route{}
	}
	out := rollout.Route{Meta: r.meta(), HasCanary: r.hasCanary, WeightBy: r.weightBy, Acknowledged: r.accepted}
	if r.hasCanary {
		out.Weight = r.weight
	}
	gateway := rollout.ObjectRef{Kind: "Gateway", Name: "shop"}
	switch {
	case r.refused != "":
		out.Acknowledged, out.Problem = false, rollout.Text(r.refused)
	case !r.accepted:
		out.Problem = rollout.Problem{Code: rollout.ProblemGatewayBehind, Other: gateway}
	case r.hasCanary && r.weight > 0 && a.canaryService == nil:
		out.Acknowledged = false
		out.Problem = rollout.Problem{
			Code: rollout.ProblemGatewayRefuses, Other: gateway, Key: "ResolvedRefs", Value: "False", Want: "BackendNotFound",
			Words: "Service " + a.setup.Objects.CanaryService + " not found",
		}
	}
	return out
}
