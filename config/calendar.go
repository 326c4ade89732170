package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
)

// always is what a service writes that has no window, where the default is one.
const always = "always"

var (
	dayForm    = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	momentForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(Z|[+-]\d{2}:\d{2}))?)?$`)
	zoneForm   = regexp.MustCompile(`^(UTC|[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)+)$`)
)

// readCalendar reads when rollouts may start.
func readCalendar(n node) *calendar.Calendar {
	f := n.fields("zone", "holidays", "windows", "freezes")
	c := &calendar.Calendar{Zone: readZone(f.at("zone"), time.UTC), Windows: map[string]calendar.Window{}, QuietHours: map[rollout.ServiceName]calendar.Recurrence{}}
	for _, item := range f.at("holidays").items(`["2026-12-25"]`) {
		if day := readDay(item); day.Year != 0 {
			c.Holidays = append(c.Holidays, day)
		}
	}
	windows := f.at("windows").fields()
	for _, name := range windows.names {
		at := windows.at(name)
		switch {
		case !rollout.IsDNSLabel(name):
			at.bad("%q is not a valid name for a window: use lower-case letters, digits and dashes", short(name))
		case name == always:
			at.bad("this name means any time; choose another")
		}
		w := at.fields("open", "for", "zone", "holidays")
		c.Windows[name] = calendar.Window{
			Open:     readRecurrence(w, "open", readZone(w.at("zone"), c.Zone)),
			Holidays: w.at("holidays").word("shut", "shut", "open") == "open",
		}
	}
	return c
}

// readFreezes reads the freezes; they may name services and teams.
func readFreezes(n node, c *calendar.Calendar, services map[rollout.ServiceName]rollout.Service) {
	for _, item := range n.items("[{name: christmas, from: 2026-12-20 18:00, until: 2027-01-02 08:00}]") {
		f := item.fields("name", "from", "until", "every", "for", "services", "teams", "running")
		one := calendar.Freeze{Name: f.at("name").label("")}
		if f.there() && !f.at("name").there() {
			f.at("name").bad("is missing; people read it as the reason")
		}
		switch {
		case f.at("every").there() && (f.at("from").there() || f.at("until").there()):
			f.at("every").bad("contradicts from and until: a freeze is once or again and again")
		case f.at("every").there() || f.at("for").there():
			one.Every = readRecurrence(f, "every", c.Zone)
		default:
			one.From, one.Until = readMoment(f.at("from"), c.Zone), readMoment(f.at("until"), c.Zone)
			if !one.From.IsZero() && !one.Until.IsZero() && !one.Until.After(one.From) {
				f.at("until").bad("this is not more than from: it would end before it begins")
			}
		}
		one.Running = rollout.Running(strings.TrimPrefix(f.at("running").word("finish", "finish", "pause", "rollback"), "finish"))
		one.Scopes = readScopes(f, services)
		c.Freezes = append(c.Freezes, one)
	}
}

// readScopes reads which services and teams are meant; none: all.
func readScopes(f fields, services map[rollout.ServiceName]rollout.Service) []rollout.Scope {
	var all []rollout.Scope
	for _, item := range words(f.at("services"), "[checkout]") {
		name := item.y.Value
		if _, known := services[rollout.ServiceName(name)]; !known {
			item.bad("%q is no service of this configuration%s", short(name), meant(name, names(services)))
		}
		all = append(all, rollout.Scope{Service: rollout.ServiceName(name)})
	}
	teams := map[string]bool{}
	for _, s := range services {
		if s.Team != "" {
			teams[s.Team] = true
		}
	}
	for _, item := range words(f.at("teams"), "[payments]") {
		name := item.y.Value
		if !teams[name] {
			item.bad("%q is no service's team%s", short(name), meant(name, slices.Sorted(maps.Keys(teams))))
		}
		all = append(all, rollout.Scope{Team: name})
	}
	return all
}

// readWindow reads the name of a window; empty: at any time.
func readWindow(n node, windows map[string]calendar.Window) string {
	name := n.textOr(always)
	if name == always {
		return ""
	}
	if _, ok := windows[name]; !ok {
		n.bad("%q is not a window%s", short(name), meant(name, append(slices.Sorted(maps.Keys(windows)), always)))
	}
	return name
}

// refuseShut refuses a service that nothing could be deployed to for years, or whose rollouts would wait as long for their
// promotion window: whoever wrote that meant something else.
func refuseShut(n node, s rollout.Service, c *calendar.Calendar) {
	if n.r.under("calendar") { // what is not read shuts nothing
		return
	}
	for _, way := range []struct {
		key, window, what string
		shut              []rollout.Closure
	}{
		{"deploy_window", s.DeployWindow, "no rollout of %s could start for two years", c.Never(s)},
		{"promote_window", s.PromoteWindow, "no rollout of %s could go on by itself for two years", c.NeverPromotes(s)},
	} {
		at, remedy := n, "leave some"
		if way.window != "" {
			at, remedy = n.fields().at(way.key), "leave some, or name another window"
		}
		if len(way.shut) > 0 {
			at.bad(way.what+": there is no time outside %s; %s", s.Name, list(shutBy(way.shut)), remedy)
			return
		}
	}
}

// shutBy names closures as the configuration does.
func shutBy(all []rollout.Closure) (words []string) {
	for _, c := range all {
		switch c.Kind {
		case rollout.FreezeClosure:
			words = append(words, "the freeze "+c.Name)
		case rollout.WindowClosure:
			words = append(words, "the hours in which the window "+c.Name+" is shut")
		case rollout.HolidayClosure:
			words = append(words, "the holidays of the window "+c.Name)
		case rollout.LockClosure: // people set those
		}
	}
	return words
}

// readRecurrence reads cron expressions, one or a list, and how long it lasts each time.
func readRecurrence(f fields, key string, zone *time.Location) calendar.Recurrence {
	at := f.at(key)
	var expressions []node
	switch {
	case !f.there():
		return calendar.Recurrence{}
	case !at.there():
		at.bad(`is missing; write a cron expression, for example "0 9 * * MON-FRI"`)
	case at.y.Kind == yaml.SequenceNode:
		if expressions = at.items(`["0 9 * * MON-FRI"]`); len(expressions) == 0 && !at.wrong() {
			at.bad("this list is empty; write a cron expression")
		}
	default:
		expressions = []node{at}
	}
	span := f.at("for").positive(time.Hour)
	switch {
	case !f.at("for").there():
		f.at("for").bad("is missing; write how long it lasts each time, for example 8h")
	case span > calendar.LongestSpan:
		f.at("for").bad("%s is not a span that comes again: 744h is the most", span)
	}
	var texts []string
	for _, one := range expressions {
		text, ok := one.text()
		if _, err := calendar.Recur(zone, span, text); ok && err != nil {
			one.bad("%s", cronProblem(rollout.ProblemOf(err)))
			continue
		}
		if ok {
			texts = append(texts, text)
		}
	}
	r, _ := calendar.Recur(zone, span, texts...) // each of them was read
	return r
}

// never is what a service writes that has no quiet hours, where the default has some.
const never = "never"

// readQuiet reads when it is quiet, from the first of the layers that says so; ok is false where it never is.
func readQuiet(zone *time.Location, layers ...node) (hours calendar.Recurrence, ok bool) {
	for _, n := range layers {
		switch {
		case !n.there():
			continue
		case n.y.Kind == yaml.ScalarNode:
			n.word(never, never)
			return calendar.Recurrence{}, false
		}
		before := len(n.r.problems)
		f := n.fields("every", "for", "zone")
		hours = readRecurrence(f, "every", readZone(f.at("zone"), zone))
		if len(n.r.problems) > before {
			return calendar.Recurrence{}, false
		}
		if !hours.Ceases(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) {
			n.bad("it would be quiet for ever, and nobody be asked for an approval; leave some time out")
		}
		return hours, true
	}
	return calendar.Recurrence{}, false
}

// cronProblem says what is wrong with an expression.
func cronProblem(p rollout.Problem) string {
	if p.Code == calendar.ProblemCronNeverComes {
		return "this cron expression never comes: no month has such a day"
	}
	if p.Code == calendar.ProblemDigestTooOften {
		return "this cron expression comes more often than once an hour, and nobody reads so many digests; write for example 0 9 * * MON"
	}
	return "this is no cron expression: " + p.Words
}

func readZone(n node, fallback *time.Location) *time.Location {
	name, ok := n.text()
	if !ok {
		return fallback
	}
	if !zoneForm.MatchString(name) {
		n.bad("%q does not name a time zone; write for example Europe/Berlin or UTC", short(name))
		return fallback
	}
	zone, known := calendar.Zone(name)
	if !known {
		n.bad("there is no time zone %q; write its IANA name, for example Europe/Berlin or UTC", short(name))
		return fallback
	}
	return zone
}

// stamp reads what YAML may take for a time.
func (n node) stamp(form *regexp.Regexp, example string) (string, bool) {
	switch {
	case !n.there():
		return "", false
	case n.y.Kind != yaml.ScalarNode || n.y.Tag != "!!str" && n.y.Tag != "!!timestamp" || !form.MatchString(n.y.Value):
		n.bad("%s, for example %s", n.wanted("a date"), example)
		return "", false
	}
	return n.y.Value, true
}

// readDay reads a date.
func readDay(n node) calendar.Day {
	text, ok := n.stamp(dayForm, "2026-12-25")
	if !ok {
		return calendar.Day{}
	}
	at, err := calendar.Moment(text, time.UTC)
	if err != nil {
		n.bad("there is no such day as %s", text)
		return calendar.Day{}
	}
	return calendar.DayOf(at)
}

// readMoment reads a date, with a time of day or without.
func readMoment(n node, zone *time.Location) time.Time {
	if !n.there() {
		n.bad("is missing; write for example 2026-12-20 18:00")
		return time.Time{}
	}
	text, ok := n.stamp(momentForm, "2026-12-20 18:00")
	if !ok {
		return time.Time{}
	}
	at, err := calendar.Moment(text, zone)
	switch p := rollout.ProblemOf(err); {
	case p.Code == calendar.ProblemTimeGap:
		n.bad("there is no such time that day in %s: clocks are put forward over it; write %s", zone, p.Until.Format("2006-01-02 15:04"))
	case err != nil:
		n.bad("there is no such day or time as %s", text)
	}
	return at
}

// readAtOnce reads how many rollouts may be under way at once.
func readAtOnce(n node) rollout.AtOnce {
	f := n.fields("all", "team")
	most := func(key string) int {
		at := f.at(key)
		v := at.whole(0)
		if at.there() && v < 1 && !at.wrong() {
			at.bad("%d would let nothing start; write 1 or more, or remove the key", v)
		}
		return v
	}
	return rollout.AtOnce{All: most("all"), Team: most("team")}
}

// mostPatience is how long a deploy may be in line: one that starts a month after it was asked for surprises everybody.
const mostPatience = 31 * 24 * time.Hour

// readPatience reads how long a deploy is in line before it is dropped.
func readPatience(n node) time.Duration {
	at := n.fields("wait").at("wait")
	span := at.positive(rollout.Patience)
	if span > mostPatience {
		at.bad("%s is too long for a deploy to wait: 744h is the most", span)
	}
	return span
}
