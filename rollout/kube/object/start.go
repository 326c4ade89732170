package object

import "canarybot.io/rollout"

// RouteStart is what a router's preflight came to.
type RouteStart struct {
	Found rollout.OriginalRoute
	// Problems keep the rollout from starting.
	Problems []rollout.Problem
	// Notices are what people should know about the route, and what does not keep the rollout from starting.
	Notices []rollout.Problem
	// Leftover deletes an inert route that an ended rollout made; nil: there is none. It must not be sent before every
	// problem of the start is solved.
	Leftover *rollout.Write
}
