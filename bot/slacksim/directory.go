package slacksim

import (
	"slices"
	"strings"
	"time"

	"canarybot.io/bot/slacksim/blockkit"
)

// PutUser adds a person or replaces the one with the same id.
func (s *Sim) PutUser(u User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.RealName == "" {
		u.RealName = u.Name
	}
	if u.TeamID == "" {
		u.TeamID = s.opts.Workspace.ID
	}
	if i := slices.IndexFunc(s.users, func(o User) bool { return o.ID == u.ID }); i >= 0 {
		s.users[i] = u
	} else {
		s.users = append(s.users, u)
	}
	s.notifyChange()
}

// PutChannel adds a channel or changes the one with the same id; messages stay.
// An app that asked is told when one was renamed, archived or brought back, and
// when the bot was taken out of it or invited.
func (s *Sim) PutChannel(c Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Name = strings.TrimPrefix(c.Name, "#")
	if r := s.room(c.ID); r != nil {
		before := r.Channel
		r.Channel = c
		s.tellChannel(before, c)
	} else {
		s.rooms = append(s.rooms, &room{Channel: c, ahead: s.opts.Timing.Ahead, tokens: float64(s.opts.Limits.PostBurst)})
	}
	s.notifyChange()
}

// direct finds or opens the conversation of the bot with the person, whom a call named in a channel's place; nil: nobody has
// that id. Its name is dm-NAME. The caller holds the lock.
func (s *Sim) direct(user string) *room {
	u, found := s.user(user)
	if !found || u.ID != user {
		return nil
	}
	id := "D" + strings.TrimPrefix(u.ID, "U")
	if s.room(id) == nil {
		s.rooms = append(s.rooms, &room{
			Channel: Channel{ID: id, Name: "dm-" + u.Name, Private: true, Members: []string{u.ID}}, direct: true,
			tokens: float64(s.opts.Limits.PostBurst),
		})
	}
	return s.room(id)
}

// user finds a person by id or name; the caller holds the lock.
func (s *Sim) user(idOrName string) (User, bool) {
	name := strings.TrimPrefix(idOrName, "@")
	for _, u := range s.users {
		if u.ID == idOrName || u.Name == name || u.EnterpriseID != "" && u.EnterpriseID == idOrName {
			return u, true
		}
	}
	return User{}, false
}

// room finds a channel by id; the caller holds the lock.
func (s *Sim) room(id string) *room {
	for _, r := range s.rooms {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// roomNamed finds a channel by id or name; the caller holds the lock.
func (s *Sim) roomNamed(idOrName string) *room {
	if r := s.room(idOrName); r != nil {
		return r
	}
	name := strings.TrimPrefix(idOrName, "#")
	for _, r := range s.rooms {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// names resolves mentions; the caller holds the lock while it is used.
func (s *Sim) names() blockkit.Names {
	return blockkit.Names{
		Now: time.Now(),
		User: func(id string) string {
			if id == s.opts.Bot.UserID {
				return s.opts.Bot.Name
			}
			u, _ := s.user(id)
			return u.Name
		},
		Channel: func(id string) string {
			if r := s.room(id); r != nil {
				return r.Name
			}
			return ""
		},
		Group: func(id string) string {
			g, _ := s.group(id)
			return g.Handle
		},
	}
}

// Messages returns what the channel shows, oldest first: roots, and replies that
// were broadcast. The channel is an id or a name.
func (s *Sim) Messages(channel string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.roomNamed(channel)
	if r == nil {
		return nil
	}
	return clones(r.roots())
}

// Thread returns the replies under a root, oldest first, without the root.
func (s *Sim) Thread(channel, ts string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.roomNamed(channel)
	if r == nil {
		return nil
	}
	return clones(r.replies(ts))
}

// Message returns one message of a channel, root or reply.
func (s *Sim) Message(channel, ts string) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.roomNamed(channel)
	if r == nil {
		return Message{}, false
	}
	m := r.message(ts)
	if m == nil {
		return Message{}, false
	}
	return m.clone(), true
}

// Remove deletes a message as an administrator would, and reports whether it
// existed. Replies stay; nobody can add to them.
func (s *Sim) Remove(channel, ts string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.roomNamed(channel)
	return r != nil && s.removed(r, ts)
}

// Ephemerals returns what only this person sees, oldest first, without what was
// deleted since. The user is an id or a name.
func (s *Sim) Ephemerals(user string) []Ephemeral {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, _ := s.user(user)
	var out []Ephemeral
	for _, e := range s.ephemerals {
		if e.User == u.ID && !e.Deleted {
			out = append(out, *e)
		}
	}
	return out
}
