package webhook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"canarybot.io/rollout"
)

// Target is one place that is told.
type Target interface {
	// Send tells of one event. An error is an *Error, or counts as one that is worth another try. Sending the same event
	// twice is harmless, as far as the place lets it be. It blocks until the context ends at most.
	Send(ctx context.Context, e Event) error
}

// Recipient is a target, and what it is told.
type Recipient struct {
	Name   string // in metrics, in the log, and in the ids of events
	Target Target
	// Services are those that it is told of; none: all.
	Services []rollout.ServiceName
	// Events are what it is told of them; none: everything.
	Events []Kind
	// HidePeople leaves out who did something.
	HidePeople bool
	// Every is the least time between two events.
	Every time.Duration
}

// wants reports whether the target is told of the entry.
func (r Recipient) wants(e rollout.Entry) bool {
	kind, ok := KindOf(e)
	return ok && (len(r.Events) == 0 || slices.Contains(r.Events, kind))
}

// follows reports whether the target is told of the service.
func (r Recipient) follows(s rollout.ServiceName) bool {
	return len(r.Services) == 0 || slices.Contains(r.Services, s)
}

// Outcome says what to do about an event that was not taken.
type Outcome string

// The outcomes.
const (
	Later   Outcome = "later"   // try it again
	Refused Outcome = "refused" // this event will never be taken
	Gone    Outcome = "gone"    // the target wants no more events
)

// Error is why an event was not taken.
type Error struct {
	Outcome Outcome
	After   time.Duration // of Later: how long the target wants to be left alone; zero: it does not say
	Cause   error
}

// Error returns the outcome and the cause. Neither holds an address or a secret.
func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Outcome, e.Cause) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// outcomeOf returns what to do, and after how long the target wants it.
func outcomeOf(err error) (Outcome, time.Duration) {
	var told *Error
	if errors.As(err, &told) {
		return told.Outcome, told.After
	}
	return Later, 0
}
