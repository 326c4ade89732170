package calendar

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // an image without a system has no zones either
)

// clock is a time of day, as it was typed: perhaps there is no such.
type clock struct{ hour, minute, second int }

// parts are what the words of a time say.
type parts struct {
	taken    int // words
	span     time.Duration
	at       time.Time // the whole in one word
	day      Day       // without a year: the next such day
	weekday  *time.Weekday
	relative *int // days from today
	clock    *clock
	zone     *time.Location
	noZone   string // what was written for a zone, and is none
}

func (p parts) hasDay() bool { return p.day.Day != 0 || p.weekday != nil || p.relative != nil }

// words are what is left to be read, as far as a time may go.
type words []string

func (w words) at(i int) string {
	if i < len(w) {
		return strings.ToLower(w[i])
	}
	return ""
}

// parse reads the longest time that the words begin with.
func parse(all []string) parts {
	w := words(all)
	rest, lead := w.skip("in")
	if span, took := rest.span(); took > 0 {
		return parts{taken: lead + took, span: span}
	}
	if t, err := oneWord(w.at(0)); err == nil {
		return parts{taken: 1, at: t}
	}
	var p parts
	for {
		rest, lead := w[p.taken:], 0
		if p.taken > 0 {
			rest, lead = rest.skip("at", "on")
		}
		took := 0
		if !p.hasDay() {
			took = rest.day(&p)
		}
		if took == 0 && p.clock == nil {
			took = rest.clock(&p)
		}
		if took == 0 {
			return p
		}
		p.taken += lead + took
	}
}

// skip returns the words after one of these, and how many it was.
func (w words) skip(these ...string) (words, int) {
	if slices.Contains(these, w.at(0)) {
		return w[1:], 1
	}
	return w, 0
}

// oneWord reads date, time and zone in one word.
func oneWord(word string) (t time.Time, err error) {
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err = time.Parse(form, strings.ToUpper(word)); err == nil {
			return t, nil
		}
	}
	return t, err
}

var (
	spanForm  = regexp.MustCompile(`^([1-9]\d{0,3})(m|min|h|d|w)$`)
	countForm = regexp.MustCompile(`^[1-9]\d{0,3}$`)
	clockForm = regexp.MustCompile(`^(\d{1,2}):(\d{2})(?::(\d{2}))?(am|pm)?$`)
	halfForm  = regexp.MustCompile(`^(\d{1,2})(am|pm)$`)
	isoForm   = regexp.MustCompile(`^(\d{4})-(\d{1,2})-(\d{1,2})(?:t(\d{1,2}:\d{2}(?::\d{2})?))?$`)
	dotForm   = regexp.MustCompile(`^(\d{1,2})\.(\d{1,2})\.(\d{4})$`)
	dateForm  = regexp.MustCompile(`^(\d{1,2})(st|nd|rd|th)?$`)
	yearForm  = regexp.MustCompile(`^\d{4}$`)
)

// units are how long what people call a unit is. A day is 24 hours: they count, whatever the clocks do.
var units = map[string]time.Duration{
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hour": time.Hour, "hours": time.Hour, "d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
	"w": 7 * 24 * time.Hour, "week": 7 * 24 * time.Hour, "weeks": 7 * 24 * time.Hour,
}

// span reads how long, as 2h, 1h30m or 2 hours.
func (w words) span() (time.Duration, int) {
	if m := spanForm.FindStringSubmatch(w.at(0)); m != nil {
		return time.Duration(number(m[1])) * units[m[2]], 1
	}
	if d, err := time.ParseDuration(w.at(0)); err == nil && d > 0 && strings.HasSuffix(w.at(0), "m") {
		return d, 1
	}
	if unit, ok := units[w.at(1)]; ok && countForm.MatchString(w.at(0)) {
		return time.Duration(number(w.at(0))) * unit, 2
	}
	return 0, 0
}

// clock reads a time of day, and the zone after it.
func (w words) clock(p *parts) int {
	took := 1
	switch m := clockForm.FindStringSubmatch(w.at(0)); {
	case m != nil:
		p.clock = halved(clock{number(m[1]), number(m[2]), number(m[3])}, m[4])
	case w.at(0) == "noon":
		p.clock = &clock{hour: 12}
	case w.at(0) == "midnight":
		p.clock = &clock{hour: 24}
	default:
		m := halfForm.FindStringSubmatch(w.at(0))
		if m == nil && countForm.MatchString(w.at(0)) && (w.at(1) == "am" || w.at(1) == "pm") {
			m, took = []string{"", w.at(0), w.at(1)}, 2
		}
		if m == nil {
			return 0
		}
		p.clock = halved(clock{hour: number(m[1])}, m[2])
	}
	if took == 1 && (w.at(1) == "am" || w.at(1) == "pm") {
		p.clock, took = halved(*p.clock, w.at(1)), 2
	}
	return took + w[took:].zone(p)
}

