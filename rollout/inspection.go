package rollout

import (
	"context"
	"slices"
)

// Inspection is what a store of metrics was found to be like, before a rollout begins.
type Inspection struct {
	// Limits says why the store's raw samples cannot be compared; zero: they can. Checks are judged by their limits then.
	Limits  Problem
	Raw     bool      // they were compared with what the store says of them otherwise, and are what was stored
	Notices []Problem // what people should know beside
}

// All returns everything that people should know.
func (i Inspection) All() []Problem {
	if i.Limits.IsZero() {
		return i.Notices
	}
	return append([]Problem{i.Limits}, i.Notices...)
}

// Inspector is a Metrics that says what its answers are like.
type Inspector interface {
	// Inspect looks at the signals of stable. It blocks as long as Metrics does, a few times.
	Inspect(ctx context.Context, q Question) Inspection
}

// ByLimits returns the checks, each judged by its query and limits instead of the service's signals.
func ByLimits(checks []Check) []Check {
	checks = slices.Clone(checks)
	for i := range checks {
		checks[i].Signal, checks[i].Bound, checks[i].Share = NoSignal, 0, 0
	}
	return checks
}
