package calendar

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"canarybot.io/rollout"
)

const (
	// DigestLate is how late a digest may be that was missed: what is older than that is skipped.
	DigestLate = 12 * time.Hour
	// DigestsApart is the least time between two moments of a digest: more often nobody reads it.
	DigestsApart = time.Hour
)

// ProblemDigestTooOften says that a schedule comes more often than DigestsApart. Value is the expression.
const ProblemDigestTooOften rollout.ProblemCode = "digest_too_often"

// Digest is what a channel is told again and again of how rollouts went. Make its schedule with ReadSchedule.
type Digest struct {
	Channel  string          // id or #name
	Scopes   []rollout.Scope // none: everything
	Schedule Schedule
	// Period is how far back it looks; 0: to the one before it.
	Period time.Duration
}

// Has reports whether the digest is about the service.
func (d Digest) Has(s rollout.Service) bool {
	return len(d.Scopes) == 0 || slices.ContainsFunc(d.Scopes, func(scope rollout.Scope) bool { return scope.Has(s) })
}

// Key tells digests apart, in notes and marks. It stays the same while the digest goes to the same channel at the same times, and
// is about the same services.
func (d Digest) Key() string {
	sum := sha256.Sum256(fmt.Append(nil, d.Channel, "\n", d.Schedule, "\n", d.Scopes))
	return hex.EncodeToString(sum[:8])
}

// Handled is what became of a digest so far, as it is stored. The zero value is that of one that is new.
type Handled struct {
	// Until is the moment up to which nothing is to be posted any more: that of the last that was posted or skipped, or when
	// the digest was first known.
	Until time.Time `json:"until,omitzero"`
	// Posted is the moment of the last that people have; zero: they have none.
	Posted time.Time `json:"posted,omitzero"`
	// Begun is the moment of the one that is being posted; zero: none is.
	Begun time.Time `json:"begun,omitzero"`
}

// Due returns the moment of the digest that is to be posted now: the newest, as several that were missed are one. What was
// begun in time stays due until the next is; what was not is due for DigestLate. ok is false where none is due.
func (d Digest) Due(h Handled, now time.Time) (at time.Time, ok bool) {
	if h.Until.IsZero() {
		return time.Time{}, false
	}
	oldest := now.Add(-DigestLate)
	if newest := d.Schedule.last(oldest.Add(-1), now); newest.After(h.Until) {
		return newest, true
	}
	if h.Begun.After(h.Until) && !h.Begun.After(now) && !d.Schedule.Next(h.Begun).Before(now) {
		return h.Begun, true
	}
	return time.Time{}, false
}

// From returns when the span begins that the digest of the moment is about: where the one before ended that people have, so
// that nothing is left out where some were skipped; else where the schedule has the one before.
func (d Digest) From(h Handled, at time.Time) time.Time {
	if d.Period > 0 {
		return at.Add(-d.Period)
	}
	before := d.Schedule.before(at)
	if !h.Posted.IsZero() && h.Posted.Before(before) {
		return h.Posted
	}
	return before
}

// Schedule is when something comes again. Make one with ReadSchedule.
type Schedule struct {
	comes      Recurrence
	expression string
}

// ReadSchedule returns the moments at which the clocks of the zone show what the cron expression says. A time over which the
// clocks are put forward comes when that is done; one that they show twice comes once. The error is Invalid.
func ReadSchedule(zone *time.Location, expression string) (Schedule, error) {
	comes, err := Recur(zone, 0, expression)
	if err != nil {
		return Schedule{}, err
	}
	shown := comes.rules[0].Next(epoch) // what clocks show: an hour is one, whatever becomes of it when they are changed
	for range tried {
		next := comes.rules[0].Next(shown)
		if !next.IsZero() && next.Sub(shown) < DigestsApart {
			return Schedule{}, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemDigestTooOften, Value: expression})
		}
		shown = next
	}
	return Schedule{comes, expression}, nil
}

// tried is of how many moments it is tried whether they are too close: those of a day come again on the next.
const tried = 50

// String returns the expression and the zone.
func (s Schedule) String() string { return s.expression + " " + s.Zone().String() }

// Equal reports whether two schedules come at the same times, as written.
func (s Schedule) Equal(other Schedule) bool { return s.String() == other.String() }

// Zone is where the clocks are.
func (s Schedule) Zone() *time.Location {
	if s.comes.zone == nil {
		return time.UTC
	}
	return s.comes.zone
}

// Next returns the first moment after t; zero: none comes.
func (s Schedule) Next(t time.Time) time.Time {
	at := s.comes.next(t)
	if at.IsZero() {
		return at
	}
	return at.In(s.Zone())
}

// last returns the last moment after one time, and not after the other; zero: there is none.
func (s Schedule) last(after, until time.Time) (last time.Time) {
	for _, rule := range s.comes.rules {
		for shown := rule.Next(wall(after, s.Zone()).Add(-margin)); !shown.IsZero(); shown = rule.Next(shown) {
			begin, _ := instant(shown, s.Zone())
			if begin.After(until) {
				break
			}
			if begin.After(after) {
				last = begin.In(s.Zone())
			}
		}
	}
	return last
}

// lookedBack is how far back a moment is looked for: leap days are no further apart here.
const lookedBack = 5 * 366 * 24 * time.Hour

// before returns the last moment before t, or one at which none can have come for long.
func (s Schedule) before(t time.Time) time.Time {
	for back := 36 * time.Hour; back < lookedBack; back *= 4 {
		if last := s.last(t.Add(-back), t.Add(-1)); !last.IsZero() {
			return last
		}
	}
	return t.Add(-lookedBack)
}
