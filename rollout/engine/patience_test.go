package engine_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

// A deploy that could not start in time is dropped, once, and says what was in its way; what is known to open later counts from
// there, and a deploy that waits for its moment from that.
func TestADeployThatWaitsTooLongIsDropped(t *testing.T) {
	freeze := func(from, span time.Duration) func(w *world) {
		return func(w *world) {
			c := rollout.Closure{Kind: rollout.FreezeClosure, Text: "sale", From: time.Now().Add(from)}
			if span > 0 {
				c.Until = c.From.Add(span)
			}
			w.must(w.close(lead, c, ""))
		}
	}
	for name, tt := range map[string]struct {
		before, after func(w *world) // it is asked for
		at            time.Duration  // its moment
		away          bool           // the process, until it is too late
		waits         time.Duration  // it is dropped after; 0: it starts
		inTheWay      rollout.ProblemCode
	}{
		"a freeze without end":              {before: freeze(0, 0), waits: 24 * time.Hour, inTheWay: rollout.ProblemFrozen},
		"a freeze that came later":          {after: freeze(0, 72*time.Hour), at: time.Minute, waits: 24*time.Hour + time.Minute, inTheWay: rollout.ProblemFrozen},
		"a long freeze that was known":      {before: freeze(0, 72*time.Hour)},
		"another freeze after the known":    {before: freeze(0, 48*time.Hour), after: freeze(47*time.Hour, 0), waits: 72 * time.Hour, inTheWay: rollout.ProblemFrozen},
		"a moment far away":                 {at: 40 * time.Hour},
		"nothing, while the bot was away":   {before: freeze(0, time.Hour), away: true, waits: 25 * time.Hour},
		"a lock that ends before the other": {after: freeze(time.Minute, 23*time.Hour), at: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			dated(t, func(w *world) { w.service.Spec.Plan = quick }, func(w *world) {
				do(w, tt.before)
				began := time.Now()
				var moment time.Time
				if tt.at > 0 {
					moment = began.Add(tt.at)
				}
				p := w.mustPend(dev, "v1.2.4", moment)
				do(w, tt.after)
				if tt.away {
					w.stop()
					time.Sleep(tt.waits)
					w.start(0, false)
				}
				if tt.waits > 0 && !tt.away {
					time.Sleep(time.Until(began.Add(tt.waits - time.Minute)))
					if s := w.settled(p.ID); s != nil {
						t.Fatalf("settled after %s: %+v", s.At.Sub(began), s)
					}
					time.Sleep(time.Minute)
				}
				if tt.waits == 0 {
					time.Sleep(80 * time.Hour)
				}
				time.Sleep(10 * time.Second)
				s := w.settled(p.ID)
				switch {
				case s == nil:
					t.Error("it is pending still")
				case tt.waits == 0 && s.Rollout == "":
					t.Errorf("it was dropped after %s: %+v", s.At.Sub(began), s)
				case tt.waits > 0 && (s.Problem.Code != rollout.ProblemWaitedTooLong || s.InTheWay.Code != tt.inTheWay || w.started() > 0):
					t.Errorf("settled as %+v, want it dropped for %q", s, tt.inTheWay)
				}
			})
		})
	}
}

func do(w *world, what func(*world)) {
	if what != nil {
		what(w)
	}
}
