package slacksim

import "time"

// conversation is how events and subscriptions call the kind of a channel.
type conversation struct {
	event string // the subscription
	scope string
	name  string // channel_type
}

func (r *room) conversation() conversation {
	switch {
	case r.direct:
		return conversation{event: "message.im", scope: "im:history", name: "im"}
	case r.Private:
		return conversation{event: "message.groups", scope: "groups:history", name: "group"}
	default:
		return conversation{event: "message.channels", scope: "channels:history", name: "channel"}
	}
}

// tellMessage delivers a message event to an app that is in the channel and asked for its kind; nil: there is none. The
// caller holds the lock.
func (s *Sim) tellMessage(r *room, event map[string]any) *envelope {
	kind := r.conversation()
	if r.BotAbsent || !s.subscribed(kind.event) || !s.granted(kind.scope) {
		return nil
	}
	event["type"], event["channel"], event["channel_type"] = "message", r.ID, kind.name
	return s.startEvent(event)
}

// tellPosted tells of a new message, the bot's own too: apps know theirs by the bot_id.
func (s *Sim) tellPosted(r *room, m *Message) *envelope {
	w := s.wire(r, m, true)
	event := map[string]any{"user": w.User, "text": w.Text, "ts": w.TS, "event_ts": w.TS, "team": w.Team, "blocks": w.Blocks}
	for field, v := range map[string]string{
		"thread_ts": w.ThreadTS, "parent_user_id": w.ParentUserID, "bot_id": w.BotID, "app_id": w.AppID, "subtype": w.Subtype,
	} {
		if v != "" {
			event[field] = v
		}
	}
	switch {
	case m.App != "" && m.User == "":
		delete(event, "user")
		event["subtype"] = "bot_message"
	case len(w.Files) > 0:
		event["subtype"], event["files"] = "file_share", w.Files
	case w.BotID == "":
		event["client_msg_id"] = s.uuid()
	}
	return s.tellMessage(r, event)
}

// tellChanged tells of an edit, with the message as it was and as it is.
func (s *Sim) tellChanged(r *room, m *Message, before wireMessage) *envelope {
	return s.tellHidden(r, map[string]any{"subtype": "message_changed", "message": s.wire(r, m, true), "previous_message": before})
}

// tellDeleted tells of a message that is gone.
func (s *Sim) tellDeleted(r *room, before wireMessage) *envelope {
	return s.tellHidden(r, map[string]any{"subtype": "message_deleted", "deleted_ts": before.TS, "previous_message": before})
}

func (s *Sim) tellHidden(r *room, event map[string]any) *envelope {
	now := eventTS(time.Now().Add(s.opts.Timing.Ahead))
	event["hidden"], event["ts"], event["event_ts"] = true, now, now
	return s.tellMessage(r, event)
}
