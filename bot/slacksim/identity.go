package slacksim

import (
	"encoding/json"
	"fmt"
	"strings"
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
		return ok(map[string]any{"user": s.wireBot()})
	}
	u, found := s.user(id)
	if !found || u.ID != id && u.EnterpriseID != id {
		return refuse("user_not_found")
	}
	return ok(map[string]any{"user": s.wireUser(u)})
}

// blocksValidate validates blocks, the blocks of a message, or a view, without showing
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
	case c.has("view") && !c.has("message") && !c.has("blocks"):
		return viewProblems(c.raw("view"))
	default:
		return refuse("invalid_arguments")
	}
	return validated(code, blockkit.Validate(raw, base))
}

// viewProblems validates a modal, or a home where it says that it is one.
func viewProblems(raw json.RawMessage) reply {
	var v struct {
		Type blockkit.Surface `json:"type"`
	}
	if json.Unmarshal(raw, &v) != nil {
		return refuse("invalid_arguments")
	}
	if v.Type != blockkit.InHome {
		v.Type = blockkit.InModal
	}
	problems := blockkit.ValidateView(raw, v.Type)
	for i := range problems {
		problems[i].Pointer = strings.TrimPrefix(problems[i].Pointer, "/view")
	}
	return validated("invalid_view", problems)
}

// validated is the answer of blocks.validate.
func validated(code string, problems []blockkit.Problem) reply {
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
