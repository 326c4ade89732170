package slacksim

import (
	"encoding/json"
	"fmt"
	"time"

	"canarybot.io/bot/slacksim/blockkit"
)

func (s *Sim) authTest(call) reply {
	w, b := s.opts.Workspace, s.opts.Bot
	answer := map[string]any{
		"url": "https://" + w.Domain + ".slack.com/", "team": w.Name, "team_id": w.ID,
		"user": b.Name, "user_id": b.UserID, "bot_id": b.BotID, "is_enterprise_install": false,
	}
	if w.Enterprise != "" {
		answer["enterprise_id"] = w.Enterprise
	}
	return ok(answer)
}

func (s *Sim) usersInfo(c call) reply {
	id := c.text("user")
	if id == s.opts.Bot.UserID {
		u := s.wireUser(User{ID: id, Name: s.opts.Bot.Name, RealName: s.opts.Bot.Name, TeamID: s.opts.Workspace.ID})
		u.IsBot = true
		return ok(map[string]any{"user": u})
	}
	u, found := s.user(id)
	if !found || u.ID != id && u.EnterpriseID != id {
		return refuse("user_not_found")
	}
	return ok(map[string]any{"user": s.wireUser(u)})
}

// blocksValidate validates blocks, or the blocks of a message, without posting
// them. A call is never a violation, whatever its result.
func (s *Sim) blocksValidate(c call) reply {
	var raw json.RawMessage
	base, code := "", "invalid_blocks"
	switch {
	case c.has("blocks") && !c.has("message") && !c.has("view"):
		raw = c.raw("blocks")
	case c.has("message") && !c.has("blocks") && !c.has("view"):
		var message struct {
			Blocks json.RawMessage `json:"blocks"`
		}
		if json.Unmarshal(c.raw("message"), &message) != nil {
			return refuse("invalid_arguments")
		}
		raw, base, code = message.Blocks, "/blocks", "invalid_message"
	default:
		return refuse("invalid_arguments")
	}
	problems := blockkit.Validate(raw, base)
	if len(problems) == 0 {
		return ok(nil)
	}
	errs := make([]map[string]any, 0, len(problems))
	for _, p := range problems {
		e := map[string]any{"code": p.Code, "message": p.Message, "pointer": p.Pointer}
		if p.Field != "" {
			e["field"] = p.Field
		}
		errs = append(errs, e)
	}
	return reply{err: code, fields: map[string]any{"errors": errs}}
}

// eventTS renders a moment as Slack writes event and action times.
func eventTS(t time.Time) string {
	return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000)
}
