package api

import (
	"strings"

	"canarybot.io/rollout"
)

// Ending returns how the rollout ended; empty while it has not. The wire has it as people write it.
func (r Rollout) Ending() rollout.Outcome {
	return rollout.Outcome(strings.ReplaceAll(r.Outcome, " ", "_"))
}
