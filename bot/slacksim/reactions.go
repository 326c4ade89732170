package slacksim

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Reaction is an emoji under a message, and who gave it.
type Reaction struct {
	Name  string
	Users []string
}

// maxReactions is how many different emoji a message takes. Our rule: Slack's edge differs by workspace.
const maxReactions = 50

// emojiName is how an emoji is named: without colons, with a skin tone where it has one.
var emojiName = regexp.MustCompile(`^[a-z0-9_+'-]+(::skin-tone-[2-6])?$`)

// React gives a message an emoji, by its name without colons. An app that asked gets reaction_added.
func (p *Person) React(channel, ts, emoji string) (Outcome, error) {
	return outcome(p.startReact(channel, ts, emoji))
}

func (p *Person) startReact(channel, ts, emoji string) (*Pending, error) {
	return p.reacting(channel, ts, emoji, p.sim.react)
}

// Unreact takes an emoji of the person's own back. An app that asked gets reaction_removed.
func (p *Person) Unreact(channel, ts, emoji string) (Outcome, error) {
	return outcome(p.startUnreact(channel, ts, emoji))
}

func (p *Person) startUnreact(channel, ts, emoji string) (*Pending, error) {
	return p.reacting(channel, ts, emoji, p.sim.unreact)
}

// reacting does one of the two.
func (p *Person) reacting(channel, ts, emoji string, do func(*room, *Message, string, string) *envelope) (*Pending, error) {
	s := p.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := p.checkAccess(channel)
	if err != nil {
		return nil, err
	}
	m := at.room.message(ts)
	if m == nil || !emojiName.MatchString(emoji) {
		return nil, fmt.Errorf("%w: %s", ErrNoMessage, ts)
	}
	return &Pending{sim: s, waiting: do(at.room, m, at.user.ID, emoji), outcome: Outcome{Delivery: Silent, TS: ts}}, nil
}

// react adds an emoji and returns the event about it, nil if there is none. Once more is nothing new.
func (s *Sim) react(r *room, m *Message, user, emoji string) *envelope {
	i := slices.IndexFunc(m.Reactions, func(x Reaction) bool { return x.Name == emoji })
	if i < 0 {
		m.Reactions = append(m.Reactions, Reaction{Name: emoji})
		i = len(m.Reactions) - 1
	}
	if slices.Contains(m.Reactions[i].Users, user) {
		return nil
	}
	m.Reactions[i].Users = append(slices.Clone(m.Reactions[i].Users), user)
	s.notifyChange()
	return s.tellReaction("reaction_added", r, m, user, emoji)
}

func (s *Sim) tellReaction(kind string, r *room, m *Message, user, emoji string) *envelope {
	if r.BotAbsent || !s.subscribed(kind) || !s.granted("reactions:read") {
		return nil
	}
	return s.startEvent(map[string]any{
		"type": kind, "user": user, "reaction": emoji, "item_user": m.User, "event_ts": eventTS(time.Now()),
		"item": map[string]any{"type": "message", "channel": r.ID, "ts": m.TS},
	})
}

// reacting is what the methods about reactions have in common.
func (s *Sim) reacting(c call) (*room, *Message, reply) {
	r, m, rep := s.namedMessage(c, "timestamp")
	switch {
	case rep.err != "":
		return nil, nil, rep
	case r.Archived:
		return nil, nil, refuse("is_archived")
	case r.BotAbsent:
		return nil, nil, refuse("not_in_channel")
	case !emojiName.MatchString(c.text("name")):
		s.recordViolation(BadArguments, "%s: %q is no name of an emoji", c.method, c.text("name"))
		return nil, nil, refuse("invalid_name")
	}
	return r, m, reply{}
}

func (s *Sim) reactionsAdd(c call) reply {
	r, m, rep := s.reacting(c)
	if rep.err != "" {
		return rep
	}
	if len(m.Reactions) >= maxReactions {
		return refuse("too_many_emoji")
	}
	if m.reactedBy(s.opts.Bot.UserID, c.text("name")) {
		return refuse("already_reacted")
	}
	s.react(r, m, s.opts.Bot.UserID, c.text("name"))
	return ok(nil)
}

func (s *Sim) reactionsRemove(c call) reply {
	r, m, rep := s.reacting(c)
	if rep.err != "" {
		return rep
	}
	me, emoji := s.opts.Bot.UserID, c.text("name")
	if !m.reactedBy(me, emoji) {
		return refuse("no_reaction")
	}
	s.unreact(r, m, me, emoji)
	return ok(nil)
}

// unreact takes an emoji away and returns the event about it, nil if there is none. One that nobody gave is nothing.
func (s *Sim) unreact(r *room, m *Message, user, emoji string) *envelope {
	if !m.reactedBy(user, emoji) {
		return nil
	}
	var left []Reaction
	for _, x := range m.Reactions {
		if x.Name == emoji {
			x.Users = slices.DeleteFunc(slices.Clone(x.Users), func(u string) bool { return u == user })
		}
		if len(x.Users) > 0 {
			left = append(left, x)
		}
	}
	m.Reactions = left
	s.notifyChange()
	return s.tellReaction("reaction_removed", r, m, user, emoji)
}

func (m *Message) reactedBy(user, emoji string) bool {
	return slices.ContainsFunc(m.Reactions, func(x Reaction) bool { return x.Name == emoji && slices.Contains(x.Users, user) })
}

// wireReactions is the reactions as messages carry them.
func wireReactions(m *Message) []map[string]any {
	var out []map[string]any
	for _, x := range m.Reactions {
		out = append(out, map[string]any{"name": x.Name, "users": x.Users, "count": len(x.Users)})
	}
	return out
}
