package slacksim

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrNoShortcut is returned for a shortcut that the app does not have.
var ErrNoShortcut = errors.New("no such shortcut")

// Shortcut is one that the app registered.
type Shortcut struct {
	Name       string
	CallbackID string
	OnMessage  bool // in the menu of each message; else a global one
}

// OpenHome opens the app's home tab. What the app shows there is in Home; it is told where it asked to be.
func (p *Person) OpenHome() (Outcome, error) { return outcome(p.startHome("home")) }

func (p *Person) startHome(tab string) (*Pending, error) {
	s := p.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := p.active()
	if err != nil {
		return nil, err
	}
	if s.opts.HomeOff {
		return nil, ErrNoView
	}
	if !s.subscribed("app_home_opened") {
		return &Pending{sim: s, outcome: Outcome{Delivery: Silent}}, nil
	}
	event := map[string]any{
		"type": "app_home_opened", "user": u.ID, "channel": s.direct(u.ID).ID, "tab": tab, "event_ts": eventTS(time.Now().Add(s.opts.Timing.Ahead)),
	}
	if v := s.homes[u.ID]; v != nil {
		event["view"] = s.wireView(v)
	}
	return &Pending{sim: s, waiting: s.startEvent(event)}, nil
}

// Shortcut uses a global shortcut, by its name or callback id.
func (p *Person) Shortcut(name string) (Outcome, error) {
	return outcome(p.startShortcut("", "", name))
}

// ShortcutOn uses a shortcut of a message's menu, by its name or callback id. Whose message it is does not matter; what
// only one person sees has no menu.
func (p *Person) ShortcutOn(channel, ts, name string) (Outcome, error) {
	return outcome(p.startShortcut(channel, ts, name))
}

func (p *Person) startShortcut(channel, ts, name string) (*Pending, error) {
	s := p.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := p.active()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(s.opts.Shortcuts, func(k Shortcut) bool {
		return (k.Name == name || k.CallbackID == name) && k.OnMessage == (ts != "")
	})
	if i < 0 || !s.granted("commands") {
		return nil, fmt.Errorf("%w: %q", ErrNoShortcut, name)
	}
	now := time.Now()
	kind := "shortcut"
	if ts != "" {
		kind = "message_action"
	}
	payload := s.interaction(kind, u)
	payload["callback_id"], payload["trigger_id"] = s.opts.Shortcuts[i].CallbackID, s.trigger(now, u.ID, "")
	payload["action_ts"] = eventTS(now.Add(s.opts.Timing.Ahead))
	path := ""
	if ts != "" {
		if path, err = p.aboutMessage(payload, channel, ts); err != nil {
			return nil, err
		}
	}
	e := s.newEnvelope(interactiveEnvelope, func(base string) map[string]any {
		if path != "" {
			payload["response_url"] = base + path
		}
		return payload
	})
	e.silent = true
	s.deliver(e)
	return &Pending{sim: s, waiting: e}, nil
}

// aboutMessage adds the message that a shortcut was used on, and returns the path of its response URL.
func (p *Person) aboutMessage(payload map[string]any, channel, ts string) (string, error) {
	s := p.sim
	at, err := p.checkAccess(channel)
	if err != nil {
		return "", err
	}
	m := at.room.message(ts)
	if m == nil {
		return "", fmt.Errorf("%w: %s", ErrNoMessage, ts)
	}
	payload["channel"] = map[string]any{"id": at.room.ID, "name": slashChannelName(at.room)}
	payload["message_ts"], payload["message"] = m.TS, s.wire(at.room, m, true)
	return s.newResponseURL(responseURL{kind: "app", user: at.user.ID, channel: at.room.ID}), nil
}

// SayWith posts a message of another app with blocks, as build systems do: what they say is often nowhere else.
func (s *Sim) SayWith(app App, channel, text, blocks string) (ts string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.roomNamed(channel)
	if r == nil {
		return "", fmt.Errorf("%w: %s", ErrNoChannel, channel)
	}
	m := s.add(r, Message{User: app.User, App: app.BotID, Text: s.typed(text), Blocks: []byte(strings.TrimSpace(blocks)), At: time.Now()})
	return m.TS, nil
}
