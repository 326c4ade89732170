package slack_test

import (
	"strings"
	"testing"

	"canarybot.io/bot/slack"
)

func TestAckThatSlackWouldDropGoesWithoutItsMessage(t *testing.T) {
	for name, test := range map[string]struct {
		kind    string
		size    int
		carried bool
	}{
		"small enough":            {"slash_commands", 19 << 10, true},
		"too large":               {"slash_commands", 20 << 10, false},
		"not in answer to a line": {"interactive", 10, false},
	} {
		t.Run(name, func(t *testing.T) {
			var raw []byte
			e := slack.NewEnvelope([]byte(`{"envelope_id":"e1","type":"`+test.kind+`"}`), func(ack []byte) error { raw = ack; return nil })
			carried, err := e.Ack(slack.Reply{Message: &slack.Message{Text: strings.Repeat("x", test.size)}})
			if err != nil || carried != test.carried {
				t.Errorf("carried %v, %v", carried, err)
			}
			if carried && len(raw) < test.size || !carried && string(raw) != `{"envelope_id":"e1"}` {
				t.Errorf("the ack has %d bytes", len(raw))
			}
		})
	}
}
