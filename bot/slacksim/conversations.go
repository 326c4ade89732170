package slacksim

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// visible finds a channel the bot may look at, and checks the scope for its kind.
func (s *Sim) visible(c call, public, private string) (*room, reply) {
	r := s.room(c.text("channel"))
	if r == nil || r.Private && r.BotAbsent {
		return nil, refuse("channel_not_found")
	}
	needed := public
	switch {
	case r.direct:
		needed = "im:" + strings.TrimPrefix(private, "groups:")
	case r.Private:
		needed = private
	}
	if !s.granted(needed) {
		return nil, s.missingScope(c, needed)
	}
	return r, reply{}
}

func (s *Sim) conversationsInfo(c call) reply {
	r, rep := s.visible(c, "channels:read", "groups:read")
	if rep.err != "" {
		return rep
	}
	return ok(map[string]any{"channel": s.wireChannel(r)})
}

// conversationsOpen opens the conversation with one person. With several at once is not simulated.
func (s *Sim) conversationsOpen(c call) reply {
	users := strings.Split(c.text("users"), ",")
	if len(users) > 1 {
		s.recordViolation(BadArguments, "conversations.open: conversations with several people are not simulated")
		return refuse("invalid_arguments")
	}
	r := s.direct(users[0])
	if r == nil {
		return refuse("user_not_found")
	}
	return ok(map[string]any{"channel": map[string]any{"id": r.ID}, "no_op": false, "already_open": false})
}

func (s *Sim) conversationsHistory(c call) reply {
	r, rep := s.readable(c)
	if rep.err != "" {
		return rep
	}
	found := s.between(c, r, r.roots())
	slices.Reverse(found)
	part, next, rep := page(c, found, 100)
	if rep.err != "" {
		return rep
	}
	return ok(map[string]any{
		"messages": part, "has_more": next != "", "pin_count": 0,
		"response_metadata": map[string]any{"next_cursor": next},
	})
}

func (s *Sim) conversationsReplies(c call) reply {
	r, rep := s.readable(c)
	if rep.err != "" {
		return rep
	}
	root := r.message(c.text("ts"))
	if root != nil && root.ThreadTS != "" {
		root = r.message(root.ThreadTS)
	}
	if root == nil {
		return refuse("thread_not_found")
	}
	found := s.between(c, r, append([]*Message{root}, r.replies(root.TS)...))
	part, next, rep := page(c, found, 1000)
	if rep.err != "" {
		return rep
	}
	return ok(map[string]any{
		"messages": part, "has_more": next != "",
		"response_metadata": map[string]any{"next_cursor": next},
	})
}

// readable finds a channel whose messages the bot may read: it must be a member.
func (s *Sim) readable(c call) (*room, reply) {
	r, rep := s.visible(c, "channels:history", "groups:history")
	if rep.err != "" {
		return nil, rep
	}
	if r.BotAbsent {
		return nil, refuse("not_in_channel")
	}
	return r, reply{}
}

// between keeps the messages within oldest and latest. Timestamps have a fixed
// width, so they compare as strings.
func (s *Sim) between(c call, r *room, messages []*Message) []wireMessage {
	oldest, latest, inclusive := c.text("oldest"), c.text("latest"), c.flag("inclusive")
	var out []wireMessage
	for _, m := range messages {
		edge := inclusive && (m.TS == oldest || m.TS == latest)
		inside := (oldest == "" || oldest == "0" || m.TS > oldest) && (latest == "" || m.TS < latest)
		if inside || edge {
			out = append(out, s.wire(r, m, c.flag("include_all_metadata")))
		}
	}
	return out
}

// page cuts one page out of a list by limit and cursor.
func page[T any](c call, all []T, usual int) ([]T, string, reply) {
	limit, err := c.number("limit", usual)
	if err != nil || limit < 0 || limit > 1000 {
		return nil, "", refuse("invalid_limit")
	}
	if limit == 0 {
		limit = usual
	}
	start := 0
	if cursor := c.text("cursor"); cursor != "" {
		raw, err := base64.StdEncoding.DecodeString(cursor)
		offset, isNext := strings.CutPrefix(string(raw), "next:")
		start, _ = strconv.Atoi(offset)
		if err != nil || !isNext || start < 0 || start > len(all) {
			return nil, "", refuse("invalid_cursor")
		}
	}
	end := min(start+limit, len(all))
	part := append([]T{}, all[start:end]...)
	if end == len(all) {
		return part, "", reply{}
	}
	return part, base64.StdEncoding.EncodeToString([]byte("next:" + strconv.Itoa(end))), reply{}
}
