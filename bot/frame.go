package bot

import (
	"encoding/json"
	"regexp"
)

// maxAck is the size from which Slack drops an ack without a word.
const maxAck = 20 << 10

// frame is what Slack sends over a socket: a greeting, a farewell, or an envelope.
type frame struct {
	Type        string          `json:"type"`
	EnvelopeID  string          `json:"envelope_id"`
	Payload     json.RawMessage `json:"payload"`
	Reason      string          `json:"reason"`          // of a disconnect
	Connections int             `json:"num_connections"` // of a hello
}

// The types of frames.
const (
	typeHello       = "hello"
	typeDisconnect  = "disconnect"
	typeSlash       = "slash_commands"
	typeInteractive = "interactive"
	typeEvent       = "events_api"
)

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

// slashPayload is a slash command, as far as it is read.
type slashPayload struct {
	TeamID      string `json:"team_id"`
	UserID      string `json:"user_id"`
	ChannelID   string `json:"channel_id"`
	Text        string `json:"text"`
	ResponseURL string `json:"response_url"`
	TriggerID   string `json:"trigger_id"`
}

// pressPayload is a press on a button, as far as it is read.
type pressPayload struct {
	Type string `json:"type"`
	User struct {
		ID     string `json:"id"`
		TeamID string `json:"team_id"`
	} `json:"user"`
	Container struct {
		MessageTS string `json:"message_ts"`
		ChannelID string `json:"channel_id"`
		ThreadTS  string `json:"thread_ts"`
		Ephemeral bool   `json:"is_ephemeral"`
	} `json:"container"`
	Actions []struct {
		ActionID string `json:"action_id"`
		Value    string `json:"value"`
	} `json:"actions"`
	ResponseURL string `json:"response_url"`
	TriggerID   string `json:"trigger_id"`
}

// eventPayload is an event, as far as it is read.
type eventPayload struct {
	TeamID string `json:"team_id"`
	Event  struct {
		Type     string `json:"type"`
		User     string `json:"user"`
		Team     string `json:"team"`
		BotID    string `json:"bot_id"`
		Text     string `json:"text"`
		Channel  string `json:"channel"`
		TS       string `json:"ts"`
		ThreadTS string `json:"thread_ts"`
	} `json:"event"`
}

// ackFrame is an acknowledgement, with what a slash command's sender sees where payload is not nil. What Slack would
// drop for its size is left out, which dropped reports.
func ackFrame(envelope string, payload any) (raw []byte, dropped bool, err error) {
	ack := struct {
		EnvelopeID string `json:"envelope_id"`
		Payload    any    `json:"payload,omitempty"`
	}{envelope, payload}
	if raw, err = json.Marshal(ack); err != nil || len(raw) < maxAck {
		return raw, false, err
	}
	ack.Payload = nil
	raw, err = json.Marshal(ack)
	return raw, true, err
}
