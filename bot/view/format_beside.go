package view

import (
	"fmt"

	"canarybot.io/rollout"
)

// isBeside reports whether the evidence is of a signal that no check asks about.
func isBeside(e rollout.Evidence) bool {
	return e.Why == rollout.WhyHangs || e.Why == rollout.WhyRestarts || e.Why == rollout.WhyRefused
}

// besideName is what such a signal counts.
func besideName(e rollout.Evidence) string {
	// The other reasons are a check's.
	//exhaustive:ignore
	switch e.Why {
	case rollout.WhyHangs:
		return "requests under way"
	case rollout.WhyRestarts:
		return "container restarts"
	default:
		return "client errors"
	}
}

// whyBeside puts into words what is seen of such a signal.
func whyBeside(e rollout.Evidence) string {
	// The other reasons are a check's.
	//exhaustive:ignore
	switch e.Why {
	case rollout.WhyHangs:
		if c := e.Compared; c != nil && c.Canary.Requests > 0 {
			left := amountOf(c.Canary.Bad/c.Canary.Requests, rollout.Ratio, measured)
			return fmt.Sprintf("%s of those that begin do not end", left)
		}
		return "some begin and do not end"
	case rollout.WhyRestarts:
		return "more often than stable's"
	default:
		return "more often than by stable"
	}
}

// besideValues are the canary's value and stable's.
func besideValues(e rollout.Evidence) string {
	if e.Canary == nil || e.Stable == nil {
		return "are not known"
	}
	return fmt.Sprintf("%s, stable %s", amountOf(*e.Canary, e.Unit, measured), amountOf(*e.Stable, e.Unit, measured))
}
