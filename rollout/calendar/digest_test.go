package calendar_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"canarybot.io/rollout/calendar"
)

func digest(t testing.TB, in, expression string) calendar.Digest {
	t.Helper()
	s, err := calendar.ReadSchedule(zone(t, in), expression)
	if err != nil {
		t.Fatal(err)
	}
	return calendar.Digest{Channel: "#releases", Schedule: s}
}

func TestADigestIsDue(t *testing.T) {
	t.Parallel()
	const weekly, daily, night = "0 9 * * MON", "0 9 * * *", "30 2 * * *"
	for _, tt := range []struct{ name, cron, until, begun, now, want string }{
		{"new, and nothing is known of it", daily, "", "", "2026-11-30T08:00:00Z", "none"},
		{"new since a moment ago", daily, "2026-11-30T08:30:00Z", "", "2026-11-30T08:31:00Z", "none"},
		{"before its moment", weekly, "2026-11-24T00:00:00Z", "", "2026-11-30T07:59:59Z", "none"},
		{"at its moment", weekly, "2026-11-24T00:00:00Z", "", "2026-11-30T08:00:00Z", "2026-11-30T08:00:00Z"},
		{"posted already", weekly, "2026-11-30T08:00:00Z", "", "2026-11-30T08:00:10Z", "none"},
		{"missed by 3 hours", weekly, "2026-11-23T08:00:00Z", "", "2026-11-30T11:00:00Z", "2026-11-30T08:00:00Z"},
		{"missed by 12 hours", weekly, "2026-11-23T08:00:00Z", "", "2026-11-30T20:00:00Z", "2026-11-30T08:00:00Z"},
		{"missed by more", weekly, "2026-11-23T08:00:00Z", "", "2026-11-30T20:00:01Z", "none"},
		{"missed by 2 days", weekly, "2026-11-23T08:00:00Z", "", "2026-12-02T08:00:00Z", "none"},
		{"several missed are the newest one", daily, "2026-11-23T08:00:00Z", "", "2026-11-30T09:00:00Z", "2026-11-30T08:00:00Z"},
		{"several missed, and the newest too long ago", daily, "2026-11-23T08:00:00Z", "", "2026-11-30T07:00:00Z", "none"},
		{"begun, and refused for days", weekly, "2026-11-23T08:00:00Z", "2026-11-30T08:00:00Z", "2026-12-03T08:00:00Z", "2026-11-30T08:00:00Z"},
		{"begun, and given up when the next is due", weekly, "2026-11-23T08:00:00Z", "2026-11-30T08:00:00Z", "2026-12-07T08:00:00Z", "2026-12-07T08:00:00Z"},
		{"begun, and the next was missed too", weekly, "2026-11-23T08:00:00Z", "2026-11-30T08:00:00Z", "2026-12-09T08:00:00Z", "none"},
		{"the clock was put back", weekly, "2026-11-30T08:00:00Z", "", "2026-11-29T08:00:00Z", "none"},
		{"begun, and the clock was put back", weekly, "2026-11-23T08:00:00Z", "2026-11-30T08:00:00Z", "2026-11-29T08:00:00Z", "none"},
		// On 28 March 2027 clocks in Berlin are put forward over 2:30, and on 31 October put back behind it.
		{"a night without 2:30, before", night, "2027-03-27T01:30:00Z", "", "2027-03-28T00:59:59Z", "none"},
		{"a night without 2:30", night, "2027-03-27T01:30:00Z", "", "2027-03-28T01:00:00Z", "2027-03-28T01:00:00Z"},
		{"a night without 2:30, after", night, "2027-03-28T01:00:00Z", "", "2027-03-28T12:00:00Z", "none"},
		{"a night with 2:30 twice, the first", night, "2027-10-30T00:30:00Z", "", "2027-10-31T00:30:00Z", "2027-10-31T00:30:00Z"},
		{"a night with 2:30 twice, the second", night, "2027-10-31T00:30:00Z", "", "2027-10-31T01:30:00Z", "none"},
		{"9:00 in winter", daily, "2027-03-26T08:00:00Z", "", "2027-03-27T08:00:00Z", "2027-03-27T08:00:00Z"},
		{"9:00 in summer", daily, "2027-03-27T08:00:00Z", "", "2027-03-28T07:00:00Z", "2027-03-28T07:00:00Z"},
	} {
		h := calendar.Handled{Until: maybe(t, tt.until), Begun: maybe(t, tt.begun)}
		got := "none"
		if at, ok := digest(t, "Europe/Berlin", tt.cron).Due(h, moment(t, tt.now)); ok {
			got = at.UTC().Format(time.RFC3339)
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func maybe(t testing.TB, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	return moment(t, text)
}

func TestWhatADigestIsAbout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, cron, posted, at, want string }{
		{"the week before", "0 9 * * MON", "", "2026-11-30T08:00:00Z", "2026-11-23T08:00:00Z"},
		{"the week before, posted", "0 9 * * MON", "2026-11-23T08:00:00Z", "2026-11-30T08:00:00Z", "2026-11-23T08:00:00Z"},
		{"since the last that people have", "0 9 * * MON", "2026-11-09T08:00:00Z", "2026-11-30T08:00:00Z", "2026-11-09T08:00:00Z"},
		{"the weekend too", "0 9 * * MON-FRI", "", "2026-11-30T08:00:00Z", "2026-11-27T08:00:00Z"},
		{"an hour", "0 * * * *", "", "2026-11-30T08:00:00Z", "2026-11-30T07:00:00Z"},
		{"a month", "0 9 1 * *", "", "2026-12-01T08:00:00Z", "2026-11-01T08:00:00Z"},
		{"a leap day", "0 9 29 2 *", "", "2028-02-29T08:00:00Z", "2024-02-29T08:00:00Z"},
		{"a day with 23 hours", "0 9 * * *", "", "2027-03-28T07:00:00Z", "2027-03-27T08:00:00Z"},
		{"a day with 25 hours", "0 9 * * *", "", "2027-10-31T08:00:00Z", "2027-10-30T07:00:00Z"},
	} {
		d, h := digest(t, "Europe/Berlin", tt.cron), calendar.Handled{Posted: maybe(t, tt.posted)}
		if got := d.From(h, moment(t, tt.at)).UTC().Format(time.RFC3339); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
		d.Period = 36 * time.Hour
		if got, want := d.From(h, moment(t, tt.at)), moment(t, tt.at).Add(-36*time.Hour); !got.Equal(want) {
			t.Errorf("%s: with a period of its own it is from %s, want %s", tt.name, got, want)
		}
	}
}

// Whatever happens when, nothing is due twice that was handled, what is due has come, and what is due late was begun in time or is
// not very late.
func TestADigestIsNeverDueTwice(t *testing.T) {
	t.Parallel()
	crons := []string{"0 9 * * MON", "30 2 * * *", "0 * * * *", "0 9,17 * * *", "15 0 1 * *", "45 1-3 * * SUN"}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		d := digest(t, []string{"Europe/Berlin", "America/Santiago", "UTC"}[r.IntN(3)], crons[r.IntN(len(crons))])
		now := time.Date(2027, time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), r.IntN(60), 0, 0, time.UTC)
		h, handled := calendar.Handled{Until: now}, map[int64]bool{}
		for range 300 {
			now = now.Add(time.Duration(r.Int64N(int64([]time.Duration{time.Minute, time.Hour, 30 * time.Hour, 9 * 24 * time.Hour}[r.IntN(4)]))) - time.Duration(r.IntN(10))*time.Second)
			at, ok := d.Due(h, now)
			if !ok {
				continue
			}
			about := fmt.Sprintf("seed %d, %s: %s at %s", seed, d.Schedule, at, now)
			switch {
			case handled[at.Unix()]:
				t.Fatalf("%s is due twice", about)
			case at.After(now):
				t.Fatalf("%s has not come", about)
			case now.Sub(at) > calendar.DigestLate && !h.Begun.Equal(at):
				t.Fatalf("%s is too late", about)
			case !d.Schedule.Next(at.Add(-time.Second)).Equal(at):
				t.Fatalf("%s is no moment of the schedule", about)
			case !d.From(h, at).Before(at):
				t.Fatalf("%s is about nothing: from %s", about, d.From(h, at))
			}
			h.Begun = at
			if r.IntN(3) > 0 { // else it is refused, or the process dies
				h, handled[at.Unix()] = calendar.Handled{Until: at, Posted: at}, true
			}
		}
		if len(handled) == 0 {
			t.Errorf("seed %d, %s: nothing was ever due", seed, d.Schedule)
		}
	}
}

