package view

import (
	"fmt"
	"time"
)

// at returns a moment in the reader's own zone, with its day: a card stands in the channel for days, and a plan may wait
// for longer than one. Slack says today, yesterday and tomorrow where that is shorter, and it alone knows what those are
// to the reader.
func at(t time.Time) string {
	return moment(t, "{date_short_pretty} at {time}", "2 Jan 2006 15:04 UTC")
}

// exactly is at, with seconds.
func exactly(t time.Time) string {
	return moment(t, "{date_short_pretty} at {time_secs}", "2 Jan 2006 15:04:05 UTC")
}

// moment returns Slack's date construct. Lock screens, and clients without support for it, show the fallback: it names its
// zone, its day and its year.
func moment(t time.Time, format, fallback string) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("<!date^%d^%s|%s>", t.Unix(), format, t.UTC().Format(fallback))
}

// until is " until" with the moment; empty where that is not known.
func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " until " + at(t)
}
