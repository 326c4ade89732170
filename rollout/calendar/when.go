package calendar

import (
	"strings"
	"time"

	"canarybot.io/rollout"
)

// When is a time as somebody typed it, in words that ReadWhen understood: "monday 9:00", "2026-11-30T09:00:00+01:00",
// "2h". What moment that is depends on when and where it was typed. Empty: none.
type When string

// Why a time is none. Value is what was typed.
const (
	ProblemTimePast   rollout.ProblemCode = "time_past"    // Until is the moment that it means
	ProblemTimeAhead  rollout.ProblemCode = "time_ahead"   // Until is the moment that it means, of what has happened
	ProblemTimeFar    rollout.ProblemCode = "time_far"     // Until is the moment that it means
	ProblemTimeGap    rollout.ProblemCode = "time_gap"     // clocks are put forward over it; Until is when that is done
	ProblemNoSuchDay  rollout.ProblemCode = "no_such_day"  // as the 30th of February
	ProblemNoSuchTime rollout.ProblemCode = "no_such_time" // as 25:00
	ProblemNoSuchZone rollout.ProblemCode = "no_such_zone" // Want is what was written for one
)

// farthest is how far away a time may be that somebody types; beyond it they mistyped the year.
const farthest = 366 * 24 * time.Hour

// ReadWhen takes a time from the beginning of the words, and returns how many it took; 0: they do not begin with one. A
// day (today, tomorrow, Monday, 30 Nov, 2026-11-30, 30.11.2026), a time of day (9:00, 9am, noon), or both in either
// order, with a zone after the time (UTC, Europe/Berlin); the whole in one word (2026-11-30T09:00+01:00); or how long from
// now (2h, in 3 days). Whether there is such a time is for At to say.
func ReadWhen(words []string) (When, int) {
	p := parse(words)
	return When(strings.Join(words[:p.taken], " ")), p.taken
}

// Exact reports whether the words name one moment, whoever types them wherever and whenever: with date, year and zone.
func (w When) Exact() bool {
	p := parse(strings.Fields(string(w)))
	return !p.at.IsZero() || p.day.Year != 0 && p.clock != nil && p.zone != nil
}

// Span returns how long from now the words mean, where that is how they say it.
func (w When) Span() (time.Duration, bool) {
	p := parse(strings.Fields(string(w)))
	return p.span, p.span > 0
}

// At returns the moment that the words mean to somebody in the zone. It is after now, and at most a year away. Without a
// time of day it is the beginning of the day; without a day it is the next such time; a time that the clocks show twice
// is the first. The error is Invalid.
func (w When) At(now time.Time, zone *time.Location) (time.Time, error) {
	p := parse(strings.Fields(string(w)))
	if p.zone != nil {
		zone = p.zone
	}
	t, problem := p.ahead(now.In(zone), zone)
	switch {
	case problem.Code != rollout.NoProblem:
	case !t.After(now):
		problem = rollout.Problem{Code: ProblemTimePast, Until: t}
	case t.Sub(now) > farthest:
		problem = rollout.Problem{Code: ProblemTimeFar, Until: t}
	default:
		return t.In(zone), nil
	}
	problem.Value = string(w)
	return time.Time{}, rollout.Refuse(rollout.Invalid, problem)
}

// Ago is At for what has happened: the moment is not after now, and at most a year ago. Without a day it is the last such
// time, and a span is so long ago.
func (w When) Ago(now time.Time, zone *time.Location) (time.Time, error) {
	p := parse(strings.Fields(string(w)))
	if p.zone != nil {
		zone = p.zone
	}
	p.span = -p.span
	t, problem := p.moment(now.In(zone), zone, p.daysAgo(now.In(zone)), func(t time.Time) bool { return !t.After(now) })
	switch {
	case problem.Code != rollout.NoProblem:
	case t.After(now):
		problem = rollout.Problem{Code: ProblemTimeAhead, Until: t}
	case now.Sub(t) > farthest:
		problem = rollout.Problem{Code: ProblemTimeFar, Until: t}
	default:
		return t.In(zone), nil
	}
	problem.Value = string(w)
	return time.Time{}, rollout.Refuse(rollout.Invalid, problem)
}