// halved is a time of a clock with twelve hours; half is am, pm or empty.
func halved(c clock, half string) *clock {
	switch {
	case half == "":
	case c.hour < 1 || c.hour > 12:
		c.hour = 99 // there is no such time
	case half == "am":
		c.hour %= 12
	default:
		c.hour = c.hour%12 + 12
	}
	return &c
}

// zone reads UTC, or the IANA name of a zone. Shorter names mean different zones to different people, as IST does in India,
// Israel and Ireland: what can only be meant for a zone is taken as one that there is not, so that nobody's 10:00 PST becomes
// their own 10:00 with a word beside it.
func (w words) zone(p *parts) int {
	if len(w) == 0 {
		return 0
	}
	switch zone, ok := Zone(w[0]); {
	case slices.Contains([]string{"utc", "gmt", "z"}, w.at(0)):
		p.zone = time.UTC
	case ok:
		p.zone = zone
	case zoneMeant.MatchString(w[0]):
		p.noZone = w[0]
	default:
		return 0
	}
	return 1
}

// zoneMeant is what can only be meant for a zone: a short name in capitals, so far from UTC, or a place of the world.
var zoneMeant = regexp.MustCompile(`^(?:CES?T|EES?T|WES?T|MES?Z|BST|IST|MSK|[ECMP][SD]?T|AK[SD]T|HST|JST|KST|SGT|HKT|A[CEW][SD]T|NZ[SD]T` +
	`|(?i:utc|gmt)?[+-]{1,2}\d{1,2}(?::?\d{2})?` +
	`|(?i:africa|america|antarctica|arctic|asia|atlantic|australia|etc|europe|indian|pacific|us)/\S+)$`)

// Zone returns the zone with the IANA name, such as Europe/Berlin, or UTC; ok is false where there is none.
func Zone(name string) (zone *time.Location, ok bool) {
	if name != "UTC" && !strings.Contains(name, "/") {
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil
}

// day reads a day.
func (w words) day(p *parts) int {
	word := w.at(0)
	if m := isoForm.FindStringSubmatch(word); m != nil {
		p.day = Day{number(m[1]), time.Month(number(m[2])), number(m[3])}
		if m[4] == "" {
			return 1
		}
		return words(append([]string{m[4]}, w[1:]...)).clock(p)
	}
	if m := dotForm.FindStringSubmatch(word); m != nil {
		p.day = Day{number(m[3]), time.Month(number(m[2])), number(m[1])}
		return 1
	}
	if days, ok := map[string]int{"yesterday": -1, "today": 0, "tomorrow": 1}[word]; ok {
		p.relative = &days
		return 1
	}
	for day := time.Sunday; day <= time.Saturday; day++ {
		if !short(word, day.String()) {
			continue
		}
		if took := w[1:].date(p); took > 0 { // Monday 30 November: the date says which
			return 1 + took
		}
		p.weekday = &day
		return 1
	}
	return w.date(p)
}

// date reads a day of a month, in either order, and perhaps the year.
func (w words) date(p *parts) int {
	day, month := w.at(0), w.at(1)
	if !dateForm.MatchString(day) {
		day, month = month, day
	}
	m := dateForm.FindStringSubmatch(day)
	if m == nil {
		return 0
	}
	for one := time.January; one <= time.December; one++ {
		if !short(month, one.String()) {
			continue
		}
		p.day = Day{Month: one, Day: number(m[1])}
		if p.day.Day == 0 {
			p.day.Day = 99 // there is no such day
		}
		if year := w.at(2); yearForm.MatchString(year) {
			p.day.Year = number(year)
			return 3
		}
		return 2
	}
	return 0
}

// short reports whether the word is the name, or its beginning: three letters or more.
func short(word, name string) bool {
	return len(word) >= 3 && strings.HasPrefix(strings.ToLower(name), word)
}

func number(digits string) int {
	n, _ := strconv.Atoi(digits) // the forms bound them
	return n
}
