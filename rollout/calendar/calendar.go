package calendar

import (
	"reflect"
	"slices"
	"time"

	"canarybot.io/rollout"
)

var _ rollout.Calendar = (*Calendar)(nil)

// Calendar is what the configuration says about time. The zero value knows no zone but UTC, and nothing that is closed.
type Calendar struct {
	// Zone is where times are meant that name none; nil: UTC.
	Zone     *time.Location
	Holidays []Day
	Windows  map[string]Window
	Freezes  []Freeze
	// QuietHours are those of each service that has some: when nobody is called for what can wait.
	QuietHours map[rollout.ServiceName]Recurrence
}

// Day is a date, whatever the zone: the twenty-fifth of December is that day everywhere.
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

// DayOf returns the date of a moment in its own zone.
func DayOf(t time.Time) Day {
	y, m, d := t.Date()
	return Day{y, m, d}
}

// Window is the time in which something may happen.
type Window struct {
	Open Recurrence
	// Holidays is true where the window opens on holidays too.
	Holidays bool
}

// Freeze is a freeze that the configuration knows: once, from one moment until another, or again and again.
type Freeze struct {
	Name        string
	Scopes      []rollout.Scope // none: everything
	From, Until time.Time
	Every       Recurrence // where From is zero
	Running     rollout.Running
}

// Equal reports whether two calendars say the same.
func (c *Calendar) Equal(other *Calendar) bool { return reflect.DeepEqual(c, other) }

// Location returns the zone of times that name none.
func (c *Calendar) Location() *time.Location {
	if c == nil || c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

// horizon is how far ahead the next opening is looked for, and most how many closures are looked behind: what joins by the
// thousand is for ever.
const (
	horizon = 2 * 366 * 24 * time.Hour
	most    = 2000
)

// Closed returns what keeps the actor from starting a rollout of the service at the time, and when one may start.
func (c *Calendar) Closed(s rollout.Service, set rollout.Closures, by rollout.Actor, at time.Time) rollout.Closed {
	closed := rollout.Closed{By: c.closures(s, set, by, at)}
	if len(closed.By) > 0 {
		closed.Opens, _ = opening(at, func(t time.Time) []rollout.Closure { return c.closures(s, set, by, t) })
	}
	return closed
}

// opening returns the first moment, at the time or later, that nothing shuts, and what it looked behind; zero: there is none in all
// that is looked at.
func opening(at time.Time, shut func(time.Time) []rollout.Closure) (opens time.Time, behind []rollout.Closure) {
	opens = at
	for why := shut(opens); len(why) > 0; why = shut(opens) {
		behind = append(behind, why[0])
		next := why[0].Until
		if next.IsZero() || !next.After(opens) || next.Sub(at) > horizon || len(behind) == most {
			return time.Time{}, behind
		}
		opens = next
	}
	return opens, behind
}

// Running returns the freeze that pauses the service's rollouts under way or rolls them back, the latter first and the longest
// of its kind, and its promotion window while that is shut.
func (c *Calendar) Running(s rollout.Service, set rollout.Closures, at time.Time) (frozen, shut *rollout.Closure) {
	s.DeployWindow = s.PromoteWindow
	for _, one := range c.closures(s, set, rollout.Actor{}, at) {
		one.From, one.Until, one.At = one.From.UTC(), one.Until.UTC(), one.At.UTC() // as they are read again
		switch {
		case one.Kind == rollout.WindowClosure || one.Kind == rollout.HolidayClosure:
			shut = &one
		case one.Running == rollout.Finish:
		case frozen == nil || one.Running == rollout.ReturnRunning && frozen.Running == rollout.PauseRunning:
			frozen = &one
		}
	}
	return frozen, shut
}

// closures returns what is closed at the moment, the longest first.
func (c *Calendar) closures(s rollout.Service, set rollout.Closures, by rollout.Actor, at time.Time) []rollout.Closure {
	var all []rollout.Closure
	for _, one := range set.All {
		if one.Binds(s, by) && one.Holds(at) {
			all = append(all, one)
		}
	}
	if c != nil {
		all = append(all, c.frozen(s, at)...)
		all = append(all, c.outside(s.DeployWindow, s.Name, at)...)
	}
	slices.SortStableFunc(all, func(a, b rollout.Closure) int {
		if a.Until.IsZero() || b.Until.IsZero() { // what has no end is the longest
			return a.Until.Compare(b.Until)
		}
		return b.Until.Compare(a.Until)
	})
	return all
}

// frozen returns the freezes of the configuration that hold for the service at the moment.
func (c *Calendar) frozen(s rollout.Service, at time.Time) []rollout.Closure {
	var all []rollout.Closure
	for _, f := range c.Freezes {
		i := slices.IndexFunc(f.Scopes, func(scope rollout.Scope) bool { return scope.Has(s) })
		if i < 0 && len(f.Scopes) > 0 {
			continue
		}
		one := rollout.Closure{Kind: rollout.FreezeClosure, Name: f.Name, From: f.From, Until: f.Until, Running: f.Running}
		if i >= 0 {
			one.Scope = f.Scopes[i]
		}
		holds := one.Holds(at)
		if f.From.IsZero() {
			one.Until, holds = f.Every.covers(at)
		}
		if holds {
			all = append(all, one)
		}
	}
	return all
}

// outside returns the closure of a window that is shut at the moment; none: it is open, or there is no such window.
func (c *Calendar) outside(name string, service rollout.ServiceName, at time.Time) []rollout.Closure {
	w, ok := c.Windows[name]
	if !ok {
		return nil
	}
	one := rollout.Closure{Kind: rollout.WindowClosure, Name: name, Scope: rollout.Scope{Service: service}}
	_, open := w.Open.covers(at)
	zone := w.Open.zone
	switch {
	case open && (w.Holidays || !slices.Contains(c.Holidays, DayOf(at.In(zone)))):
		return nil
	case open:
		one.Kind, one.Until = rollout.HolidayClosure, midnight(at, zone, 1)
	default:
		one.Until = w.Open.next(at)
	}
	return []rollout.Closure{one}
}

// Openings returns how the windows stand at the moment, in the order of their names. Names that are none of a window are left out.
func (c *Calendar) Openings(names []string, at time.Time) []rollout.Opening {
	var all []rollout.Opening
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		w, ok := c.Windows[name]
		if !ok {
			continue
		}
		one := rollout.Opening{Window: name, Open: len(c.outside(name, "", at)) == 0}
		if one.Open {
			one.Changes = c.shuts(w, at)
		} else {
			one.Changes, _ = opening(at, func(t time.Time) []rollout.Closure { return c.outside(name, "", t) })
		}
		all = append(all, one)
	}
	return all
}

// shuts returns when a window shuts that is open: at its end, or when a holiday begins. Zero: nobody knows.
func (c *Calendar) shuts(w Window, at time.Time) time.Time {
	holiday := func(t time.Time) bool { return !w.Holidays && slices.Contains(c.Holidays, DayOf(t.In(w.Open.zone))) }
	shuts, joined := at, 0
	for until, open := w.Open.covers(shuts); open; until, open = w.Open.covers(shuts) {
		for next := midnight(shuts, w.Open.zone, 1); next.Before(until); next = midnight(next, w.Open.zone, 1) {
			if holiday(next) {
				return next
			}
		}
		shuts, joined = until, joined+1
		if shuts.Sub(at) > horizon || joined == most {
			return time.Time{}
		}
	}
	return shuts
}
