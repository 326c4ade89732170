package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"

	"canarybot.io/bot/slacksim/blockkit"
)

// surface is the message a button is on: one for all, or one for a single person.
type surface struct {
	message   *Message
	ephemeral *Ephemeral
}

func (f surface) blocks() json.RawMessage {
	if f.message != nil {
		return f.message.Blocks
	}
	return f.ephemeral.Blocks
}

func (f surface) ts() string {
	if f.message != nil {
		return f.message.TS
	}
	return f.ephemeral.TS
}

func (f surface) thread() string {
	if f.message != nil {
		return f.message.ThreadTS
	}
	return f.ephemeral.ThreadTS
}

// StartPress is Press without waiting.
func (p *Person) StartPress(channel, ts, button string) (*Pending, error) {
	return p.startPress(channel, ts, button, "")
}

// PressShown presses a button as it was when the person saw it: a message may have been edited while they read its
// dialog. The value is what the button carried then.
func (p *Person) PressShown(channel, ts, button, value string) (Outcome, error) {
	return outcome(p.startPress(channel, ts, button, value))
}

func (p *Person) startPress(channel, ts, button, value string) (*Pending, error) {
	s := p.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := p.checkAccess(channel)
	if err != nil {
		return nil, err
	}
	on, found := s.surface(at, ts)
	if !found {
		return nil, fmt.Errorf("%w: %s", ErrNoMessage, ts)
	}
	b, err := on.pick(button, value)
	if err != nil {
		return nil, err
	}
	if !on.fromBot() {
		return nil, fmt.Errorf("%w: %s", ErrNoButton, button)
	}
	return s.startPress(at, on, b), nil
}

func (f surface) fromBot() bool {
	return f.message != nil && f.message.FromBot || f.ephemeral != nil && f.ephemeral.FromBot
}

// surface finds what a person can press buttons on; the caller holds the lock.
func (s *Sim) surface(at location, ts string) (surface, bool) {
	if m := at.room.message(ts); m != nil {
		return surface{message: m}, true
	}
	for _, e := range s.ephemerals {
		if e.TS == ts && e.Channel == at.room.ID && e.User == at.user.ID && !e.Deleted {
			return surface{ephemeral: e}, true
		}
	}
	return surface{}, false
}

// pick finds the button as the surface has it now or, when it carried another value then, as it had it before.
func (f surface) pick(name, value string) (blockkit.Button, error) {
	now, err := pick(f.blocks(), name)
	if value == "" || err == nil && now.Raw["value"] == value || f.message == nil {
		return now, err
	}
	for _, before := range slices.Backward(f.message.History) {
		if b, err := pick(before.Blocks, name); err == nil && b.Raw["value"] == value {
			return b, nil
		}
	}
	return blockkit.Button{}, fmt.Errorf("%w: %q with the value %q", ErrNoButton, name, value)
}

// pick finds the button by action id, which BLOCK/ACTION makes unambiguous, or
// failing that by label.
func pick(blocks json.RawMessage, name string) (blockkit.Button, error) {
	var byID, byLabel []blockkit.Button
	for _, b := range blockkit.Buttons(blocks) {
		if b.ActionID == name || b.BlockID+"/"+b.ActionID == name {
			byID = append(byID, b)
		}
		if b.Label == name {
			byLabel = append(byLabel, b)
		}
	}
	matches := byID
	if len(matches) == 0 {
		matches = byLabel
	}
	switch len(matches) {
	case 0:
		return blockkit.Button{}, fmt.Errorf("%w: %q", ErrNoButton, name)
	case 1:
		return matches[0], nil
	default:
		return blockkit.Button{}, fmt.Errorf("%w: %q", ErrManyButtons, name)
	}
}

// startPress sends a button press to the bot; the caller holds the lock.
func (s *Sim) startPress(at location, on surface, b blockkit.Button) *Pending {
	answer := responseURL{kind: "actions", user: at.user.ID, channel: at.room.ID, original: on}
	payload := s.pressPayload(at, on, b)
	path := s.newResponseURL(answer)
	e := s.newEnvelope(interactiveEnvelope, func(base string) map[string]any {
		payload["response_url"] = base + path
		return payload
	})
	e.acked = func(json.RawMessage) { on.warn(at.user.ID, false) }
	e.failed = func(Delivery) { on.warn(at.user.ID, true) }
	s.deliver(e)
	return &Pending{sim: s, waiting: e, outcome: Outcome{Confirm: b.Confirm}}
}

// warn shows or hides the triangle that tells a person their press failed.
// Ephemeral messages have none.
func (f surface) warn(user string, on bool) {
	if f.message == nil {
		return
	}
	f.message.WarnedFor = slices.DeleteFunc(f.message.WarnedFor, func(u string) bool { return u == user })
	if on {
		f.message.WarnedFor = append(f.message.WarnedFor, user)
	}
}

func (s *Sim) pressPayload(at location, on surface, b blockkit.Button) map[string]any {
	container := map[string]any{
		"type": "message", "message_ts": on.ts(), "channel_id": at.room.ID, "is_ephemeral": on.ephemeral != nil,
	}
	if on.thread() != "" {
		container["thread_ts"] = on.thread()
	}
	action := map[string]any{
		"type": "button", "action_id": b.ActionID, "block_id": b.BlockID,
		"text": b.Raw["text"], "action_ts": eventTS(at.now.Add(s.opts.Timing.Ahead)),
	}
	for _, field := range []string{"value", "style", "confirm", "url"} {
		if v, set := b.Raw[field]; set {
			action[field] = v
		}
	}
	payload := map[string]any{
		"type": "block_actions", "token": "slacksim", "api_app_id": s.opts.Bot.AppID,
		"user": map[string]any{
			"id": at.user.ID, "username": at.user.Name, "name": at.user.Name, "team_id": at.user.TeamID,
		},
		"team":       map[string]any{"id": s.opts.Workspace.ID, "domain": s.opts.Workspace.Domain},
		"enterprise": s.enterpriseObject(), "is_enterprise_install": false,
		"container": container, "trigger_id": s.trigger(at.now, at.user.ID, ""),
		"channel": map[string]any{"id": at.room.ID, "name": slashChannelName(at.room)},
		"state":   map[string]any{"values": map[string]any{}},
		"actions": []any{action},
	}
	if on.message != nil {
		payload["message"] = s.wire(at.room, on.message, true)
	}
	return payload
}
