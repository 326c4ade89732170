package slacksim

import (
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
	if thread, err = at.room.threadOf(thread); err != nil {
		return nil, err
	}
	m, told := s.post(at.room, Message{User: at.user.ID, ThreadTS: thread, Text: s.typed(text), At: at.now})
	pending := &Pending{sim: s, waiting: told, outcome: Outcome{Delivery: Silent, TS: m.TS}}
	if !s.mentionsBot(m.Text) || at.room.direct {
		return pending, nil // in a conversation with the bot a mention is a message like another
	}
	if at.room.BotAbsent {
		// Our rule: Slack offers to invite the bot; the bot itself gets nothing.
		s.addSystemMessage(at, thread, fmt.Sprintf("@%s is not in this channel.", s.opts.Bot.Name))
		return pending, nil
	}
	pending.waiting = s.startEvent(s.mentionEvent(at, m))
	return pending, nil
}

func (s *Sim) mentionsBot(text string) bool {
	return strings.Contains(text, "<@"+s.opts.Bot.UserID+">") && s.granted("app_mentions:read") && s.subscribed("app_mention")
}

// Edit changes a message of the person's own. If it names the bot, before or only now, the bot gets another app_mention:
// a new event about the same message, which says that it was edited.
func (p *Person) Edit(channel, ts, text string) (Outcome, error) {
	return outcome(p.StartEdit(channel, ts, text))
}

// StartEdit is Edit without waiting.
func (p *Person) StartEdit(channel, ts, text string) (*Pending, error) {
	s := p.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := p.checkAccess(channel)
	if err != nil {
		return nil, err
	}
	m := at.room.message(ts)
	if m == nil || m.User != at.user.ID {
		return nil, fmt.Errorf("%w: %s", ErrNoMessage, ts)
	}
	told := s.edit(at.room, m, content{text: s.typed(text)})
	pending := &Pending{sim: s, waiting: told, outcome: Outcome{Delivery: Silent, TS: m.TS}}
	if s.mentionsBot(m.Text) && !at.room.BotAbsent && !at.room.direct {
		event := s.mentionEvent(at, m)
		event["edited"] = map[string]any{"user": m.User, "ts": fmt.Sprintf("%d.000000", at.now.Add(s.opts.Timing.Ahead).Unix())}
		pending.waiting = s.startEvent(event)
	}
	return pending, nil
}

// Delete takes back a message of the person's own. Replies to it stay.
func (p *Person) Delete(channel, ts string) (Outcome, error) {
	return outcome(p.StartDelete(channel, ts))
}

// StartDelete is Delete without waiting.
func (p *Person) StartDelete(channel, ts string) (*Pending, error) {
	s := p.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := p.checkAccess(channel)
	if err != nil {
		return nil, err
	}
	m := at.room.message(ts)
	if m == nil || m.User != at.user.ID {
		return nil, fmt.Errorf("%w: %s", ErrNoMessage, ts)
	}
	_, told := s.remove(at.room, ts)
	return &Pending{sim: s, waiting: told, outcome: Outcome{Delivery: Silent, TS: ts}}, nil
}

// App is another app of the workspace, or a workflow.
type App struct {
	BotID string
	// User is its bot user; empty for those that have none, such as an incoming webhook.
	User string
	Name string
}

// Say posts a message of the app's, into a thread unless thread is empty. It returns the message's timestamp; a mention
// of the bot reaches it as app_mention.
func (s *Sim) Say(app App, channel, thread, text string) (ts string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.roomNamed(channel)
	if r == nil {
		return "", fmt.Errorf("%w: %s", ErrNoChannel, channel)
	}
	at := location{user: User{ID: app.User, TeamID: s.opts.Workspace.ID}, room: r, now: time.Now()}
	m := s.add(r, Message{User: app.User, App: app.BotID, ThreadTS: thread, Text: s.typed(text), At: at.now})
	if !s.mentionsBot(m.Text) || r.BotAbsent {
		return m.TS, nil
	}
	event := s.mentionEvent(at, m)
	event["bot_id"] = app.BotID
	delete(event, "client_msg_id") // only people's clients give one
	if app.User == "" {
		delete(event, "user")
		event["subtype"], event["username"] = "bot_message", app.Name
	}
	s.startEvent(event)
	return m.TS, nil
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
		if g, found := s.group(name); found && !g.Disabled {
			return "<!subteam^" + g.ID + "|@" + g.Handle + ">" + rest
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
	if m.App == "" {
		event["blocks"] = richText(m)
	}
	return event
}
