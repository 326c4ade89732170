package config_test

import (
	"strings"
	"testing"
	"time"

	"canarybot.io/config"
	"canarybot.io/rollout"
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
