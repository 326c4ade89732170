package view

import (
	"fmt"
	"time"
)

// at returns a time of day in the reader's own zone.
func at(t time.Time) string { return token(t, "{time}", "15:04 UTC") }

// exactly is at, with seconds.
func exactly(t time.Time) string { return token(t, "{time_secs}", "15:04:05 UTC") }

// on returns a day and a time of day.
func on(t time.Time) string { return token(t, "{date_short} {time}", "2 Jan 2006 15:04 UTC") }

// token returns Slack's date construct. A client without support for it shows the fallback.
func token(t time.Time, format, fallback string) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("<!date^%d^%s|%s>", t.Unix(), format, t.UTC().Format(fallback))
}
