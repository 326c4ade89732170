package slacksim

import (
	"encoding/json"

	"github.com/gorilla/websocket"
)

// maxAck is the size from which Slack silently drops an ack.
const maxAck = 20 << 10

// receive takes one frame from the bot. Every frame should be an ack.
func (s *Sim) receive(c *socket, kind int, frame []byte, fragmented bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.muted {
		return
	}
	if s.loseAcks > 0 {
		s.loseAcks--
		return
	}
	var ack struct {
		EnvelopeID string          `json:"envelope_id"`
		Payload    json.RawMessage `json:"payload"`
	}
	switch {
	case kind != websocket.TextMessage:
		s.recordViolation(BadAck, "a binary frame")
		return
	case len(frame) >= maxAck:
		s.recordViolation(OversizeAck, "%d bytes", len(frame))
		return
	case fragmented:
		s.recordViolation(FragmentedAck, "%d bytes in several frames", len(frame))
		return
	case json.Unmarshal(frame, &ack) != nil || ack.EnvelopeID == "":
		s.recordViolation(BadAck, "no JSON object with an envelope_id: %.80q", frame)
		return
	}
	e := s.pending[ack.EnvelopeID]
	if e == nil {
		if !s.settled[ack.EnvelopeID] {
			s.recordViolation(BadAck, "envelope %s was never sent", ack.EnvelopeID)
		}
		return // late or repeated: Slack does not care
	}
	if e.sentTo != c {
		// SDKs keep acks over a reconnect. That Slack takes them there is our rule.
		s.opts.Log.Info("ack over another connection", "envelope", e.id)
	}
	s.accept(e, ack.Payload)
}

// LoseAcks makes the next n acks get lost on their way to Slack: what they were for is done, and the person sees that it
// failed.
func (s *Sim) LoseAcks(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loseAcks = n
}

func (s *Sim) accept(e *envelope, payload json.RawMessage) {
	if emptyPayload(payload) {
		payload = nil
	}
	if payload != nil && !e.answers {
		s.recordViolation(UnwantedAckPayload, "%s envelope: %.80s", e.kind, payload)
		payload = nil
	}
	if e.acked != nil {
		e.acked(payload)
	}
	s.settle(e, Acked)
}

func emptyPayload(p json.RawMessage) bool {
	switch string(p) {
	case "", "null", "{}", `""`:
		return true
	default:
		return false
	}
}
