package calendar_test

import (
	"strings"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, ok := calendar.Zone(name)
	if !ok {
		t.Fatalf("no zone %s", name)
	}
	return z
}

func moment(t testing.TB, s string) time.Time {
	t.Helper()
	m, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// It is Saturday, 28 November 2026, 12:30 in Berlin.
func TestWhatATimeMeansThatHasBeen(t *testing.T) {
	t.Parallel()
	now, berlin := moment(t, "2026-11-28T11:30:00Z"), zone(t, "Europe/Berlin")
	for typed, want := range map[string]string{
		"9:30":                      "2026-11-28T09:30:00+01:00",
		"12:30":                     "2026-11-28T12:30:00+01:00",
		"12:31":                     "2026-11-27T12:31:00+01:00",
		"13:00":                     "2026-11-27T13:00:00+01:00",
		"midnight":                  "2026-11-28T00:00:00+01:00",
		"noon":                      "2026-11-28T12:00:00+01:00",
		"today 9am":                 "2026-11-28T09:00:00+01:00",
		"yesterday":                 "2026-11-27T00:00:00+01:00",
		"yesterday 17:00":           "2026-11-27T17:00:00+01:00",
		"saturday 9:00":             "2026-11-28T09:00:00+01:00",
		"saturday 13:00":            "2026-11-21T13:00:00+01:00",
		"Monday at 09:00":           "2026-11-23T09:00:00+01:00",
		"sunday":                    "2026-11-22T00:00:00+01:00",
		"27 nov 9:00":               "2026-11-27T09:00:00+01:00",
		"30 nov 9:00":               "2025-11-30T09:00:00+01:00",
		"2026-11-01 9:00 UTC":       "2026-11-01T09:00:00Z",
		"2026-11-28T09:00:00+01:00": "2026-11-28T09:00:00+01:00",
		"25 oct 2:30":               "2026-10-25T02:30:00+02:00", // the first of the two
		"20m":                       "2026-11-28T12:10:00+01:00",
		"in 2 hours":                "2026-11-28T10:30:00+01:00",
	} {
		when, n := calendar.ReadWhen(strings.Fields(typed))
		got, err := when.Ago(now, berlin)
		if err != nil || n != len(strings.Fields(typed)) || !got.Equal(moment(t, want)) {
			t.Errorf("%q: got %v, %v, want %s", typed, got, err, want)
		}
	}
	for typed, want := range map[string]rollout.ProblemCode{
		"tomorrow":                  calendar.ProblemTimeAhead,
		"today 13:00":               calendar.ProblemTimeAhead,
		"2026-11-28T12:30:01+01:00": calendar.ProblemTimeAhead,
		"2024-11-28":                calendar.ProblemTimeFar,
		"2y":                        calendar.ProblemNoSuchTime,
		"500d":                      calendar.ProblemTimeFar,
		"29 March 2026 2:30":        calendar.ProblemTimeGap,
		"30 February":               calendar.ProblemNoSuchDay,
		"25:00":                     calendar.ProblemNoSuchTime,
		"9:00 CET":                  calendar.ProblemNoSuchZone,
	} {
		when, _ := calendar.ReadWhen(strings.Fields(typed))
		if got, err := when.Ago(now, berlin); rollout.ProblemOf(err).Code != want {
			t.Errorf("%q: got %v, %v, want %s", typed, got, err, want)
		}
	}
}

// It is Saturday, 28 November 2026, 12:30 in Berlin.
func TestWhatATimeMeans(t *testing.T) {
	t.Parallel()
	now, berlin := moment(t, "2026-11-28T11:30:00Z"), zone(t, "Europe/Berlin")
	for typed, want := range map[string]string{
		"monday 9:00":                     "2026-11-30T09:00:00+01:00",
		"Monday at 09:00":                 "2026-11-30T09:00:00+01:00",
		"9:00 on Monday":                  "2026-11-30T09:00:00+01:00",
		"mon 9am":                         "2026-11-30T09:00:00+01:00",
		"Mon 9 am":                        "2026-11-30T09:00:00+01:00",
		"Monday":                          "2026-11-30T00:00:00+01:00",
		"Saturday 12:00":                  "2026-12-05T12:00:00+01:00",
		"Saturday 13:00":                  "2026-11-28T13:00:00+01:00",
		"saturday":                        "2026-12-05T00:00:00+01:00",
		"12:00":                           "2026-11-29T12:00:00+01:00",
		"13:00":                           "2026-11-28T13:00:00+01:00",
		"noon":                            "2026-11-29T12:00:00+01:00",
		"midnight":                        "2026-11-29T00:00:00+01:00",
		"today 17:00":                     "2026-11-28T17:00:00+01:00",
		"tomorrow":                        "2026-11-29T00:00:00+01:00",
		"tomorrow 10:00":                  "2026-11-29T10:00:00+01:00",
		"tomorrow 10:00 UTC":              "2026-11-29T10:00:00Z",
		"tomorrow 10:00 America/New_York": "2026-11-29T10:00:00-05:00",
		"12am":                            "2026-11-29T00:00:00+01:00",
		"12:15 pm":                        "2026-11-29T12:15:00+01:00",
		"11:45pm":                         "2026-11-28T23:45:00+01:00",
		"30 November 9:00":                "2026-11-30T09:00:00+01:00",
		"Nov 30th, 9:00":                  "2026-11-30T09:00:00+01:00",
		"Mon 30 Nov 2026 9:00":            "2026-11-30T09:00:00+01:00",
		"1 nov":                           "2027-11-01T00:00:00+01:00",
		"2026-11-30":                      "2026-11-30T00:00:00+01:00",
		"2026-11-30 9:00":                 "2026-11-30T09:00:00+01:00",
		"2026-11-30T09:00":                "2026-11-30T09:00:00+01:00",
		"2026-11-30T09:00 UTC":            "2026-11-30T09:00:00Z",
		"2026-11-30T09:00:00+05:30":       "2026-11-30T04:30:00+01:00",
		"2026-11-30t09:00z":               "2026-11-30T10:00:00+01:00",
		"30.11.2026 9:00":                 "2026-11-30T09:00:00+01:00",
		"2h":                              "2026-11-28T14:30:00+01:00",
		"in 2h":                           "2026-11-28T14:30:00+01:00",
		"1h30m":                           "2026-11-28T14:00:00+01:00",
		"90 minutes":                      "2026-11-28T14:00:00+01:00",
		"3 days":                          "2026-12-01T12:30:00+01:00",
		"1w":                              "2026-12-05T12:30:00+01:00",
		// What is not: the rest of a line is the reason.
		"9:00 sale":       "2026-11-29T09:00:00+01:00 then sale",
		"Monday the sale": "2026-11-30T00:00:00+01:00 then the sale",
		"Monday 9:00 on":  "2026-11-30T09:00:00+01:00 then on",
		"2h because":      "2026-11-28T14:30:00+01:00 then because",
		"9:00 feature/x":  "2026-11-29T09:00:00+01:00 then feature/x",
		"9:00 CETERA":     "2026-11-29T09:00:00+01:00 then CETERA",
		"9:00 est":        "2026-11-29T09:00:00+01:00 then est",
		"9:00 +2 pods":    "no_such_zone then pods",
		"":                "no time", "sale": "no time", "9": "no time", "in": "no time", "in sale": "no time", "11/30/2026": "no time",
		"2h30": "no time", "0h": "no time", "-2h": "no time", "mo": "no time", "next monday": "no time", "2026-11": "no time", "99999h": "no time",
		"november": "no time", "at 9:00": "no time", "Europe/Berlin": "no time",
		// What there is not.
		"30 February": "no_such_day", "31.11.2026": "no_such_day", "2026-02-29": "no_such_day", "0 Dec": "no_such_day", "2026-13-01": "no_such_day",
		"25:00": "no_such_time", "9:60": "no_such_time", "24:30": "no_such_time", "13pm": "no_such_time", "0am": "no_such_time",
		"9:00 Europe/Nowhere": "no_such_zone", "tomorrow 10:00 CET": "no_such_zone", "10:00 EST, tomorrow": "no_such_zone", "9am UTC+2": "no_such_zone",
		"2026-11-30T09:00 +0200": "no_such_zone", "9:00 pm PT": "no_such_zone", "9:00 europe/berlin": "no_such_zone", "9:00 --05:00 it": "no_such_zone then it",
		"yesterday": "time_past", "yesterday 23:59": "time_past", "today 12:00": "time_past", "2025-01-01": "time_past", "2026-11-28T11:30:00Z": "time_past", "today": "time_past",
		"2036-11-30": "time_far", "9999h": "time_far", "2028-02-29": "time_far",
	} {
		words := strings.Fields(strings.ReplaceAll(typed, ",", ""))
		w, n := calendar.ReadWhen(words)
		got := "no time"
		if n > 0 {
			at, err := w.At(now, berlin)
			got = at.Format(time.RFC3339)
			if err != nil {
				got = string(rollout.ProblemOf(err).Code)
			}
			if n < len(words) {
				got += " then " + strings.Join(words[n:], " ")
			}
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", typed, got, want)
		}
	}
}

// Clocks are put forward over 2:30 on 28 March 2027 in Berlin, and back behind it on 31 October.
func TestTimesWhenTheClocksChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ now, in, typed, want string }{
		{"2027-03-27T12:00:00Z", "Europe/Berlin", "tomorrow 1:59", "2027-03-28T01:59:00+01:00"},
		{"2027-03-27T12:00:00Z", "Europe/Berlin", "tomorrow 2:00", "time_gap until 2027-03-28T03:00:00+02:00"},
		{"2027-03-27T12:00:00Z", "Europe/Berlin", "tomorrow 2:30", "time_gap until 2027-03-28T03:00:00+02:00"},
		{"2027-03-27T12:00:00Z", "Europe/Berlin", "tomorrow 3:00", "2027-03-28T03:00:00+02:00"},
		{"2027-03-27T12:00:00Z", "Europe/Berlin", "in 24 hours", "2027-03-28T14:00:00+02:00"},
		{"2027-03-27T22:00:00Z", "Europe/Berlin", "2:30", "time_gap until 2027-03-28T03:00:00+02:00"},
		{"2027-10-30T12:00:00Z", "Europe/Berlin", "tomorrow 2:30", "2027-10-31T02:30:00+02:00"},
		{"2027-10-31T00:45:00Z", "Europe/Berlin", "3:00", "2027-10-31T03:00:00+01:00"},
		{"2027-10-30T12:00:00Z", "Europe/Berlin", "2027-10-31T02:30:00+01:00", "2027-10-31T02:30:00+01:00"},
		// Half an hour, and a zone that is put forward at midnight: its day begins at 1:00.
		{"2027-10-02T00:00:00Z", "Australia/Lord_Howe", "tomorrow 2:15", "time_gap until 2027-10-03T02:30:00+11:00"},
		{"2027-04-03T00:00:00Z", "Australia/Lord_Howe", "tomorrow 1:45", "2027-04-04T01:45:00+11:00"},
		{"2027-09-04T12:00:00Z", "America/Santiago", "tomorrow", "2027-09-05T01:00:00-03:00"},
		{"2027-09-04T12:00:00Z", "America/Santiago", "tomorrow 0:30", "time_gap until 2027-09-05T01:00:00-03:00"},
		// A day that a whole island went without.
		{"2011-12-29T12:00:00Z", "Pacific/Apia", "30 Dec 2011 12:00", "time_gap until 2011-12-31T00:00:00+14:00"},
	} {
		w, _ := calendar.ReadWhen(strings.Fields(c.typed))
		at, err := w.At(moment(t, c.now), zone(t, c.in))
		got := at.Format(time.RFC3339)
		if err != nil {
			p := rollout.ProblemOf(err)
			got = string(p.Code) + " until " + p.Until.Format(time.RFC3339)
		}
		if got != c.want {
			t.Errorf("%s in %s: got %s, want %s", c.typed, c.in, got, c.want)
		}
	}
}

