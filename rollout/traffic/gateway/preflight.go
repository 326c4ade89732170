package gateway

import (
	"context"

	"canarybot.io/rollout"
)

// Preflight is written next.
func (rt *Router) Preflight(context.Context, rollout.Rollout) (rollout.FoundRoute, []string, error) {
	return rollout.FoundRoute{}, nil, nil
}
