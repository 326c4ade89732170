package calendar

import (
	"time"

	"canarybot.io/rollout"
)

// soon is how far ahead freezes of the configuration are listed.
const soon = 14 * 24 * time.Hour

// Coming returns the freezes of the configuration that hold at the moment, or begin within two weeks, each scope by itself.
func (c *Calendar) Coming(at time.Time) []rollout.Closure {
	if c == nil {
		return nil
	}
	var all []rollout.Closure
	for _, f := range c.Freezes {
		one := rollout.Closure{Kind: rollout.FreezeClosure, Name: f.Name, From: f.From, Until: f.Until, Running: f.Running}
		if f.From.IsZero() {
			one.From, one.Until = f.Every.coming(at)
		}
		if one.From.IsZero() || one.Over(at) || one.From.Sub(at) > soon {
			continue
		}
		scopes := f.Scopes
		if len(scopes) == 0 {
			scopes = []rollout.Scope{{}}
		}
		for _, one.Scope = range scopes {
			all = append(all, one)
		}
	}
	return all
}

// coming returns the span that the moment is in, else the next one; zero: none comes.
func (r Recurrence) coming(t time.Time) (from, until time.Time) {
	if until, ok := r.covers(t); ok {
		return until.Add(-r.span), until
	}
	from = r.next(t)
	return from, from.Add(r.span)
}
