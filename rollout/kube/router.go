package kube

import (
	"context"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// Router splits the traffic between stable and canary by one kind of object. Its errors are rollout.Errors. It is safe
// for concurrent use, keeps nothing of a rollout, and repeats no request by itself. rollouttest.Router checks an
// implementation.
type Router interface {
	// Read reads the route live, reduced to the pair. A route that does not exist is a fact: the zero Route and no
	// error. An error says that nothing is known about it.
	Read(ctx context.Context, r rollout.Rollout) (rollout.Route, error)
	// Do sends one guarded write; rollout.Cluster says which errors it returns. A weight is the share of the pair in
	// every place where the route names stable; other backends keep their share. A canary that is not named yet is
	// added, unless the rollout is being undone. A release gives back the weights as found, as far as they are ours.
	Do(ctx context.Context, r rollout.Rollout, w rollout.Write) error
	// Preflight returns what about the route keeps the rollout from starting, the route's original state, and whether
	// it is an inert leftover to delete first. It changes nothing. An error says that nothing is known.
	Preflight(ctx context.Context, r rollout.Rollout) (object.RouteStart, error)
	// Resource is the API group and the resource that the router reads and writes: the rights that it needs.
	Resource() (group, resource string)
}