func TestExactTimes(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]bool{
		"2026-11-30T09:00:00+01:00": true, "2026-11-30T09:00Z": true, "2026-11-30 9:00 UTC": true, "30 Nov 2026 9:00 Europe/Berlin": true,
		"2026-11-30 9:00": false, "30 Nov 9:00 UTC": false, "Monday 9:00 UTC": false, "2026-11-30": false, "9:00 UTC": false, "2h": false, "": false,
	} {
		if got := calendar.When(typed).Exact(); got != want {
			t.Errorf("%q: got %v, want %v", typed, got, want)
		}
	}
}

// Whatever is typed, what was understood is understood the same when it is read again, and means a moment to come or
// nothing.
func FuzzReadWhen(f *testing.F) {
	for _, s := range []string{"monday 9:00 UTC x", "2026-11-30T09:00:00+01:00", "in 3 days", "30 Feb", "12am on 1.1.2027", "at at", "9999w", "Mon 30th Nov 2026 midnight"} {
		f.Add(s)
	}
	now := time.Date(2026, 11, 28, 11, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		w, n := calendar.ReadWhen(strings.Fields(text))
		again, m := calendar.ReadWhen(strings.Fields(string(w)))
		if again != w || n != m {
			t.Fatalf("%q is %q, which is %q", text, w, again)
		}
		at, err := w.At(now, time.UTC)
		if err == nil && !at.After(now) || err != nil && rollout.CodeOf(err) != rollout.Invalid || err == nil && n == 0 {
			t.Fatalf("%q: %v, %v", text, at, err)
		}
	})
}
