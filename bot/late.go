package bot

import (
	"time"

	"canarybot.io/rollout"
)

// Slack delivers again what was not acknowledged: at once, after a minute and after five more. Until then everything may
// have changed that a person saw when they wrote it.
const (
	// readingTime is how long a question stands before anybody can have read it and answered. The clocks are compared to
	// the same two seconds.
	readingTime = 2 * time.Second
	// startsWithin is for how long a command that starts something holds.
	startsWithin = 2 * time.Minute
)

// writtenAt returns when the request was made, by our clock.
func (r request) writtenAt() time.Time {
	if r.written.IsZero() {
		return now() // what carries no time is delivered within seconds, or not at all
	}
	return r.written
}

// tooLateToStart returns for how long a request was on its way that starts something; zero: it still holds.
func (r request) tooLateToStart() time.Duration {
	if late := now().Sub(r.writtenAt()); late > startsWithin {
		return late
	}
	return 0
}

// sawQuestion reports whether the writer can have seen a question that was put then; a zero time: nobody knows when.
func (r request) sawQuestion(put time.Time) bool {
	return put.IsZero() || !r.writtenAt().Before(put.Add(readingTime))
}

// sawRollout reports whether the writer can have meant the rollout. Taking traffic off a canary, and pausing, are right
// however late they arrive, even if the question has changed meanwhile: the other way round somebody would be harmed by
// what they tried to stop. But they are about the rollout that there was, never about a later one.
func (r request) sawRollout(about rollout.Rollout) bool {
	return !r.writtenAt().Before(about.Request.At.Add(-readingTime))
}