// Moment returns what the clocks of the zone show as a date with its year, with a time of day or without, or what names its
// own zone. It may be past. The error is Invalid.
func Moment(text string, zone *time.Location) (time.Time, error) {
	all := strings.Fields(text)
	p := parse(all)
	if p.taken < len(all) || p.day.Year == 0 && p.at.IsZero() {
		return time.Time{}, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemNoSuchTime, Value: text})
	}
	if p.zone != nil {
		zone = p.zone
	}
	t, problem := p.ahead(time.Time{}, zone)
	if problem.Code != rollout.NoProblem {
		problem.Value = text
		return time.Time{}, rollout.Refuse(rollout.Invalid, problem)
	}
	return t, nil
}

// ahead returns the next moment that the parts mean. Where they mean one alone, it may be past.
func (p parts) ahead(now time.Time, zone *time.Location) (time.Time, rollout.Problem) {
	return p.moment(now, zone, p.days(now), func(t time.Time) bool { return t.After(now) })
}

// moment returns what the parts mean: on the first of the days that fits, else on the last.
func (p parts) moment(now time.Time, zone *time.Location, days []Day, fits func(time.Time) bool) (time.Time, rollout.Problem) {
	none := rollout.Problem{Code: ProblemNoSuchTime}
	switch {
	case p.taken == 0:
		return time.Time{}, none
	case p.noZone != "":
		return time.Time{}, rollout.Problem{Code: ProblemNoSuchZone, Want: p.noZone}
	case p.span != 0:
		return now.Add(p.span), rollout.Problem{}
	case !p.at.IsZero():
		return p.at, rollout.Problem{}
	case p.clock != nil && (p.clock.hour > 24 || p.clock.minute > 59 || p.clock.hour == 24 && p.clock.minute > 0):
		return time.Time{}, none
	}
	problem := rollout.Problem{Code: ProblemNoSuchDay}
	var last time.Time
	for _, day := range days {
		shown, ok := day.shown(p.clock)
		if !ok {
			continue
		}
		t, how := instant(shown, zone)
		problem, last = rollout.Problem{}, t
		if how == never && p.clock != nil {
			return t, rollout.Problem{Code: ProblemTimeGap, Until: t}
		}
		if fits(t) {
			break
		}
	}
	return last, problem
}

// days returns the days that may be meant, soonest first.
func (p parts) days(now time.Time) []Day {
	today := DayOf(now)
	switch {
	case p.day.Year != 0:
		return []Day{p.day}
	case p.day.Day != 0:
		return []Day{{today.Year, p.day.Month, p.day.Day}, {today.Year + 1, p.day.Month, p.day.Day}}
	case p.relative != nil:
		return []Day{today.plus(*p.relative)}
	case p.weekday != nil:
		ahead := (int(*p.weekday-now.Weekday()) + 7) % 7
		return []Day{today.plus(ahead), today.plus(ahead + 7)}
	}
	return []Day{today, today.plus(1)}
}

// daysAgo returns the days that may be meant of what has happened, latest first.
func (p parts) daysAgo(now time.Time) []Day {
	today := DayOf(now)
	switch {
	case p.day.Year != 0 || p.relative != nil:
		return p.days(now)
	case p.day.Day != 0:
		return []Day{{today.Year, p.day.Month, p.day.Day}, {today.Year - 1, p.day.Month, p.day.Day}}
	case p.weekday != nil:
		behind := (int(now.Weekday()-*p.weekday) + 7) % 7
		return []Day{today.plus(-behind), today.plus(-behind - 7)}
	}
	return []Day{today, today.plus(-1)}
}

// plus returns the day so many days later.
func (d Day) plus(days int) Day {
	return DayOf(time.Date(d.Year, d.Month, d.Day+days, 0, 0, 0, 0, time.UTC))
}

// Valid reports whether there is such a day.
func (d Day) Valid() bool {
	return d.plus(0) == d
}

// shown returns what the clocks show at the time of that day; ok is false where there is no such day.
func (d Day) shown(c *clock) (time.Time, bool) {
	if !d.Valid() {
		return time.Time{}, false
	}
	if c == nil {
		c = &clock{}
	}
	return time.Date(d.Year, d.Month, d.Day, c.hour, c.minute, c.second, 0, time.UTC), true
}