func TestOpenings(t *testing.T) {
	t.Parallel()
	c := &calendar.Calendar{
		Holidays: []calendar.Day{{Year: 2026, Month: 12, Day: 25}, {Year: 2026, Month: 12, Day: 28}},
		Windows: map[string]calendar.Window{
			"office": {Open: recur(t, "Europe/Berlin", 8*time.Hour, "0 9 * * MON-FRI")},
			"night":  {Open: recur(t, "Europe/Berlin", 4*time.Hour, "0 22 * * *")},
			"both":   {Open: recur(t, "UTC", 2*time.Hour, "0 9 * * *", "0 10 * * *"), Holidays: true},
			"always": {Open: recur(t, "UTC", 24*time.Hour, "0 0 * * *"), Holidays: true},
			"never":  {Open: recur(t, "UTC", time.Minute, "0 0 29 2 *")},
		},
	}
	for _, tt := range []struct{ window, at, want string }{
		{"office", "2026-11-30T07:59:59Z", "opens 2026-11-30T08:00:00Z"},
		{"office", "2026-11-30T08:00:00Z", "shuts 2026-11-30T16:00:00Z"},
		{"office", "2026-11-28T12:00:00Z", "opens 2026-11-30T08:00:00Z"},
		{"office", "2026-12-24T20:00:00Z", "opens 2026-12-29T08:00:00Z"}, // two holidays and a weekend
		{"office", "2026-12-25T09:00:00Z", "opens 2026-12-29T08:00:00Z"},
		{"night", "2026-12-23T22:00:00Z", "shuts 2026-12-24T01:00:00Z"},
		{"night", "2026-12-24T22:00:00Z", "shuts 2026-12-24T23:00:00Z"}, // the holiday begins
		{"both", "2026-11-30T09:30:00Z", "shuts 2026-11-30T12:00:00Z"},
		{"always", "2026-11-30T09:30:00Z", "shuts never"},
		{"never", "2028-03-01T00:00:00Z", "opens never"}, // in four years
		{"no such window", "2026-11-30T09:30:00Z", ""},
		{"", "2026-11-30T09:30:00Z", ""},
	} {
		got := ""
		for _, one := range c.Openings([]string{tt.window, tt.window}, moment(t, tt.at)) {
			got += map[bool]string{true: "shuts ", false: "opens "}[one.Open]
			if one.Changes.IsZero() {
				got += "never"
			} else {
				got += one.Changes.UTC().Format(time.RFC3339)
			}
		}
		if got != tt.want {
			t.Errorf("%s at %s: got %q, want %q", tt.window, tt.at, got, tt.want)
		}
	}
}
