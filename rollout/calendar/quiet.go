package calendar

import (
	"time"

	"canarybot.io/rollout"
)

// Quiet returns when the quiet hours of the service end that the moment is in; ok is false where it is in none. Where others
// begin at that very moment, they are found then. The end itself is not quiet any more.
func (c *Calendar) Quiet(service rollout.ServiceName, at time.Time) (until time.Time, ok bool) {
	if c == nil {
		return time.Time{}, false
	}
	return c.QuietHours[service].covers(at)
}

// chained is how many spans are followed that join each other.
const chained = 800

// Ceases reports whether there is a moment in the month after t that no span covers: else what it says holds for ever. Spans
// that join each other by the hundred count as that too.
func (r Recurrence) Ceases(t time.Time) bool {
	last := t.Add(LongestSpan)
	for at, i := t, 0; at.Before(last) && i < chained; i++ {
		until, ok := r.covers(at)
		if !ok {
			return true
		}
		at = until
	}
	return false
}
