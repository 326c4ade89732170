package store

import (
	"slices"

	"canarybot.io/rollout"
)

// Decisions returns the decisions that the entries name, each once.
func Decisions(entries []rollout.AuditEntry) []rollout.DecisionID {
	var all []rollout.DecisionID
	for _, e := range entries {
		if e.Decision != "" && !slices.Contains(all, e.Decision) {
			all = append(all, e.Decision)
		}
	}
	return all
}
