package store

import (
	"time"

	"canarybot.io/rollout"
)

// Outdated returns the Conflict for what was decided by, or made of, an older value than the one that is stored: of the
// freezes and locks, or of the queue.
func Outdated() error {
	return rollout.Refuse(rollout.Conflict, rollout.Problem{Code: ProblemChangedMeanwhile})
}

// SameClosures returns nil if the change was decided by the stored closures, or does not ask for any.
func SameClosures(stored rollout.Closures, c rollout.Change) error {
	if c.Closures != nil && *c.Closures != stored.Revision {
		return Outdated()
	}
	return nil
}

// CheckClosures validates the change by itself: it returns an Invalid error, or nil.
func CheckClosures(c rollout.ClosureChange) error {
	if n := len(c.Next.All); n > rollout.MostClosures {
		return invalid("there are %d closures; %d is the most", n, rollout.MostClosures)
	}
	return checkRevised("the closures", c.Next.Revision, c.Decision, c.At)
}

// CheckQueue validates the change by itself: it returns an Invalid error, or nil.
func CheckQueue(c rollout.QueueChange) error {
	if n := len(c.Next.All); n > rollout.MostPending {
		return invalid("%d deploys are pending; %d is the most", n, rollout.MostPending)
	}
	return checkRevised("the queue", c.Next.Revision, c.Decision, c.At)
}

func checkRevised(what string, revision rollout.Revision, decision rollout.DecisionID, at time.Time) error {
	switch {
	case revision < 0:
		return invalid("%s has the revision %d", what, revision)
	case len(decision) > maxDecision:
		return invalid("the id of a decision on %s is longer than %d bytes", what, maxDecision)
	case decision != "" && at.IsZero():
		return invalid("a decision on %s has no time, so it would be forgotten at once", what)
	}
	return nil
}
