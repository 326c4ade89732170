package object

import "canarybot.io/rollout"

// RouteStart is what a router's preflight came to.
type RouteStart struct {
	Found rollout.OriginalRoute
	// Problems keep the rollout from starting: sentences for people, each naming the line to add or change.
	Problems []string
	// Leftover does away with an inert route that an ended rollout made; nil: there is none. It is to be sent only when
	// nothing at all stands in the way of the start.
	Leftover *rollout.Write
}
