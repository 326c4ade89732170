package slacksim

import (
	"encoding/json"
	"fmt"
	"time"
)

// startSlash sends a slash command to the bot; the caller holds the lock.
func (s *Sim) startSlash(at location, name, text string) *Pending {
	trigger := s.trigger(at.now, at.user.ID, "")
	answer := s.newResponseURL(responseURL{kind: "commands", user: at.user.ID, channel: at.room.ID})
	e := s.newEnvelope(slashEnvelope, func(base string) map[string]any {
		command := map[string]any{
			"token": "slacksim", "team_id": at.user.TeamID, "team_domain": s.opts.Workspace.Domain,
			"channel_id": at.room.ID, "channel_name": slashChannelName(at.room),
			"user_id": at.user.ID, "user_name": at.user.Name,
			"command": name, "text": text, "api_app_id": s.opts.Bot.AppID,
			"is_enterprise_install": "false",
			"response_url":          base + answer, "trigger_id": trigger,
		}
		if w := s.opts.Workspace; w.Enterprise != "" {
			command["enterprise_id"], command["enterprise_name"] = w.Enterprise, w.EnterpriseName
		}
		return command
	})
	seen := ""
	e.acked = func(payload json.RawMessage) {
		if payload != nil {
			seen = s.showAck(at, name, text, payload)
		}
	}
	e.failed = func(d Delivery) {
		code := "operation_timeout"
		if d == Undelivered {
			code = "dispatch_failed"
		}
		seen = fmt.Sprintf("%s failed with the error %q", name, code)
		s.addSystemMessage(at, "", seen)
	}
	s.deliver(e)
	return &Pending{sim: s, waiting: e, seen: func() string { return seen }}
}

func slashChannelName(r *room) string {
	if r.direct {
		return "directmessage"
	}
	if r.Private {
		return "privategroup"
	}
	return r.Name
}

// showAck shows the message that came with the ack of a slash command: to the
// person who typed it, or to all when it says in_channel.
func (s *Sim) showAck(at location, command, text string, payload json.RawMessage) string {
	var a args
	var plain string
	if json.Unmarshal(payload, &plain) == nil {
		a.values = map[string]any{"text": plain}
	} else {
		a.values = map[string]any{}
		if err := a.addJSON(payload); err != nil {
			s.recordViolation(BadAck, "the payload of the ack is no message: %.80s", payload)
			return ""
		}
	}
	body, rep := s.readContent(a, "ack of "+command)
	if rep.err == "" {
		body, rep = s.postable(body, "ack of "+command)
	}
	if rep.err != "" {
		// Our rule: that the person sees this very text is not documented.
		complaint := fmt.Sprintf("%s failed with the error %q", command, "invalid_command_response")
		s.addSystemMessage(at, "", complaint)
		return complaint
	}
	now := time.Now()
	if a.text("response_type") == "in_channel" {
		s.add(at.room, Message{User: at.user.ID, Text: command + " " + text, At: now})
		s.add(at.room, Message{User: s.opts.Bot.UserID, FromBot: true, Text: body.text, Blocks: body.blocks, At: now})
		return body.text
	}
	s.addEphemeral(at.room, Ephemeral{User: at.user.ID, FromBot: true, Text: body.text, Blocks: body.blocks, At: now})
	return body.text
}
