package kube

import (
	"context"

	"canarybot.io/rollout"
)

// Preflight is written next.
func (c *Cluster) Preflight(context.Context, rollout.Rollout) rollout.Preflight {
	return rollout.Preflight{Unreadable: "not written yet"}
}
