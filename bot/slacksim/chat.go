package slacksim

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// target finds the channel a call writes to and checks that the bot may.
func (s *Sim) target(c call) (*room, reply) {
	r := s.roomNamed(c.text("channel"))
	if r == nil && c.method == "chat.postMessage" {
		r = s.direct(c.text("channel"))
	}
	switch {
	case r == nil || r.Private && r.BotAbsent:
		return nil, refuse("channel_not_found")
	case r.Archived:
		return nil, refuse("is_archived")
	case r.Restricted:
		return nil, refuse("restricted_action")
	case r.ThreadsOnly && c.text("thread_ts") == "":
		return nil, refuse("restricted_action_thread_only_channel")
	case r.NoThreads && c.text("thread_ts") != "":
		return nil, refuse("restricted_action_non_threadable_channel")
	case r.BotAbsent && !s.granted("chat:write.public"):
		return nil, refuse("not_in_channel")
	}
	return r, reply{}
}

func (s *Sim) postMessage(c call) reply {
	r, rep := s.target(c)
	if rep.err != "" {
		return rep
	}
	if (c.has("username") || c.has("icon_emoji") || c.has("icon_url")) && !s.granted("chat:write.customize") {
		return s.missingScope(c, "chat:write.customize")
	}
	if c.has("attachments") {
		s.recordViolation(BadArguments, "chat.postMessage: attachments are not simulated; use blocks")
		return refuse("invalid_arguments")
	}
	body, rep := s.readContent(c.args, "chat.postMessage")
	if rep.err != "" {
		return rep
	}
	body, rep = s.postable(body, "chat.postMessage")
	if rep.err != "" {
		return rep
	}
	root, rep := s.threadRoot(r, c)
	if rep.err != "" {
		return rep
	}
	if rep := s.paceChannel(r, c.now); rep.err != "" {
		return rep
	}
	m := s.add(r, Message{
		ThreadTS: root, User: s.opts.Bot.UserID, FromBot: true, At: c.now,
		Text: body.text, Blocks: body.blocks, Metadata: body.metadata,
		Broadcast: root != "" && c.flag("reply_broadcast"),
	})
	return ok(map[string]any{"channel": r.ID, "ts": m.TS, "message": s.wire(r, m, true)})
}

// threadRoot returns the thread a post goes to, empty for none. Naming a reply
// instead of the root works, oddly, in Slack; here it works and is a violation.
func (s *Sim) threadRoot(r *room, c call) (string, reply) {
	ts := c.text("thread_ts")
	if ts == "" {
		return "", reply{}
	}
	parent := r.message(ts)
	if parent == nil {
		return "", refuse("thread_not_found")
	}
	if parent.ThreadTS != "" {
		s.recordViolation(ReplyToReply, "%s: thread_ts %s is itself a reply", c.method, ts)
		return parent.ThreadTS, reply{}
	}
	return ts, reply{}
}

// add puts a message into a channel; the caller holds the lock.
func (s *Sim) add(r *room, m Message) *Message {
	added, _ := s.post(r, m)
	return added
}

// post is add that returns the event about the message too, nil if there is none.
func (s *Sim) post(r *room, m Message) (*Message, *envelope) {
	m.Channel = r.ID
	m.TS = r.nextTS(m.At)
	r.messages = append(r.messages, &m)
	s.notifyChange()
	return &m, s.tellPosted(r, &m)
}

// edit changes a message, keeps what it was in its history, and returns the event about that, nil if there is none.
func (s *Sim) edit(r *room, m *Message, body content) *envelope {
	before := s.wire(r, m, true)
	m.edit(time.Now(), body.text, body.blocks)
	s.notifyChange()
	return s.tellChanged(r, m, before)
}

// namedMessage returns the message that the call names by its channel and the argument of this name.
func (s *Sim) namedMessage(c call, argument string) (*room, *Message, reply) {
	r := s.room(c.text("channel"))
	if r == nil || r.Private && r.BotAbsent {
		return nil, nil, refuse("channel_not_found")
	}
	m := r.message(c.text(argument))
	if m == nil {
		return nil, nil, refuse("message_not_found")
	}
	return r, m, reply{}
}

