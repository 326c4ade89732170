package calendar

import (
	"slices"
	"time"

	"canarybot.io/rollout"
)

// Never returns what keeps every rollout of the service from starting for longer than anybody plans ahead: its window, holidays
// and freezes, each once; none: rollouts start. It knows no today: it is asked about the time from every date that the calendar
// has, so that what is accepted once is accepted at every later start.
func (c *Calendar) Never(s rollout.Service) []rollout.Closure {
	for _, from := range c.dates() {
		opens, behind := opening(from, func(t time.Time) []rollout.Closure { return c.closures(s, rollout.Closures{}, rollout.Actor{}, t) })
		if opens.IsZero() {
			return distinct(behind)
		}
	}
	return nil
}

// NeverPromotes is Never for going to the next step without being asked: the promotion window, and the freezes that do not let
// what is under way finish.
func (c *Calendar) NeverPromotes(s rollout.Service) []rollout.Closure {
	heeded := *c
	heeded.Freezes = slices.DeleteFunc(slices.Clone(c.Freezes), func(f Freeze) bool { return f.Running == rollout.Finish })
	s.DeployWindow = s.PromoteWindow
	return heeded.Never(s)
}

// dates are the moments from which a time without an opening may begin: any, for what comes again, and the dates of what does not.
func (c *Calendar) dates() []time.Time {
	all := []time.Time{epoch}
	for _, f := range c.Freezes {
		if !f.From.IsZero() {
			all = append(all, f.From)
		}
	}
	for _, d := range c.Holidays {
		all = append(all, time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, c.Location()))
	}
	return all
}

// distinct returns the closures that differ in kind or name.
func distinct(all []rollout.Closure) (kept []rollout.Closure) {
	for _, one := range all {
		if !slices.ContainsFunc(kept, func(k rollout.Closure) bool { return k.Kind == one.Kind && k.Name == one.Name }) {
			kept = append(kept, one)
		}
	}
	return kept
}
