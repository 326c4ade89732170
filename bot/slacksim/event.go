package slacksim

import (
	"fmt"
	"slices"
	"time"
)

// subscribed reports whether the app asked for events of this type.
func (s *Sim) subscribed(event string) bool { return slices.Contains(s.opts.Events, event) }

// tell delivers an event if the app is subscribed to it and has the scope. The caller holds the lock.
func (s *Sim) tell(scope string, event map[string]any) {
	if !s.subscribed(event["type"].(string)) || !s.granted(scope) {
		return
	}
	event["event_ts"] = eventTS(time.Now())
	s.startEvent(event)
}

// startEvent delivers an event and redelivers it until it is acknowledged; the
// envelope it returns is the first attempt. The caller holds the lock.
func (s *Sim) startEvent(event map[string]any) *envelope {
	outer := map[string]any{
		"token": "slacksim", "team_id": s.opts.Workspace.ID, "api_app_id": s.opts.Bot.AppID,
		"event": event, "type": "event_callback", "event_id": s.id("Ev"), "event_time": time.Now().Unix(),
		"authorizations": []any{map[string]any{
			"enterprise_id": s.enterprise(), "team_id": s.opts.Workspace.ID, "user_id": s.opts.Bot.UserID,
			"is_bot": true, "is_enterprise_install": false,
		}},
		"is_ext_shared_channel": false, "event_context": s.id("4-"),
	}
	if r := s.room(fmt.Sprint(event["channel"])); r != nil {
		outer["is_ext_shared_channel"] = r.ExtShared
	}
	lose := s.lose
	s.lose = 0
	return s.attemptEvent(eventAttempt{outer: outer, lose: lose})
}

// enterprise returns the organisation as payloads carry it: null for a workspace of none.
func (s *Sim) enterprise() any {
	if s.opts.Workspace.Enterprise == "" {
		return nil
	}
	return s.opts.Workspace.Enterprise
}

// enterpriseObject is the organisation as interactions carry it: null for a workspace of none.
func (s *Sim) enterpriseObject() any {
	if s.opts.Workspace.Enterprise == "" {
		return nil
	}
	return map[string]any{"id": s.opts.Workspace.Enterprise, "name": s.opts.Workspace.EnterpriseName}
}

// eventAttempt is one attempt to deliver an event.
type eventAttempt struct {
	outer   map[string]any
	attempt int
	reason  string
	lose    int // so many attempts get lost
}

// attemptEvent makes one delivery of an event: the same event_id each time, in an
// envelope of its own. The schedule is our rule: Slack documents it for HTTP only.
func (s *Sim) attemptEvent(d eventAttempt) *envelope {
	e := s.newEnvelope(eventEnvelope, func(string) map[string]any { return d.outer })
	e.attempt, e.reason, e.lost = d.attempt, d.reason, d.attempt < d.lose
	e.failed = func(result Delivery) {
		if d.attempt >= len(s.opts.Timing.Retries) {
			return
		}
		next := d
		next.attempt, next.reason = d.attempt+1, "timeout"
		if result == Undelivered {
			next.reason = "connection_failed"
		}
		time.AfterFunc(s.opts.Timing.Retries[d.attempt], func() { s.retryEvent(next) })
	}
	s.deliver(e)
	return e
}

func (s *Sim) retryEvent(d eventAttempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closed:
	default:
		s.attemptEvent(d)
	}
}
