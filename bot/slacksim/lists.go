package slacksim

import (
	"slices"
	"strings"
)

// conversationsList lists the channels that the bot may know of: public ones, and private ones that it is in.
func (s *Sim) conversationsList(c call) reply {
	return s.listRooms(c, func(r *room) bool { return !r.direct && (!r.Private || !r.BotAbsent) })
}

// usersConversations lists the channels that the bot is in.
func (s *Sim) usersConversations(c call) reply {
	return s.listRooms(c, func(r *room) bool { return !r.BotAbsent })
}

// listRooms answers a page of the rooms of the types that the call asks for.
func (s *Sim) listRooms(c call, shown func(*room) bool) reply {
	types := strings.Split(c.text("types"), ",")
	if c.text("types") == "" {
		types = []string{"public_channel"}
	}
	for i, t := range types {
		types[i] = strings.TrimSpace(t)
		switch types[i] {
		case "public_channel", "private_channel", "mpim", "im":
		default:
			return refuse("invalid_types")
		}
	}
	var found []wireChannel
	for _, r := range s.rooms {
		kind := "public_channel"
		switch {
		case r.direct:
			kind = "im"
		case r.Private:
			kind = "private_channel"
		}
		if slices.Contains(types, kind) && shown(r) && !(r.Archived && c.flag("exclude_archived")) {
			found = append(found, s.wireChannel(r))
		}
	}
	part, next, rep := page(c, found, 100)
	if rep.err != "" {
		return rep
	}
	return ok(map[string]any{"channels": part, "response_metadata": map[string]any{"next_cursor": next}})
}

// conversationsMembers lists who is in a channel, the bot too.
func (s *Sim) conversationsMembers(c call) reply {
	r, rep := s.visible(c, "channels:read", "groups:read")
	if rep.err != "" {
		return rep
	}
	var found []string
	if !r.BotAbsent {
		found = append(found, s.opts.Bot.UserID)
	}
	for _, u := range s.users {
		if r.hasMember(u.ID) && !u.Deactivated {
			found = append(found, u.ID)
		}
	}
	part, next, rep := page(c, found, 100)
	if rep.err != "" {
		return rep
	}
	return ok(map[string]any{"members": part, "response_metadata": map[string]any{"next_cursor": next}})
}

// conversationsJoin lets the bot into a public channel.
func (s *Sim) conversationsJoin(c call) reply {
	r := s.room(c.text("channel"))
	switch {
	case r == nil || r.Private && r.BotAbsent:
		return refuse("channel_not_found")
	case r.Private:
		return refuse("method_not_supported_for_channel_type")
	case r.Archived:
		return refuse("is_archived")
	case !r.BotAbsent:
		return ok(map[string]any{"channel": s.wireChannel(r), "warning": "already_in_channel"})
	}
	r.BotAbsent = false
	s.notifyChange()
	return ok(map[string]any{"channel": s.wireChannel(r)})
}

// usersList lists everybody, also those who left, and the bot.
func (s *Sim) usersList(c call) reply {
	found := []wireUser{s.wireBot()}
	for _, u := range s.users {
		found = append(found, s.wireUser(u))
	}
	part, next, rep := page(c, found, 100)
	if rep.err != "" {
		return rep
	}
	return ok(map[string]any{"members": part, "response_metadata": map[string]any{"next_cursor": next}})
}

// lookupByEmail finds a person by NAME@DOMAIN.example, which is everybody's address here.
func (s *Sim) lookupByEmail(c call) reply {
	name, _ := strings.CutSuffix(c.text("email"), "@"+s.opts.Workspace.Domain+".example")
	u, found := s.user(name)
	if !found || u.Name != name || u.Deactivated {
		return refuse("users_not_found")
	}
	return ok(map[string]any{"user": s.wireUser(u)})
}

func (s *Sim) teamInfo(call) reply {
	w := s.opts.Workspace
	team := map[string]any{"id": w.ID, "name": w.Name, "domain": w.Domain, "email_domain": w.Domain + ".example", "icon": map[string]any{}}
	if w.Enterprise != "" {
		team["enterprise_id"], team["enterprise_name"] = w.Enterprise, w.EnterpriseName
	}
	return ok(map[string]any{"team": team})
}

func (s *Sim) botsInfo(c call) reply {
	b := s.opts.Bot
	if id := c.text("bot"); id != "" && id != b.BotID {
		return refuse("bot_not_found")
	}
	return ok(map[string]any{"bot": map[string]any{
		"id": b.BotID, "deleted": false, "name": b.Name, "updated": 0, "app_id": b.AppID, "user_id": b.UserID, "icons": map[string]any{},
	}})
}
