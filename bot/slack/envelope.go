package slack

import (
	"encoding/json"
	"regexp"
	"slices"
)

// maxAck is the size from which Slack drops an ack without a word.
const maxAck = 20 << 10

// The types of frames. TypeCommand is of the one envelope whose ack may carry a message of its own.
const (
	TypeCommand     = "slash_commands"
	typeInteraction = "interactive"
	typeEvent       = "events_api"
	typeHello       = "hello"
	typeDisconnect  = "disconnect"
)

// frame is what Slack sends over a socket: a greeting, a farewell, or an envelope.
type frame struct {
	Type        string          `json:"type"`
	EnvelopeID  string          `json:"envelope_id"`
	Payload     json.RawMessage `json:"payload"`
	Reason      string          `json:"reason"`          // of a disconnect
	Connections int             `json:"num_connections"` // of a hello
}

var rawEnvelopeID = regexp.MustCompile(`"envelope_id"\s*:\s*"([^"\\]{1,200})"`)

// readFrame reads a frame. Of one that is no JSON it saves the envelope's id, so that it can be acknowledged: Slack
// would send it again and again.
func readFrame(raw []byte) frame {
	var f frame
	if err := json.Unmarshal(raw, &f); err == nil {
		return f
	}
	f = frame{Type: "unreadable"}
	if m := rawEnvelopeID.FindSubmatch(raw); m != nil {
		f.EnvelopeID = string(m[1])
	}
	return f
}

// Envelope is what a person did, as Slack delivers it. It waits for an ack, and whoever receives it calls Done once
// nothing more is to be sent.
type Envelope struct {
	Type    string
	id      string
	payload json.RawMessage
	send    func(raw []byte) error
	done    func()
}

// NewEnvelope reads an envelope whose ack goes to send.
func NewEnvelope(raw []byte, send func(raw []byte) error) *Envelope {
	return readFrame(raw).envelope(send, func() {})
}

func (f frame) envelope(send func(raw []byte) error, done func()) *Envelope {
	return &Envelope{Type: f.Type, id: f.EnvelopeID, payload: f.Payload, send: send, done: done}
}

// Done lets the connection close: nothing more is sent for this envelope.
func (e *Envelope) Done() { e.done() }

// Ack acknowledges the envelope, and reports whether it carried the reply to the person: it can where its kind is the
// envelope's, while it is not too large.
func (e *Envelope) Ack(r Reply) (carried bool, err error) {
	ack := struct {
		EnvelopeID string `json:"envelope_id"`
		Payload    any    `json:"payload,omitempty"`
	}{EnvelopeID: e.id, Payload: r.payload(e.Type)}
	raw, err := json.Marshal(ack)
	if err == nil && len(raw) >= maxAck {
		ack.Payload = nil
		raw, err = json.Marshal(ack)
	}
	if err != nil {
		return false, err
	}
	return ack.Payload != nil, e.send(raw)
}

// Command is a slash command, as far as it is read.
type Command struct {
	TeamID      string `json:"team_id"`
	UserID      string `json:"user_id"`
	ChannelID   string `json:"channel_id"`
	Text        string `json:"text"`
	ResponseURL string `json:"response_url"`
	TriggerID   string `json:"trigger_id"`
}

// Interaction is what somebody did with a message, a modal or a shortcut, such as a press on a button, as far as it is
// read.
type Interaction struct {
	Type string `json:"type"`
	User struct {
		ID     string `json:"id"`
		TeamID string `json:"team_id"`
	} `json:"user"`
	Container struct {
		Type      string `json:"type"`
		MessageTS string `json:"message_ts"`
		ChannelID string `json:"channel_id"`
		ThreadTS  string `json:"thread_ts"`
		Ephemeral bool   `json:"is_ephemeral"`
	} `json:"container"`
	Actions []struct {
		ActionID string `json:"action_id"`
		Value    string `json:"value"`
		ActionTS string `json:"action_ts"` // when it was pressed
	} `json:"actions"`
	View        View   `json:"view"`        // of what was done in a modal or on the home tab
	CallbackID  string `json:"callback_id"` // of a shortcut
	Message     Source `json:"message"`     // that a shortcut was used on
	BlockID     string `json:"block_id"`    // of a suggestion, as the next two
	ActionID    string `json:"action_id"`
	Value       string `json:"value"`
	ResponseURL string `json:"response_url"`
	TriggerID   string `json:"trigger_id"`
}

// Event is an event, such as a mention of the bot, as far as it is read.
type Event struct {
	TeamID string `json:"team_id"`
	// Authorizations name the app's own bot user, of whom the text may speak by this id.
	Authorizations []struct {
		UserID string `json:"user_id"`
		IsBot  bool   `json:"is_bot"`
	} `json:"authorizations"`
	Event struct {
		Type        string       `json:"type"`
		Subtype     string       `json:"subtype"`
		User        string       `json:"user"`
		BotID       string       `json:"bot_id"`
		AppID       string       `json:"app_id"`
		Text        string       `json:"text"`
		Channel     string       `json:"channel"`
		Tab         string       `json:"tab"` // of the app's home that was opened
		TS          string       `json:"ts"`
		ThreadTS    string       `json:"thread_ts"`
		Edited      *Edit        `json:"edited"`
		Attachments []Attachment `json:"attachments"`
		// SubteamID and Subteam name the user group that changed.
		SubteamID string `json:"subteam_id"`
		Subteam   struct {
			ID string `json:"id"`
		} `json:"subteam"`
	} `json:"event"`
}

// Edit is in a message that was changed after it was posted. Its mention comes as another event, with the time of the
// first.
type Edit struct {
	TS string `json:"ts"`
}

// Attachment is what hangs on a message.
type Attachment struct {
	IsShare bool `json:"is_share"` // somebody's message, passed on
}

// Selves returns the ids by which the text of the event may call the app's own bot user.
func (e Event) Selves() []string {
	var ids []string
	for _, a := range e.Authorizations {
		if a.IsBot && a.UserID != "" {
			ids = append(ids, a.UserID)
		}
	}
	return ids
}

// Edit tells the edits of a message apart; empty for a message as it was posted.
func (e Event) Edit() string {
	switch {
	case e.Event.Edited != nil && e.Event.Edited.TS != "":
		return e.Event.Edited.TS
	case e.Event.Edited != nil, e.Event.Subtype == "message_changed":
		return "edited"
	}
	return ""
}

// IsTyped reports whether a person typed the message just so: it is no /me, nothing that an app or Slack wrote, and no
// message of somebody else's passed on.
func (e Event) IsTyped() bool {
	switch e.Event.Subtype {
	case "", "thread_broadcast", "file_share":
		return !slices.ContainsFunc(e.Event.Attachments, func(a Attachment) bool { return a.IsShare })
	}
	return false
}

// IsByApp reports whether an app or a workflow posted the message.
func (e Event) IsByApp() bool {
	return e.Event.BotID != "" || e.Event.User == "" || e.Event.Subtype == "bot_message"
}

// Payload returns the Command, the Interaction or the Event that the envelope holds; nil when it holds none that can be
// read.
func (e *Envelope) Payload() any {
	switch e.Type {
	case TypeCommand:
		var p Command
		if json.Unmarshal(e.payload, &p) == nil && p.UserID != "" {
			return p
		}
	case typeInteraction:
		var p Interaction
		if json.Unmarshal(e.payload, &p) == nil && p.Type != "" {
			return p
		}
	case typeEvent:
		var p Event
		if json.Unmarshal(e.payload, &p) == nil && p.Event.Type != "" {
			return p
		}
	}
	return nil
}
