package object

import (
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
)

// RouteStart is what a router's preflight came to.
type RouteStart struct {
	Found rollout.OriginalRoute
	// Route is the route that the rollout would write; nil: there is none, or it cannot be read.
	Route meta.Object
	// Weights is where in it the weights are, as a JSON pointer.
	Weights string
	// Problems keep the rollout from starting.
	Problems []rollout.Problem
	// Notices are what people should know about the route, and what does not keep the rollout from starting.
	Notices []rollout.Problem
	// Leftover deletes an inert route that an ended rollout made; nil: there is none. It must not be sent before every
	// problem of the start is solved.
	Leftover *rollout.Write
}
