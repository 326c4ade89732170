package webhook

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"canarybot.io/rollout"
)

// Kind says what an event is about.
type Kind string

// The kinds, in the order of a life.
const (
	Requested   Kind = "requested"    // somebody asked for the rollout
	Started     Kind = "started"      // it took its service
	Step        Kind = "step"         // the canary has the step's share of the traffic
	Passed      Kind = "passed"       // the step's checks passed for as long as they had to
	Asked       Kind = "asked"        // it waits for a person
	Settled     Kind = "settled"      // what it waited for is over
	Decided     Kind = "decided"      // somebody promoted it, rolled it back, paused, resumed or answered it
	Promoting   Kind = "promoting"    // stable gets the new version
	Committed   Kind = "committed"    // the promotion, or its revert, is in Git, or a pull request asks for it
	Promoted    Kind = "promoted"     // stable runs the new version
	RollingBack Kind = "rolling_back" // everyone returns to the version before
	Stuck       Kind = "stuck"        // it does not end by itself
	Ended       Kind = "ended"        // its outcome says how
)

// Kinds returns every kind, in order.
func Kinds() []Kind {
	return []Kind{Requested, Started, Step, Passed, Asked, Settled, Decided, Promoting, Committed, Promoted, RollingBack, Stuck, Ended}
}

// KindOf returns what a timeline entry is about; ok is false for one that nobody is told of: it says more about what
// another one says.
func KindOf(e rollout.Entry) (kind Kind, ok bool) {
	switch e.Kind {
	case rollout.EntryRequested:
		return Requested, true
	case rollout.EntryStarted:
		return Started, true
	case rollout.EntryPhase:
		return phaseKind(e)
	case rollout.EntryDecided:
		return Decided, true // what comes of it has an entry of its own
	case rollout.EntryStep:
		return Passed, true
	case rollout.EntryAsked, rollout.EntryDrift:
		return Asked, true
	case rollout.EntrySettled:
		return Settled, true
	case rollout.EntryStuck:
		return Stuck, true
	case rollout.EntryGit:
		return Committed, true
	case rollout.EntryEnded:
		return Ended, e.Data.Ending != nil
	case rollout.EntryVerdict, rollout.EntryReminded, rollout.EntryOverwrote, rollout.EntryAway, rollout.EntryUnseen, rollout.EntryTagMoved,
		rollout.EntryFrozen, rollout.EntryCommits:
		return "", false
	}
	return "", false
}

// phaseKind returns what it means to enter a phase.
func phaseKind(e rollout.Entry) (Kind, bool) {
	switch e.Data.To {
	case rollout.Baking:
		return Step, true
	case rollout.Promoting:
		return Promoting, true
	case rollout.Returning:
		return Promoted, true
	case rollout.RollingBack:
		return RollingBack, true
	case rollout.Queued, rollout.Preparing, rollout.Shifting, rollout.Awaiting, rollout.Cleaning, rollout.Releasing, rollout.Ended:
	}
	return "", false
}

// Event is what one target is told of one timeline entry.
type Event struct {
	// ID is the same however often the event is told.
	ID          string
	Kind        Kind
	Environment string
	// Rollout may be newer than the entry: what has changed since is in the entry.
	Rollout rollout.Rollout
	Entry   rollout.Entry
	// Text is a sentence or two, one line of plain text.
	Text string
	// Link is where people read on: the rollout's card. Empty: there is none yet.
	Link string
	// By is who did it, where that is known, or who asked for the rollout; zero where people are hidden.
	By rollout.Actor
}

// EventID returns the id of an event: environment, store, rollout, number of the entry and target. It has no spaces
// and no full stops.
func EventID(r rollout.Rollout, seq int, target string) string {
	return plainPart(r.Spec.Environment) + "/" + plainPart(r.Store) + "/" + string(r.ID) + "/" + strconv.Itoa(seq) + "/" + target
}

// plainPart escapes what would end a part of an id, and the full stop, which ends an id where it is signed.
func plainPart(s string) string { return strings.ReplaceAll(url.PathEscape(s), ".", "%2E") }

// Outcome returns how the rollout ended; empty: not yet.
func (e Event) Outcome() rollout.Outcome {
	if e.Entry.Data.Ending == nil {
		return ""
	}
	return e.Entry.Data.Ending.Outcome
}

// Version returns the tag of the new version, or its digest where it has no tag.
func (e Event) Version() string { return rollout.ShortVersion(e.Rollout.Image) }

// Weight returns the canary's share in percent that the entry tells of; ok is false where it tells of none.
func (e Event) Weight() (weight int, ok bool) {
	switch e.Kind {
	case Step, Passed, Asked:
		if s, ok := e.step(); ok {
			return int(s.Weight), true
		}
	case Requested, Started, Settled, Decided, Promoting, Committed, Promoted, RollingBack, Stuck, Ended:
	}
	return 0, false
}

// step returns the step that the event is about.
func (e Event) step() (s rollout.Step, ok bool) {
	steps := e.Rollout.Spec.Plan.Steps
	if e.Entry.Step < 0 || e.Entry.Step >= len(steps) {
		return s, false
	}
	return steps[e.Entry.Step], true
}

// began returns when the rollout began, as far as is known.
func (e Event) began() time.Time {
	if !e.Rollout.Started.IsZero() {
		return e.Rollout.Started
	}
	return e.Rollout.Request.At
}
