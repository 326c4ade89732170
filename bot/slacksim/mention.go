package slacksim

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	"canarybot.io/bot/slacksim/blockkit"
)

// StartSay is Say without waiting.
func (p *Person) StartSay(channel, thread, text string) (*Pending, error) {
	s := p.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := p.checkAccess(channel)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(text) == "" {
		return nil, ErrEmptyMessage
	}
	if thread != "" {
		parent := at.room.message(thread)
		if parent == nil {
			return nil, fmt.Errorf("%w: %s", ErrNoMessage, thread)
		}
		thread = cmp.Or(parent.ThreadTS, thread) // people cannot reply to a reply
	}
	m := s.add(at.room, Message{User: at.user.ID, ThreadTS: thread, Text: s.typed(text), At: at.now})
	pending := &Pending{sim: s, outcome: Outcome{Delivery: Silent, TS: m.TS}}
	mention := "<@" + s.opts.Bot.UserID + ">"
	if !strings.Contains(m.Text, mention) || !s.granted("app_mentions:read") {
		return pending, nil
	}
	if at.room.BotAbsent {
		// Our rule: Slack offers to invite the bot; the bot itself gets nothing.
		s.addSystemMessage(at, thread, fmt.Sprintf("@%s is not in this channel.", s.opts.Bot.Name))
		return pending, nil
	}
	pending.waiting = s.startEvent(s.mentionEvent(at, m))
	return pending, nil
}

// typed turns what a person types into what Slack stores: special characters
// escaped, @names and #names of this workspace as references.
func (s *Sim) typed(text string) string {
	references := regexp.MustCompile(`(&lt;)?[@#][A-Za-z0-9._-]+(&gt;)?`)
	return references.ReplaceAllStringFunc(blockkit.Escape(text), func(word string) string {
		bare := strings.TrimSuffix(strings.TrimPrefix(word, "&lt;"), "&gt;")
		name := strings.TrimRight(bare[1:], ".") // a full stop ends a sentence, not a name
		rest := bare[1+len(name):]
		if bare[0] == '#' {
			if r := s.roomNamed(name); r != nil {
				return fmt.Sprintf("<#%s|%s>%s", r.ID, r.Name, rest)
			}
			return word
		}
		if name == s.opts.Bot.Name || name == s.opts.Bot.UserID {
			return "<@" + s.opts.Bot.UserID + ">" + rest
		}
		if u, found := s.user(name); found {
			return "<@" + u.ID + ">" + rest
		}
		return word
	})
}

func (s *Sim) mentionEvent(at location, m *Message) map[string]any {
	event := map[string]any{
		"type": "app_mention", "user": at.user.ID, "team": at.user.TeamID, "text": m.Text, "ts": m.TS,
		"channel": at.room.ID, "event_ts": m.TS, "client_msg_id": s.uuid(),
	}
	if m.ThreadTS != "" {
		event["thread_ts"] = m.ThreadTS
	}
	return event
}

// startEvent delivers an event and redelivers it until it is acknowledged; the
// envelope it returns is the first attempt. The caller holds the lock.
func (s *Sim) startEvent(event map[string]any) *envelope {
	outer := map[string]any{
		"token": "slacksim", "team_id": s.opts.Workspace.ID, "api_app_id": s.opts.Bot.AppID,
		"event": event, "type": "event_callback", "event_id": s.id("Ev"), "event_time": time.Now().Unix(),
		"authorizations": []any{map[string]any{
			"enterprise_id": nil, "team_id": s.opts.Workspace.ID, "user_id": s.opts.Bot.UserID,
			"is_bot": true, "is_enterprise_install": false,
		}},
		"is_ext_shared_channel": false, "event_context": s.id("4-"),
	}
	return s.attemptEvent(outer, 0, "")
}

// attemptEvent makes one delivery of an event: the same event_id each time, in an
// envelope of its own. The schedule is our rule: Slack documents it for HTTP only.
func (s *Sim) attemptEvent(outer map[string]any, attempt int, reason string) *envelope {
	e := s.newEnvelope(eventEnvelope, func(string) map[string]any { return outer })
	e.attempt, e.reason = attempt, reason
	e.failed = func(d Delivery) {
		if attempt >= len(s.opts.Timing.Retries) {
			return
		}
		why := "timeout"
		if d == Undelivered {
			why = "connection_failed"
		}
		time.AfterFunc(s.opts.Timing.Retries[attempt], func() { s.retryEvent(outer, attempt+1, why) })
	}
	s.deliver(e)
	return e
}

func (s *Sim) retryEvent(outer map[string]any, attempt int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closed:
	default:
		s.attemptEvent(outer, attempt, reason)
	}
}
