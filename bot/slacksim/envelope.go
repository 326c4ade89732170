package slacksim

import (
	"encoding/json"
	"time"
)

// envelopeType is what kind of thing an envelope carries.
type envelopeType string

const (
	slashEnvelope       envelopeType = "slash_commands"
	interactiveEnvelope envelopeType = "interactive"
	eventEnvelope       envelopeType = "events_api"
)

// envelope is one delivery over Socket Mode and its result. The simulator's lock
// guards it; done is closed once result holds.
type envelope struct {
	id      string
	kind    envelopeType
	payload func(base string) map[string]any // base: how the receiver reaches the simulator
	attempt int
	reason  string
	sentTo  *socket
	lost    bool // on its way to the bot
	answers bool // its ack may carry something
	silent  bool // Slack says that it may not
	timer   *time.Timer
	result  Delivery
	done    chan struct{}
	// acked runs under the lock with the ack's payload; may be nil.
	acked func(payload json.RawMessage)
	// failed runs under the lock if nobody received or answered it; may be nil.
	failed func(Delivery)
}

func (s *Sim) newEnvelope(kind envelopeType, payload func(base string) map[string]any) *envelope {
	return &envelope{id: s.uuid(), kind: kind, payload: payload, answers: kind == slashEnvelope, done: make(chan struct{})}
}

// frame is the envelope as it goes over the wire. That button presses accept a
// payload, which is then ignored, is our rule; Slack's sources disagree.
func (e *envelope) frame(base string) map[string]any {
	f := map[string]any{
		"envelope_id": e.id, "type": e.kind, "payload": e.payload(base),
		"accepts_response_payload": e.answers || e.kind == interactiveEnvelope && !e.silent,
	}
	if e.kind == eventEnvelope {
		f["retry_attempt"], f["retry_reason"] = e.attempt, e.reason
	}
	return f
}

// deliver gives the envelope to exactly one live connection and starts its
// deadline, at once unless it is to be late; the caller holds the lock.
func (s *Sim) deliver(e *envelope) {
	late := s.late
	s.late = 0
	s.later(late, func() { s.send(e) })
}

func (s *Sim) send(e *envelope) {
	sockets := s.liveSockets()
	if len(sockets) == 0 || s.outage {
		s.settle(e, Undelivered)
		return
	}
	c := sockets[s.random.IntN(len(sockets))]
	e.sentTo = c
	frame := e.frame(c.base)
	s.pending[e.id] = e
	e.timer = time.AfterFunc(s.opts.Timing.Ack, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if e.lost {
			s.settle(e, TimedOut)
			return
		}
		s.expire(e)
	})
	if e.lost {
		return
	}
	s.opts.Log.Debug("envelope", "type", string(e.kind), "id", e.id, "socket", c.number)
	c.send(frame)
	if s.repeat > 0 {
		s.repeat--
		s.deliverAgain(e, sockets)
	}
}

// deliverAgain sends a second copy: events as a redelivery with an envelope id of
// its own, everything else as the very same frame.
func (s *Sim) deliverAgain(e *envelope, sockets []*socket) {
	c := sockets[s.random.IntN(len(sockets))]
	if e.kind != eventEnvelope {
		c.send(e.frame(c.base))
		return
	}
	again := s.newEnvelope(e.kind, e.payload)
	again.attempt, again.reason = e.attempt+1, "timeout"
	s.deliver(again)
}

// LoseNext makes the first n deliveries of the next event get lost on their way to the bot.
func (s *Sim) LoseNext(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lose = n
}

// DuplicateNext makes Slack deliver the next envelope twice. Call it n times for
// the next n envelopes.
func (s *Sim) DuplicateNext() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repeat++
}

// DelayNext makes the next envelope reach the bot so much later than the person
// acted, behind others that were sent meanwhile. Its deadline begins when it is
// sent.
func (s *Sim) DelayNext(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late = d
}

// expire ends an envelope that was not acknowledged in time.
func (s *Sim) expire(e *envelope) {
	if s.pending[e.id] != e {
		return
	}
	if e.sentTo.state != closed && !e.sentTo.muted {
		s.recordViolation(MissedAck, "%s envelope %s was not acknowledged within %s", e.kind, e.id, s.opts.Timing.Ack)
	}
	s.settle(e, TimedOut)
}

// settle ends an envelope; the caller holds the lock.
func (s *Sim) settle(e *envelope, result Delivery) {
	delete(s.pending, e.id)
	s.settled[e.id] = true
	if e.timer != nil {
		e.timer.Stop()
	}
	e.result = result
	if result != Acked && e.failed != nil {
		e.failed(result)
	}
	close(e.done)
	s.notifyChange()
}

// await blocks until the envelope is settled or the simulator closes.
func (s *Sim) await(e *envelope) Delivery {
	select {
	case <-e.done:
		return e.result
	case <-s.closed:
		return Undelivered
	}
}
