package slacksim

import (
	"fmt"
	"time"
)

// triggerLife is how long a trigger id may be used, and triggersKept how long it is known that it was one.
const (
	triggerLife  = 3 * time.Second
	triggersKept = time.Minute
)

// triggered is what a person did that lets the app show them a modal, once.
type triggered struct {
	user string
	at   time.Time
	used bool
	view string // the modal in which it was; empty: in none
}

// trigger returns a trigger id, unique for ever, for something that the person did; the caller holds the lock.
func (s *Sim) trigger(now time.Time, user, view string) string {
	s.lastTrigger = max(s.lastTrigger+1, now.UnixMicro())
	id := fmt.Sprintf("%d.%d.%032x", s.lastTrigger, 1000, s.nextNumber())
	for old, t := range s.triggers {
		if now.Sub(t.at) > triggersKept {
			delete(s.triggers, old)
		}
	}
	s.triggers[id] = &triggered{user: user, at: now, view: view}
	return id
}

// spend uses a trigger id up.
func (s *Sim) spend(c call) (*triggered, reply) {
	id := c.text("trigger_id")
	t := s.triggers[id]
	switch {
	case t == nil:
		s.recordViolation(BadTrigger, "%s: trigger id %q was never given", c.method, id)
		return nil, refuse("invalid_trigger_id")
	case t.used:
		s.recordViolation(BadTrigger, "%s: a trigger id was used twice", c.method)
		return nil, refuse("exchanged_trigger_id")
	case c.now.Sub(t.at) > triggerLife:
		return nil, refuse("expired_trigger_id") // whoever is slow is not in the wrong
	}
	t.used = true
	return t, reply{}
}
