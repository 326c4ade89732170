package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
)

// What a calendar says is asked of it: moments, and what holds then.
func TestTheCalendarIsRead(t *testing.T) {
	t.Parallel()
	c := load(t, "full")
	for _, tt := range []struct{ service, at, want string }{
		{"checkout", "2026-11-30T07:59:00Z", "office until 2026-11-30T08:00:00Z"}, // 8:59 in Berlin
		{"checkout", "2026-11-30T08:00:00Z", ""},
		{"checkout", "2026-12-25T09:00:00Z", "christmas until 2027-01-04T08:00:00Z"}, // a Friday, when the window is shut too
		{"checkout", "2026-12-04T15:00:00Z", "office until 2026-12-07T08:00:00Z"},
		{"cart", "2026-12-04T14:59:00Z", ""},
		{"cart", "2026-12-04T15:00:00Z", "weekend until 2026-12-07T07:00:00Z"},
		{"cart", "2027-02-01T06:59:59Z", "weekend until 2027-02-01T07:00:00Z"},
		{"cart", "2027-02-01T08:59:59Z", ""},
		{"cart", "2027-02-01T09:00:00Z", "audit until 2027-02-01T16:00:00Z"},
		{"cart", "2027-02-01T15:59:59Z", "audit until 2027-02-01T16:00:00Z"},
		{"cart", "2026-12-20T17:00:00Z", "christmas until 2027-01-04T07:00:00Z"},
	} {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		closed := c.Calendar.Closed(c.Services[rollout.ServiceName(tt.service)], rollout.Closures{}, rollout.Actor{}, at)
		got := ""
		if len(closed.By) > 0 {
			got = closed.By[0].Name + " until " + closed.Opens.UTC().Format(time.RFC3339)
		}
		if got != tt.want {
			t.Errorf("%s at %s: got %q, want %q", tt.service, tt.at, got, tt.want)
		}
	}
	if f := c.Calendar.Freezes; f[0].Running != rollout.PauseRunning || f[1].Running != rollout.ReturnRunning || f[2].Running != rollout.Finish {
		t.Errorf("got %+v", f)
	}
	if want := (rollout.AtOnce{All: 5, Team: 2}); c.AtOnce != want {
		t.Errorf("got %+v at once", c.AtOnce)
	}
	if got := c.Calendar.Location().String(); got != "Europe/Berlin" {
		t.Errorf("the zone is %s", got)
	}
}

