package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"canarybot.io/bot/slacksim/blockkit"
)

// Metadata is what an app attaches to a message for itself.
type Metadata struct {
	EventType    string         `json:"event_type"`
	EventPayload map[string]any `json:"event_payload"`
}

// Revision is a message's content before an edit.
type Revision struct {
	At     time.Time
	Text   string
	Blocks json.RawMessage
}

// Message is the current state of a message in a channel.
type Message struct {
	Channel  string
	TS       string
	ThreadTS string // the root's ts; empty for messages that are not replies
	User     string
	FromBot  bool
	App      string // the bot id of another app that wrote it; empty: none did
	Text     string
	Blocks   json.RawMessage // nil when there are none
	Metadata *Metadata
	Files    []string // ids
	// Reactions are in the order in which they came.
	Reactions []Reaction
	// Broadcast marks a reply that is shown in the channel too.
	Broadcast bool
	At        time.Time
	// History has the earlier contents, oldest first.
	History []Revision
	// WarnedFor are the people whose last press on it failed: they see a triangle.
	WarnedFor []string
}

// Edits counts how often the message was changed.
func (m Message) Edits() int { return len(m.History) }

// Buttons lists the buttons on the message now.
func (m Message) Buttons() []blockkit.Button { return blockkit.Buttons(m.Blocks) }

// Ephemeral is a message that only one person sees. Nobody can fetch it again.
type Ephemeral struct {
	Channel  string
	User     string // who sees it
	TS       string
	ThreadTS string // where it is shown; empty for the channel itself
	FromBot  bool   // false: from Slack itself
	Text     string
	Blocks   json.RawMessage
	At       time.Time
	Edits    int
	Deleted  bool
}

// Buttons lists the buttons on the message now.
func (e Ephemeral) Buttons() []blockkit.Button { return blockkit.Buttons(e.Blocks) }

// room is a channel and its messages.
type room struct {
	Channel
	direct   bool       // with one person
	messages []*Message // in order of their ts
	ahead    time.Duration
	lastTS   int64   // microseconds since 1970 of the newest ts given out
	tokens   float64 // posts the channel takes at once
	filledAt time.Time
	refused  []time.Time // posts refused within the last minute
}

// nextTS returns a new message id: the clock's second and a counter, so that
// ids are unique and rising within a channel even while the clock does not
// move.
func (r *room) nextTS(now time.Time) string {
	now = now.Add(r.ahead)
	r.lastTS = max(r.lastTS, now.Unix()*1_000_000) + 100
	return fmt.Sprintf("%d.%06d", r.lastTS/1_000_000, r.lastTS%1_000_000)
}

func (r *room) message(ts string) *Message {
	for _, m := range slices.Backward(r.messages) {
		if m.TS == ts {
			return m
		}
	}
	return nil
}

// remove removes a message from the room, reports whether it was there, and returns the event about it, nil if there is
// none. The caller holds the lock.
func (s *Sim) remove(r *room, ts string) (found bool, told *envelope) {
	m := r.message(ts)
	if m == nil {
		return false, nil
	}
	before := s.wire(r, m, true)
	r.messages = slices.DeleteFunc(r.messages, func(o *Message) bool { return o == m })
	s.notifyChange()
	return true, s.tellDeleted(r, before)
}

// removed is remove for those who wait for nobody.
func (s *Sim) removed(r *room, ts string) bool {
	found, _ := s.remove(r, ts)
	return found
}

func (r *room) hasMember(user string) bool {
	return len(r.Members) == 0 || slices.Contains(r.Members, user)
}

// replies returns the thread under a root, oldest first.
func (r *room) replies(root string) []*Message {
	var out []*Message
	for _, m := range r.messages {
		if m.ThreadTS == root {
			out = append(out, m)
		}
	}
	return out
}

// roots returns what the channel itself shows: no replies except broadcast
// ones.
func (r *room) roots() []*Message {
	var out []*Message
	for _, m := range r.messages {
		if m.ThreadTS == "" || m.Broadcast {
			out = append(out, m)
		}
	}
	return out
}

// edit replaces a message's content and keeps the old one in its history.
func (m *Message) edit(now time.Time, text string, blocks json.RawMessage) {
	m.History = append(m.History, Revision{At: now, Text: m.Text, Blocks: m.Blocks})
	m.Text, m.Blocks = text, blocks
	m.WarnedFor = nil
}

func (m *Message) clone() Message {
	c := *m
	c.History = slices.Clone(m.History)
	c.WarnedFor = slices.Clone(m.WarnedFor)
	c.Reactions = slices.Clone(m.Reactions)
	return c
}

func clones(in []*Message) []Message {
	out := make([]Message, 0, len(in))
	for _, m := range in {
		out = append(out, m.clone())
	}
	return out
}
