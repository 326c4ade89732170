package webhook

import (
	"context"

	"canarybot.io/rollout"
)

// Noter leaves notes beside a rollout's objects.
type Noter interface {
	// Note leaves a note. Leaving one with the same id again changes nothing. The error is Unavailable where another try
	// may succeed.
	Note(ctx context.Context, r rollout.Rollout, n rollout.Note) error
}

// kubernetes are the events of Kubernetes.
type kubernetes struct{ notes Noter }

// NewKubernetes returns a target that leaves an event of Kubernetes on stable's Deployment for each event.
func NewKubernetes(notes Noter) Target { return kubernetes{notes} }

// Send leaves the event. Where the bot may not, the error is a refusal: the right may be left out.
func (k kubernetes) Send(ctx context.Context, e Event) error {
	reason, warning := noteReason(e)
	err := k.notes.Note(ctx, e.Rollout, rollout.Note{ID: e.ID, Reason: reason, Warning: warning, Text: e.Text, At: e.Entry.At})
	switch rollout.CodeOf(err) {
	case "":
		return nil
	case rollout.Unavailable, rollout.Internal:
		return &Error{Outcome: Later, Cause: err}
	case rollout.Invalid, rollout.NotFound, rollout.Conflict, rollout.Forbidden:
	}
	return &Error{Outcome: Refused, Cause: err}
}

// noteReason returns the reason of an event, one word in CamelCase, and whether it is a warning.
func noteReason(e Event) (reason string, warning bool) {
	switch e.Kind {
	case Requested:
		return "RolloutRequested", false
	case Started:
		return "RolloutStarted", false
	case Step:
		return "RolloutStep", false
	case Passed:
		return "RolloutPassed", false
	case Asked:
		return "RolloutAsks", false
	case Settled:
		return "RolloutSettled", false
	case Decided:
		return "RolloutDecided", false
	case Promoting:
		return "RolloutPromoting", false
	case Committed:
		return "RolloutCommitted", false
	case Promoted:
		return "RolloutPromoted", false
	case RollingBack:
		return "RolloutRollingBack", true
	case Stuck:
		return "RolloutStuck", true
	case Ended:
	}
	switch e.Outcome() {
	case rollout.Succeeded:
		return "RolloutSucceeded", false
	case rollout.RolledBack:
		return "RolloutRolledBack", true
	case rollout.Cancelled:
		return "RolloutCancelled", true
	case rollout.Abandoned:
		return "RolloutAbandoned", true
	}
	return "RolloutEnded", false
}
