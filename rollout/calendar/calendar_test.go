package calendar_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
)

func recur(t testing.TB, in string, span time.Duration, expressions ...string) calendar.Recurrence {
	t.Helper()
	r, err := calendar.Recur(zone(t, in), span, expressions...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// closed returns what closes the service at the time, and when it opens: "window name until ..., opens ...".
func closed(c *calendar.Calendar, s rollout.Service, set rollout.Closures, at time.Time) string {
	got := c.Closed(s, set, rollout.Actor{Kind: rollout.Person, ID: "U1"}, at)
	if len(got.By) == 0 {
		return "open"
	}
	text := ""
	for _, one := range got.By {
		text += string(one.Kind) + " " + one.Name + one.Text + ", "
	}
	if got.Opens.IsZero() {
		return text + "opens never"
	}
	return text + "opens " + got.Opens.UTC().Format(time.RFC3339)
}

func TestWindows(t *testing.T) {
	t.Parallel()
	c := &calendar.Calendar{
		Holidays: []calendar.Day{{Year: 2026, Month: 12, Day: 25}, {Year: 2026, Month: 12, Day: 28}},
		Windows: map[string]calendar.Window{
			"office": {Open: recur(t, "Europe/Berlin", 8*time.Hour, "0 9 * * MON-THU", "0 9 * * FRI")},
			"daily":  {Open: recur(t, "Europe/Berlin", 8*time.Hour, "0 9 * * *"), Holidays: true},
			"night":  {Open: recur(t, "Europe/Berlin", 4*time.Hour, "0 22 * * *")},
			"gap":    {Open: recur(t, "Europe/Berlin", time.Hour, "30 2 * * *")},
			"both":   {Open: recur(t, "Europe/Berlin", 2*time.Hour, "0 9 * * *", "0 10 * * *")},
			"always": {Open: recur(t, "UTC", 24*time.Hour, "0 0 * * *")},
			"leap":   {Open: recur(t, "UTC", time.Hour, "0 0 29 2 *")},
		},
	}
	for _, tt := range []struct{ window, at, want string }{
		{"", "2026-11-28T12:00:00Z", "open"},
		{"no such window", "2026-11-28T12:00:00Z", "open"},
		{"office", "2026-11-27T08:00:00Z", "open"},
		{"office", "2026-11-27T15:59:59Z", "open"},
		{"office", "2026-11-27T16:00:00Z", "window office, opens 2026-11-30T08:00:00Z"},
		{"office", "2026-11-28T12:00:00Z", "window office, opens 2026-11-30T08:00:00Z"},
		{"office", "2026-11-30T07:59:59Z", "window office, opens 2026-11-30T08:00:00Z"},
		// Christmas is a Friday, and the Monday after it is one more holiday.
		{"office", "2026-12-24T20:00:00Z", "window office, opens 2026-12-29T08:00:00Z"},
		{"office", "2026-12-25T09:00:00Z", "holiday office, opens 2026-12-29T08:00:00Z"},
		{"daily", "2026-12-25T09:00:00Z", "open"},
		// A window that is open over midnight is shut when the holiday begins.
		{"night", "2026-12-24T22:59:00Z", "open"},
		{"night", "2026-12-24T23:00:00Z", "holiday night, opens 2026-12-25T23:00:00Z"},
		// Hours that are missing: it opens when clocks have been put forward. Hours that come twice: it opens the first time.
		{"gap", "2027-03-27T01:30:00Z", "open"},
		{"gap", "2027-03-28T00:59:00Z", "window gap, opens 2027-03-28T01:00:00Z"},
		{"gap", "2027-03-28T01:30:00Z", "open"},
		{"gap", "2027-03-28T02:00:00Z", "window gap, opens 2027-03-29T00:30:00Z"},
		{"gap", "2027-10-31T00:30:00Z", "open"},
		{"gap", "2027-10-31T01:30:00Z", "window gap, opens 2027-11-01T01:30:00Z"},
		// In summer the same hour of the clocks is another one of UTC.
		{"daily", "2027-07-01T06:59:00Z", "window daily, opens 2027-07-01T07:00:00Z"},
		{"daily", "2027-07-01T07:00:00Z", "open"},
		// Windows that overlap are one.
		{"both", "2026-11-28T08:30:00Z", "open"},
		{"both", "2026-11-28T10:30:00Z", "open"},
		{"both", "2026-11-28T11:00:00Z", "window both, opens 2026-11-29T08:00:00Z"},
		{"always", "2026-11-28T12:00:00Z", "open"},
		{"leap", "2026-11-28T12:00:00Z", "window leap, opens 2028-02-29T00:00:00Z"},
		{"leap", "2024-02-29T12:00:00Z", "window leap, opens never"}, // further away than anybody plans
	} {
		s := rollout.Service{Name: "checkout", DeployWindow: tt.window}
		if got := closed(c, s, rollout.Closures{}, moment(t, tt.at)); got != tt.want {
			t.Errorf("%s at %s: got %s, want %s", tt.window, tt.at, got, tt.want)
		}
	}
}

func TestFreezes(t *testing.T) {
	t.Parallel()
	now := moment(t, "2026-11-28T12:00:00Z")
	at := func(hours int) time.Time { return now.Add(time.Duration(hours) * time.Hour) }
	c := &calendar.Calendar{
		Windows: map[string]calendar.Window{"daily": {Open: recur(t, "UTC", 8*time.Hour, "0 8 * * *")}},
		Freezes: []calendar.Freeze{
			{Name: "sale", From: at(24), Until: at(72)},
			{Name: "audit", From: at(72), Until: at(73), Scopes: []rollout.Scope{{Team: "shop"}, {Service: "cart"}}},
			{Name: "weekend", Every: recur(t, "UTC", 24*time.Hour, "0 0 * * SAT"), Scopes: []rollout.Scope{{Service: "mail"}}},
		},
	}
	person := rollout.Actor{Kind: rollout.Person, ID: "U1"}
	other := rollout.Actor{Kind: rollout.Person, ID: "U2"}
	freeze := func(from, until time.Time, text string) rollout.Closure {
		return rollout.Closure{Kind: rollout.FreezeClosure, From: from, Until: until, Text: text, By: person}
	}
	lock := func(by rollout.Actor, until time.Time) rollout.Closure {
		return rollout.Closure{Kind: rollout.LockClosure, Scope: rollout.Scope{Service: "cart"}, From: now, Until: until, Text: by.ID, By: by}
	}
	for _, tt := range []struct {
		name    string
		service rollout.Service
		set     []rollout.Closure
		at      time.Time
		want    string
	}{
		{"nothing", rollout.Service{Name: "cart"}, nil, now, "open"},
		{"of the configuration", rollout.Service{Name: "cart"}, nil, at(24), "freeze sale, opens 2026-12-01T13:00:00Z"},
		{"a team's", rollout.Service{Name: "web", Team: "shop"}, nil, at(72), "freeze audit, opens 2026-12-01T13:00:00Z"},
		{"another team's", rollout.Service{Name: "web"}, nil, at(72), "open"},
		{"again and again", rollout.Service{Name: "mail"}, nil, now, "freeze weekend, opens 2026-11-29T00:00:00Z"},
		{"one behind the other", rollout.Service{Name: "cart"}, []rollout.Closure{freeze(now, at(24), "a")}, now, "freeze a, opens 2026-12-01T13:00:00Z"},
		{"without end", rollout.Service{Name: "cart"}, []rollout.Closure{freeze(now, at(1), "a"), freeze(now, time.Time{}, "b")}, now, "freeze b, freeze a, opens never"},
		{"not yet", rollout.Service{Name: "cart"}, []rollout.Closure{freeze(at(1), at(2), "a")}, now, "open"},
		{"no more", rollout.Service{Name: "cart"}, []rollout.Closure{freeze(at(-2), now, "a")}, now, "open"},
		{"in a window", rollout.Service{Name: "cart", DeployWindow: "daily"}, []rollout.Closure{freeze(now, at(5), "a")}, now, "freeze a, opens 2026-11-29T08:00:00Z"},
		{"outside one", rollout.Service{Name: "cart", DeployWindow: "daily"}, []rollout.Closure{freeze(at(-1), at(6), "a")}, at(5), "window daily, freeze a, opens 2026-11-29T08:00:00Z"},
		{"somebody's lock", rollout.Service{Name: "cart"}, []rollout.Closure{lock(other, at(2))}, now, "lock U2, opens 2026-11-28T14:00:00Z"},
		{"one's own lock", rollout.Service{Name: "cart"}, []rollout.Closure{lock(person, at(2))}, now, "open"},
		{"another service's lock", rollout.Service{Name: "web"}, []rollout.Closure{lock(other, at(2))}, now, "open"},
	} {
		if got := closed(c, tt.service, rollout.Closures{All: tt.set}, tt.at); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	var none *calendar.Calendar
	if got := closed(none, rollout.Service{Name: "cart", DeployWindow: "x"}, rollout.Closures{All: []rollout.Closure{freeze(now, at(1), "a")}}, now); got != "freeze a, opens 2026-11-28T13:00:00Z" {
		t.Errorf("without a calendar: got %s", got)
	}
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	for x, want := range map[string]rollout.ProblemCode{
		"0 9 * * MON-FRI": "", "*/15 9-17 * * 1,3,5": "", "0 0 29 2 *": "", "0 0 31 * *": "",
		"0 0 30 2 *": calendar.ProblemCronNeverComes, "0 0 31 4,6,9,11 *": calendar.ProblemCronNeverComes,
		"": calendar.ProblemNoCron, "0 9 * *": calendar.ProblemNoCron, "0 0 9 * * *": calendar.ProblemNoCron, "@daily": calendar.ProblemNoCron,
		"@every 1h": calendar.ProblemNoCron, "TZ=UTC 0 9 * * *": calendar.ProblemNoCron, "TZ=x": calendar.ProblemNoCron, "CRON_TZ=0": calendar.ProblemNoCron,
		"60 9 * * *": calendar.ProblemNoCron, "0 9 * * FUN": calendar.ProblemNoCron, "0 9 * * */0": calendar.ProblemNoCron, "0 25 * * *": calendar.ProblemNoCron,
	} {
		_, err := calendar.Recur(time.UTC, time.Hour, x)
		if got := rollout.ProblemOf(err).Code; got != want {
			t.Errorf("%q: got %q, want %q", x, got, want)
		}
	}
}

// A window that is asked about opens when it is said to, and never before.
func TestTheNextOpeningIsOne(t *testing.T) {
	t.Parallel()
	c := &calendar.Calendar{
		Holidays: []calendar.Day{{Year: 2027, Month: 3, Day: 28}},
		Windows:  map[string]calendar.Window{"w": {Open: recur(t, "America/Santiago", 90*time.Minute, "15 0 * * *", "30 13 * * SUN")}},
		Freezes:  []calendar.Freeze{{Name: "f", Every: recur(t, "Europe/Berlin", 5*time.Hour, "0 1 * * *")}},
	}
	s := rollout.Service{Name: "checkout", DeployWindow: "w"}
	at := moment(t, "2027-03-20T00:00:00Z")
	for range 400 {
		got := c.Closed(s, rollout.Closures{}, rollout.Actor{}, at)
		if len(got.By) > 0 {
			if got.Opens.IsZero() || !got.Opens.After(at) || len(c.Closed(s, rollout.Closures{}, rollout.Actor{}, got.Opens).By) > 0 ||
				len(c.Closed(s, rollout.Closures{}, rollout.Actor{}, got.Opens.Add(-time.Nanosecond)).By) == 0 {
				t.Fatalf("at %v: opens %v, which is none", at, got.Opens)
			}
		}
		at = at.Add(47 * time.Minute)
	}
}

func TestQuietHours(t *testing.T) {
	t.Parallel()
	c := &calendar.Calendar{QuietHours: map[rollout.ServiceName]calendar.Recurrence{
		"night":   recur(t, "Europe/Berlin", 9*time.Hour, "0 22 * * *"),
		"weekend": recur(t, "Europe/Berlin", 12*time.Hour, "0 20 * * *", "0 8 * * SAT,SUN"),
		"gap":     recur(t, "Europe/Berlin", 2*time.Hour, "30 2 * * *"),
	}}
	for _, tt := range []struct{ service, at, until string }{
		{"night", "2026-11-30T20:59:59Z", ""}, // 21:59:59 in Berlin
		{"night", "2026-11-30T21:00:00Z", "2026-12-01T06:00:00Z"},
		{"night", "2026-12-01T05:59:59Z", "2026-12-01T06:00:00Z"},
		{"night", "2026-12-01T06:00:00Z", ""},
		// Clocks are put forward on 28 March 2027 and back on 31 October: it begins by the clock, and lasts as long as ever.
		{"night", "2027-03-27T20:59:59Z", ""},
		{"night", "2027-03-27T21:00:00Z", "2027-03-28T06:00:00Z"},
		{"night", "2027-03-28T19:59:59Z", ""},
		{"night", "2027-03-28T20:00:00Z", "2027-03-29T05:00:00Z"},
		{"night", "2027-10-30T20:00:00Z", "2027-10-31T05:00:00Z"},
		{"night", "2027-10-31T20:59:59Z", ""},
		{"night", "2027-10-31T21:00:00Z", "2027-11-01T06:00:00Z"},
		{"gap", "2027-03-28T00:59:59Z", ""}, // 1:59:59, and the next second shows 3:00
		{"gap", "2027-03-28T01:00:00Z", "2027-03-28T03:00:00Z"},
		{"gap", "2027-10-31T00:30:00Z", "2027-10-31T02:30:00Z"}, // the first 2:30
		{"gap", "2027-10-31T02:30:00Z", ""},
		// One joins the next.
		{"weekend", "2026-11-27T19:00:00Z", "2026-11-28T07:00:00Z"},
		{"weekend", "2026-11-28T07:00:00Z", "2026-11-28T19:00:00Z"},
		{"weekend", "2026-11-30T07:00:00Z", ""},
		{"loud", "2026-11-30T23:00:00Z", ""},
	} {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		until, ok := c.Quiet(rollout.ServiceName(tt.service), at)
		got := ""
		if ok {
			got = until.UTC().Format(time.RFC3339)
		}
		if got != tt.until {
			t.Errorf("%s at %s: got %q, want %q", tt.service, tt.at, got, tt.until)
		}
	}
	if _, ok := (*calendar.Calendar)(nil).Quiet("night", time.Now()); ok {
		t.Error("without a calendar it is quiet")
	}
}

func TestSomeSpansLeaveNoTimeOut(t *testing.T) {
	t.Parallel()
	begin := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC) // with a month in which clocks are put forward
	for want, all := range map[bool][]calendar.Recurrence{
		true: {
			recur(t, "Europe/Berlin", 9*time.Hour, "0 22 * * *"), recur(t, "UTC", 64*time.Hour, "0 16 * * FRI"),
			recur(t, "UTC", 30*time.Minute, "0 * * * *"), recur(t, "UTC", 8*time.Hour, "0 22 * * *", "0 6 * * *"), {},
		},
		false: {
			recur(t, "UTC", 24*time.Hour, "0 22 * * *"), recur(t, "UTC", 8*time.Hour, "0 22 * * *", "0 6 * * *", "0 14 * * *"),
			recur(t, "UTC", time.Hour, "0 * * * *"), recur(t, "UTC", time.Minute, "* * * * *"), recur(t, "UTC", calendar.LongestSpan, "0 0 1 * *"),
		},
	} {
		for i, r := range all {
			if got := r.Ceases(begin); got != want {
				t.Errorf("number %d ceases: %t", i, got)
			}
		}
	}
}

// What shuts a service for ever, on days on which the clocks change too.
func TestNever(t *testing.T) {
	t.Parallel()
	every := func(in string, span time.Duration, x string) calendar.Freeze {
		return calendar.Freeze{Name: x, Every: recur(t, in, span, x)}
	}
	once := func(from, until string) calendar.Freeze {
		return calendar.Freeze{Name: from, From: moment(t, from), Until: moment(t, until)}
	}
	open := func(in string, span time.Duration, x ...string) *calendar.Recurrence {
		r := recur(t, in, span, x...)
		return &r
	}
	const berlin = "Europe/Berlin"
	for _, tt := range []struct {
		name    string
		open    *calendar.Recurrence // the window; nil: none
		freezes []calendar.Freeze
		want    string
	}{
		{"nothing", nil, nil, ""},
		{"a window", open(berlin, time.Hour, "0 9 * * *"), nil, ""},
		{"a window without hours", open(berlin, time.Hour), nil, "window w"},
		{"a window of no length", open(berlin, 0, "0 9 * * *"), nil, "window w"},
		{"a window on leap days", open(berlin, time.Hour, "0 9 29 2 *"), nil, ""},
		{"an hour that is missing once a year", open(berlin, time.Hour, "30 2 28 3 *"), nil, ""},
		{"an hour that comes twice once a year", open(berlin, time.Hour, "30 2 31 10 *"), nil, ""},
		{"frozen in that hour, where it is missing", open(berlin, time.Hour, "30 2 28 3 *"), []calendar.Freeze{every(berlin, 90*time.Minute, "0 2 * * *")}, "window w, freeze 0 2 * * *"},
		{"frozen in that hour, where it comes twice", open(berlin, time.Hour, "30 2 31 10 *"), []calendar.Freeze{every(berlin, 90*time.Minute, "0 2 * * *")}, "window w, freeze 0 2 * * *"},
		{"frozen in the same hour of UTC, which is another one in summer", open(berlin, time.Hour, "0 2 * * *"), []calendar.Freeze{every("UTC", time.Hour, "0 1 * * *")}, ""},
		{"frozen for every day's 24 hours, and one day has 25", nil, []calendar.Freeze{every(berlin, 24*time.Hour, "0 0 * * *")}, ""},
		{"frozen for 25 hours of every day", nil, []calendar.Freeze{every(berlin, 25*time.Hour, "0 0 * * *")}, "freeze 0 0 * * *"},
		{"frozen from minute to minute", nil, []calendar.Freeze{every("UTC", time.Minute, "* * * * *")}, "freeze * * * * *"},
		{"frozen for years", nil, []calendar.Freeze{once("2030-01-01T00:00:00Z", "2033-01-01T00:00:00Z")}, "freeze 2030-01-01T00:00:00Z"},
		{"frozen for years, one after the other", nil, []calendar.Freeze{
			once("2030-01-01T00:00:00Z", "2031-06-01T00:00:00Z"), once("2031-05-01T00:00:00Z", "2033-01-01T00:00:00Z"),
		}, "freeze 2030-01-01T00:00:00Z, freeze 2031-05-01T00:00:00Z"},
		{"frozen for years, with a day between", nil, []calendar.Freeze{
			once("2030-01-01T00:00:00Z", "2031-06-01T00:00:00Z"), once("2031-06-02T00:00:00Z", "2033-01-01T00:00:00Z"),
		}, ""},
	} {
		c, s := &calendar.Calendar{Freezes: tt.freezes}, rollout.Service{Name: "checkout"}
		if tt.open != nil {
			c.Windows, s.DeployWindow = map[string]calendar.Window{"w": {Open: *tt.open}}, "w"
		}
		got := ""
		for i, one := range c.Never(s) {
			if i > 0 {
				got += ", "
			}
			got += string(one.Kind) + " " + one.Name
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
