package calendar

import (
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"canarybot.io/rollout"
)

// LongestSpan is how long what comes again may last each time.
const LongestSpan = 31 * 24 * time.Hour

// Why an expression is refused. Value is the expression.
const (
	ProblemNoCron         rollout.ProblemCode = "no_cron"          // Words say what is wrong with it
	ProblemCronNeverComes rollout.ProblemCode = "cron_never_comes" // as of 30 February
)

// fields is how an expression is read: five fields, and no words such as @daily, which hide when that is.
var fields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// epoch is when it is tried whether an expression ever comes; cron looks five years ahead, and leap days are no further
// apart than that here.
var epoch = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

// Recurrence is a span of time that comes again. Make one with Recur.
type Recurrence struct {
	rules []cron.Schedule
	span  time.Duration
	zone  *time.Location
}

// Recur returns the spans that begin when the clocks of the zone show what one of the cron expressions says, and last so
// long. A time over which the clocks are put forward comes when that is done; one that they show twice comes once. The
// error is Invalid.
func Recur(zone *time.Location, span time.Duration, expressions ...string) (Recurrence, error) {
	r := Recurrence{span: span, zone: zone}
	for _, x := range expressions {
		rule, err := read(x)
		if err != nil {
			return Recurrence{}, err
		}
		r.rules = append(r.rules, rule)
	}
	return r, nil
}

func read(expression string) (cron.Schedule, error) {
	if first, _, _ := strings.Cut(expression, " "); strings.ContainsAny(first, "=@") { // TZ=... and @daily
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{
			Code: ProblemNoCron, Value: expression, Words: "five fields are wanted: minute, hour, day of the month, month, day of the week",
		})
	}
	rule, err := fields.Parse(expression)
	if err != nil {
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemNoCron, Value: expression, Words: err.Error()})
	}
	if rule.Next(epoch).IsZero() {
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemCronNeverComes, Value: expression})
	}
	return rule, nil
}

// margin is more than clocks are ever put forward or back.
const margin = 25 * time.Hour

// shifted is how much earlier than its moment what begins in the span before t, or next after it, may be shown: by nothing, where
// the clocks are not changed anywhere near. They are never changed twice within days.
func (r Recurrence) shifted(t time.Time) time.Duration {
	_, before := t.Add(-r.span - margin).In(r.zone).Zone()
	_, after := t.Add(margin).In(r.zone).Zone()
	if before == after && r.span <= margin {
		return 0
	}
	return margin
}

// covers returns the end of the last span that the moment is in; ok is false where it is in none.
func (r Recurrence) covers(t time.Time) (until time.Time, ok bool) {
	for _, rule := range r.rules {
		for shown := rule.Next(wall(t, r.zone).Add(-r.span - r.shifted(t))); !shown.IsZero(); shown = rule.Next(shown) {
			begin, _ := instant(shown, r.zone)
			if begin.After(t) {
				break
			}
			if end := begin.Add(r.span); end.After(t) && end.After(until) {
				until, ok = end, true
			}
		}
	}
	return until, ok
}

// next returns when the next span begins after the moment; zero: none does.
func (r Recurrence) next(t time.Time) time.Time {
	var first time.Time
	for _, rule := range r.rules {
		for shown := rule.Next(wall(t, r.zone).Add(-r.shifted(t))); !shown.IsZero(); shown = rule.Next(shown) {
			begin, _ := instant(shown, r.zone)
			if !begin.After(t) {
				continue
			}
			if first.IsZero() || begin.Before(first) {
				first = begin
			}
			break
		}
	}
	return first
}