// Whatever stands in a calendar is read or refused with its line.
func TestCalendarsOfAnyKind(t *testing.T) {
	t.Parallel()
	const rest = "environment: e\nprometheus: {url: http://p:9090}\nslack: {channel: '#d'}\nservices: {a: {namespace: n, image: i, route: {kind: HTTPRoute, name: r}, team: t}}\n"
	for text, want := range map[string]string{
		"{zone: UTC}":                                                 "",
		"{zone: CET}":                                                 "does not name a time zone",
		"{zone: Local}":                                               "does not name a time zone",
		"{zone: Europe/Berlni}":                                       "there is no time zone",
		"{holidays: [2026-02-30]}":                                    "no such day",
		"{holidays: [2026-12-25]}":                                    "",
		"{holidays: [25.12.2026]}":                                    "a date",
		"{windows: {w: {open: 0 9 * * *, for: 8h}}}":                  "",
		"{windows: {w: {open: 0 9 30 2 *, for: 8h}}}":                 "never comes",
		"{windows: {w: {open: '@daily', for: 8h}}}":                   "no cron expression",
		"{windows: {w: {open: 0 9 * * *}}}":                           "windows.w.for: is missing",
		"{windows: {w: {for: 8h}}}":                                   "windows.w.open: is missing",
		"{windows: {w: {open: 0 9 * * *, for: 800h}}}":                "744h is the most",
		"{windows: {always: {open: 0 9 * * *, for: 8h}}}":             "choose another",
		"{freezes: [{name: x, from: 2026-12-20, until: 2026-12-20}]}": "end before it begins",
		"{freezes: [{name: x, from: 2026-12-20}]}":                    "until: is missing",
		"{freezes: [{from: 2026-12-20, until: 2026-12-21}]}":          "name: is missing",
		"{freezes: [{name: x, every: 0 9 * * *}]}":                    "for: is missing",
		"{freezes: [{name: x, every: 0 9 * * *, for: 1h, from: 2026-12-20, until: 2026-12-21}]}": "contradicts",
		"{freezes: [{name: x, from: 2026-02-30, until: 2026-12-21}]}":                            "no such day",
		"{freezes: [{name: x, from: 2026-12-20 25:00, until: 2026-12-21}]}":                      "no such day or time",
		"{zone: Europe/Berlin, freezes: [{name: x, from: 2027-03-28 02:30, until: 2027-03-29}]}": "write 2027-03-28 03:00",
		"{freezes: [{name: x, from: 2026-12-20, until: 2026-12-21, services: [b]}]}":             "is no service",
		"{freezes: [{name: x, from: 2026-12-20, until: 2026-12-21, teams: [u]}]}":                "no service's team, did you mean t?",
		"{freezes: [{name: x, from: 2026-12-20, until: 2026-12-21, teams: [t], services: [a]}]}": "",
	} {
		_, err := config.Parse([]byte(rest + "calendar: " + text + "\n"))
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "(line 5)")):
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// A calendar under which nothing could ever be deployed, or go on by itself, is refused, with the service and why.
func TestACalendarOpensForEachService(t *testing.T) {
	t.Parallel()
	const (
		nights = "windows: {night: {open: 0 22 * * *, for: 2h}}"
		xmas   = "windows: {xmas: {open: 0 9 25 12 *, for: 8h}}"
	)
	for _, tt := range []struct{ name, calendar, service, want string }{
		{"a window, open at times", nights, ", deploy_window: night, promote_window: night", ""},
		{"a freeze that leaves an hour", nights + ", freezes: [{name: f, every: 0 22 * * *, for: 1h}]", ", deploy_window: night", ""},
		{"a freeze that leaves nothing", nights + ", freezes: [{name: dark, every: 0 21 * * *, for: 3h}]", ", deploy_window: night",
			"services.a.deploy_window: no rollout of a could start for two years: there is no time outside the hours in which the window night is shut and the freeze dark; leave some, or name another window (line 5)"},
		{"a freeze of another team", nights + ", freezes: [{name: dark, every: 0 21 * * *, for: 3h, teams: [u]}]", ", deploy_window: night", ""},
		{"freezes that join", "freezes: [{name: am, every: 0 0 * * *, for: 12h}, {name: pm, every: 0 12 * * *, for: 12h}]", "",
			"services.a: no rollout of a could start for two years: there is no time outside the freeze am and the freeze pm; leave some (line 5)"},
		{"freezes that almost join", "freezes: [{name: am, every: 0 0 * * *, for: 12h}, {name: pm, every: 1 12 * * *, for: 12h}]", "", ""},
		{"a freeze each minute", "freezes: [{name: always, every: '* * * * *', for: 1m}]", "", "outside the freeze always; leave some (line 5)"},
		{"a freeze of three years", "freezes: [{name: old, from: 2026-12-01, until: 2029-12-01}]", "", "outside the freeze old; leave some (line 5)"},
		{"a freeze of one year", "freezes: [{name: old, from: 2026-12-01, until: 2027-12-01}]", "", ""},
		{"a freeze of long ago", "freezes: [{name: old, from: 2016-12-01, until: 2017-12-01}]", "", ""},
		{"holidays that leave an opening", xmas + ", holidays: [2026-12-25]", ", deploy_window: xmas", ""},
		{"holidays on every opening", xmas + ", holidays: [2026-12-25, 2027-12-25, 2028-12-25]", ", deploy_window: xmas",
			"there is no time outside the hours in which the window xmas is shut and the holidays of the window xmas; leave some"},
		{"holidays that are days like others", "windows: {xmas: {open: 0 9 25 12 *, for: 8h, holidays: open}}, holidays: [2026-12-25, 2027-12-25, 2028-12-25]", ", deploy_window: xmas", ""},
		{"no length", "windows: {w: {open: 0 9 * * *, for: 0s}}", ", deploy_window: w", "calendar.windows.w.for: "},
		{"less than no length", "windows: {w: {open: 0 9 * * *, for: -1h}}", ", deploy_window: w", "calendar.windows.w.for: "},
		{"no such day", "windows: {w: {open: 0 9 30 2 *, for: 1h}}", ", deploy_window: w", "calendar.windows.w.open: this cron expression never comes"},
		{"an end before its beginning", "freezes: [{name: f, from: 2026-12-20, until: 2026-12-19}]", "", "calendar.freezes[0].until: this is not more than from"},
		{"a promotion window behind a freeze that lets finish", nights + ", freezes: [{name: dark, every: 0 21 * * *, for: 3h}]", ", promote_window: night", ""},
		{"a promotion window behind one that pauses", nights + ", freezes: [{name: dark, every: 0 21 * * *, for: 3h, running: pause}]", ", promote_window: night",
			"services.a.promote_window: no rollout of a could go on by itself for two years: there is no time outside the hours in which the window night is shut and the freeze dark; leave some, or name another window (line 5)"},
	} {
		_, err := config.Parse([]byte("environment: e\nprometheus: {url: http://p:9090}\nslack: {channel: '#d'}\ncalendar: {" + tt.calendar + "}\n" +
			"services: {a: {namespace: n, image: i, route: {kind: HTTPRoute, name: r}, team: t" + tt.service + "}, b: {namespace: n, image: j, route: {kind: HTTPRoute, name: q}, team: u}}\n"))
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

// Windows that overlap are one, and so are freezes: it opens when the last of them allows it.
func TestWhatOverlapsIsOne(t *testing.T) {
	t.Parallel()
	c, err := config.Parse([]byte(`environment: e
prometheus: {url: http://p:9090}
slack: {channel: '#d'}
calendar:
  windows: {w: {open: [0 9 * * *, 0 10 * * *], for: 2h}}
  freezes:
    - {name: one, from: 2026-12-01 08:00, until: 2026-12-01 10:00}
    - {name: two, from: 2026-12-01 09:30, until: 2026-12-01 10:30, services: [a]}
    - {name: three, from: 2026-12-01 10:15, until: 2026-12-02 09:00, services: [b]}
services:
  a: {namespace: n, image: i, route: {kind: HTTPRoute, name: r}, deploy_window: w}
  b: {namespace: n, image: j, route: {kind: HTTPRoute, name: q}, deploy_window: w}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		service rollout.ServiceName
		at      time.Duration // of 1 December
		opens   time.Duration // 0: it is open
	}{
		{"a", 8 * time.Hour, 10*time.Hour + 30*time.Minute},
		{"a", 9*time.Hour + 45*time.Minute, 10*time.Hour + 30*time.Minute},
		{"a", 11*time.Hour + 30*time.Minute, 0},
		{"a", 12 * time.Hour, 33 * time.Hour},
		{"b", 9*time.Hour + 45*time.Minute, 10 * time.Hour},
		{"b", 10 * time.Hour, 0},
		{"b", 10*time.Hour + 20*time.Minute, 33 * time.Hour},
	} {
		day := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
		var opens time.Duration
		if closed := c.Calendar.Closed(c.Services[tt.service], rollout.Closures{}, rollout.Actor{}, day.Add(tt.at)); len(closed.By) > 0 {
			opens = closed.Opens.Sub(day)
		}
		if opens != tt.opens {
			t.Errorf("%s at %s: opens at %s, want %s", tt.service, tt.at, opens, tt.opens)
		}
	}
}

func TestQuietHoursAreReadForEachService(t *testing.T) {
	t.Parallel()
	read := func(slack, defaults, own string) (config.Config, error) {
		return config.Parse([]byte("environment: e\nprometheus: {url: http://p:9090}\ncalendar: {zone: Europe/Berlin}\nslack: {channel: '#d'" + slack + "}\n" +
			"defaults: {namespace: n" + defaults + "}\nservices: {a: {image: i, route: {kind: HTTPRoute, name: r}" + own + "}}\n"))
	}
	const night, day, never = ", quiet: {every: 0 22 * * *, for: 9h}", ", quiet: {every: 0 10 * * *, for: 1h, zone: UTC}", ", quiet: never"
	inNight, inDay := time.Date(2026, 11, 30, 21, 0, 0, 0, time.UTC), time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		slack, defaults, own string
		night, day           bool
	}{
		"nobody says":                     {"", "", "", false, false},
		"for all":                         {night, "", "", true, false},
		"the defaults before that":        {night, day, "", false, true},
		"its own before all":              {night, never, day, false, true},
		"never before others":             {night, day, never, false, false},
		"its own where there is no other": {"", "", night, true, false},
	} {
		c, err := read(tt.slack, tt.defaults, tt.own)
		if err != nil {
			t.Fatal(name, err)
		}
		_, atNight := c.Calendar.Quiet("a", inNight)
		_, atDay := c.Calendar.Quiet("a", inDay)
		if atNight != tt.night || atDay != tt.day {
			t.Errorf("%s: at night %t, by day %t", name, atNight, atDay)
		}
	}
}

func TestDigestsAreRead(t *testing.T) {
	t.Parallel()
	c := load(t, "full")
	var got []string
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC) // a Saturday
	for _, d := range c.Digests {
		about := ""
		for _, name := range []rollout.ServiceName{"checkout", "cart", "search"} {
			if d.Has(c.Services[name]) {
				about += " " + string(name)
			}
		}
		next := d.Schedule.Next(now)
		got = append(got, d.Channel+" "+next.Format("Mon 15:04 -0700")+" from "+d.From(calendar.Handled{}, next).Format("Mon 15:04")+" about"+about)
	}
	want := []string{
		"#releases Mon 09:00 +0100 from Mon 09:00 about checkout cart search",
		"C024BE91L Mon 17:30 -0500 from Sun 17:30 about checkout cart",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever stands in the digests is read or refused with its line, in one sentence.
func TestDigestsOfAnyKind(t *testing.T) {
	t.Parallel()
	const rest = "environment: e\nprometheus: {url: http://p:9090}\nslack: {channel: '#d'}\nservices: {a: {namespace: n, image: i, route: {kind: HTTPRoute, name: r}, team: t}}\n"
	for text, want := range map[string]string{
		"[]": "",
		"[{schedule: 0 9 * * MON, channel: '#releases'}]":                                          "",
		"[{schedule: 0 9 * * MON, channel: C024BE91L, zone: Asia/Tokyo}]":                          "",
		"[{schedule: 0 9 * * MON, channel: '#r', services: [a], teams: [t], period: 168h}]":        "",
		"[{schedule: 0 * * * *, channel: '#r'}]":                                                   "",
		"[{schedule: 0 9 29 2 *, channel: '#r'}]":                                                  "",
		"[{schedule: 0 9 30 2 *, channel: '#r'}]":                                                  "digests[0].schedule: this cron expression never comes",
		"[{schedule: '* 9 * * MON', channel: '#r'}]":                                               "comes more often than once an hour",
		"[{schedule: '0,30 9 1 * *', channel: '#r'}]":                                              "comes more often than once an hour",
		"[{schedule: '@weekly', channel: '#r'}]":                                                   "this is no cron expression",
		"[{schedule: Monday 9:00, channel: '#r'}]":                                                 "this is no cron expression",
		"[{schedule: '', channel: '#r'}]":                                                          "this is no cron expression",
		"[{schedule: [0 9 * * MON], channel: '#r'}]":                                               "schedule: ",
		"[{schedule: 900, channel: '#r'}]":                                                         "write it in quotes",
		"[{channel: '#r'}]":                                                                        "digests[0].schedule: is missing",
		"[{schedule: 0 9 * * MON}]":                                                                "digests[0].channel: is missing",
		"[{schedule: 0 9 * * MON, channel: releases}]":                                             "is not a channel",
		"[{schedule: 0 9 * * MON, channel: '#r', zone: CET}]":                                      "does not name a time zone",
		"[{schedule: 0 9 * * MON, channel: '#r', zone: Europe/Berlni}]":                            "there is no time zone",
		"[{schedule: 0 9 * * MON, channel: '#r', services: [b]}]":                                  "is no service",
		"[{schedule: 0 9 * * MON, channel: '#r', teams: [u]}]":                                     "no service's team",
		"[{schedule: 0 9 * * MON, channel: '#r', services: []}]":                                   "services",
		"[{schedule: 0 9 * * MON, channel: '#r', period: 0s}]":                                     "is not a time to wait",
		"[{schedule: 0 9 * * MON, channel: '#r', period: 7d}]":                                     "for example 10m",
		"[{schedule: 0 9 * * MON, channel: '#r', period: 9000h}]":                                  "8784h, a year, is the most",
		"[{schedule: 0 9 * * MON, channel: '#r', team: t}]":                                        "did you mean teams?",
		"[{schedule: 0 9 * * MON, channel: '#r'}, {schedule: 0 9 * * MON, channel: '#r'}]":         "is written twice",
		"[{schedule: 0 9 * * MON, channel: '#r'}, {schedule: 0 9 * * MON, channel: '#s'}]":         "",
		"[{schedule: 0 9 * * 1, channel: '#r'}, {schedule: 0 9 * * 1, channel: '#r', teams: [t]}]": "",
		"{schedule: 0 9 * * MON, channel: '#r'}":                                                   "a list",
		"[0 9 * * MON]":                                                                            "a mapping of keys to values",
	} {
		_, err := config.Parse([]byte(rest + "digests: " + text + "\n"))
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "(line 5)") != 1 || strings.Contains(err.Error(), "\n")):
			t.Errorf("%s: got %v, want one sentence with %q", text, err, want)
		}
	}
}