func (s *Sim) updateMessage(c call) reply {
	r, m, rep := s.namedMessage(c, "ts")
	if rep.err != "" {
		return rep
	}
	if !m.FromBot {
		s.recordViolation(ForeignMessage, "chat.update of a message by %s", m.User)
		return refuse("cant_update_message")
	}
	if r.Archived {
		return refuse("is_inactive")
	}
	if limit := s.opts.Timing.Edits; limit > 0 && c.now.Sub(m.At) > limit {
		return refuse("edit_window_closed")
	}
	body, rep := s.readContent(c.args, "chat.update")
	if rep.err != "" {
		return rep
	}
	if utf8.RuneCountInString(body.text) > maxUpdateText {
		s.recordViolation(TextTooLong, "chat.update: text has more than %d characters", maxUpdateText)
		return refuse("msg_too_long")
	}
	if !body.hasBlocks {
		body.blocks = m.Blocks
	}
	if body.text == "" && body.blocks == nil {
		s.recordViolation(NoText, "chat.update: neither text nor blocks are left")
		return refuse("no_text")
	}
	if !c.has("text") {
		body.text = m.Text
	}
	if body.hasMetadata {
		m.Metadata = body.metadata
	}
	s.edit(r, m, body)
	return ok(map[string]any{"channel": r.ID, "ts": m.TS, "text": m.Text, "message": s.wire(r, m, true)})
}

// deleteMessage takes back a message of the bot's own. Replies to it stay.
func (s *Sim) deleteMessage(c call) reply {
	r, m, rep := s.namedMessage(c, "ts")
	if rep.err != "" {
		return rep
	}
	if !m.FromBot {
		s.recordViolation(ForeignMessage, "chat.delete of a message by %s", m.User)
		return refuse("cant_delete_message")
	}
	s.remove(r, m.TS)
	return ok(map[string]any{"channel": r.ID, "ts": m.TS})
}

func (s *Sim) postEphemeral(c call) reply {
	r, rep := s.target(c)
	if rep.err != "" {
		return rep
	}
	u, found := s.user(c.text("user"))
	if !found || !r.hasMember(u.ID) || u.Deactivated {
		return refuse("user_not_in_channel")
	}
	body, rep := s.readContent(c.args, "chat.postEphemeral")
	if rep.err != "" {
		return rep
	}
	body, rep = s.postable(body, "chat.postEphemeral")
	if rep.err != "" {
		return rep
	}
	root, rep := s.threadRoot(r, c)
	if rep.err != "" {
		return rep
	}
	e := s.addEphemeral(r, Ephemeral{
		User: u.ID, ThreadTS: root, FromBot: true, Text: body.text, Blocks: body.blocks, At: c.now,
	})
	return ok(map[string]any{"message_ts": e.TS})
}

// addEphemeral shows a message to one person; the caller holds the lock.
func (s *Sim) addEphemeral(r *room, e Ephemeral) *Ephemeral {
	e.Channel = r.ID
	e.TS = r.nextTS(e.At)
	s.ephemerals = append(s.ephemerals, &e)
	s.notifyChange()
	return &e
}

func (s *Sim) getPermalink(c call) reply {
	r, m, rep := s.namedMessage(c, "message_ts")
	if rep.err != "" {
		return rep
	}
	return ok(map[string]any{"channel": r.ID, "permalink": s.permalink(m)})
}

func (s *Sim) permalink(m *Message) string {
	link := fmt.Sprintf("https://%s.slack.com/archives/%s/p%s",
		s.opts.Workspace.Domain, m.Channel, strings.ReplaceAll(m.TS, ".", ""))
	if m.ThreadTS != "" {
		link += "?" + url.Values{"thread_ts": {m.ThreadTS}, "cid": {m.Channel}}.Encode()
	}
	return link
}
