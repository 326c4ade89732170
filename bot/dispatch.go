package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// ask is one thing that a person did, however they did it.
type ask struct {
	id      rollout.DecisionID
	user    string
	team    string
	channel string
	thread  rollout.ID // the rollout in whose thread it was said; empty: none
}

// answer is what a person hears.
type answer struct {
	now *view.Message // nil: nothing
	// later makes a second answer, after the ack; nil: none. It may be slow.
	later func(context.Context) view.Message
	// replace puts the answer in the place of the private message that was pressed.
	replace bool
}

// tell is an answer of one message.
func tell(m view.Message) answer { return answer{now: &m} }

// voice says something to one person after the ack.
type voice func(ctx context.Context, m view.Message, replace bool) error

// receive takes an envelope from a connection. It never blocks.
func (b *Bot) receive(ctx context.Context, s *socket, f frame) {
	b.stats.add(func(st *Stats) { st.Envelopes++ })
	taken := b.handlers.try(func() {
		defer s.end()
		b.handle(ctx, f, func(raw []byte) error { return b.send(s, raw) })
	})
	if taken {
		return
	}
	b.stats.add(func(st *Stats) { st.Overloaded++ })
	b.Log.Error("too many envelopes at once; one was turned away", "type", f.Type)
	if f.Type != typeSlash || !b.answers.try(func() {
		defer s.end()
		b.ack(func(raw []byte) error { return b.send(s, raw) }, f, new(b.say.Overloaded()))
	}) {
		s.end() // without an ack the person sees that it failed
	}
}

// send writes an ack to the connection that the envelope came from, or, when that is gone, to another one.
func (b *Bot) send(s *socket, raw []byte) error {
	err := s.send(raw)
	if err == nil {
		return nil
	}
	if o := b.links.other(s); o != nil {
		return o.send(raw)
	}
	return err
}

// handle has an envelope decided, acknowledges it, and answers. What could not be committed is not acknowledged:
// the person sees that it failed.
func (b *Bot) handle(late context.Context, f frame, send func([]byte) error) {
	defer b.recovered("handler")
	ctx, cancel := context.WithTimeout(late, handling)
	defer cancel()
	in, known := b.read(f)
	if !known {
		b.stats.add(func(s *Stats) { s.Unknown++ })
		b.Log.Warn("payload cannot be read; acknowledged and dropped", "type", f.Type)
		b.ack(send, f, nil)
		return
	}
	out, first, ok := b.once.do(ctx, in.key, func() (answer, bool) { return b.guarded(ctx, in) })
	if !ok {
		b.stats.add(func(s *Stats) { s.Unacked++ })
		return
	}
	carry := out.now
	if f.Type != typeSlash {
		carry = nil // Slack takes a message in the ack of a slash command only
	}
	if b.ack(send, f, carry) {
		out.now = nil
	}
	if !first { // its ack carries the same: Slack takes the one that is there first
		b.stats.add(func(s *Stats) { s.Duplicates++ })
		return
	}
	b.followUp(late, in.voice, out)
}

// inbound is an envelope, understood.
type inbound struct {
	key   string // of what came, so that it is handled once; empty: it cannot be told
	run   func(context.Context) (answer, error)
	voice voice
}

// read understands an envelope; known is false when its payload is nothing that we read.
func (b *Bot) read(f frame) (in inbound, known bool) {
	switch f.Type {
	case typeSlash:
		var p slashPayload
		if json.Unmarshal(f.Payload, &p) != nil || p.UserID == "" {
			return in, false
		}
		return b.slash(p), true
	case typeInteractive:
		var p pressPayload
		if json.Unmarshal(f.Payload, &p) != nil || p.Type == "" {
			return in, false
		}
		return b.interaction(p), true
	case typeEvent:
		var p eventPayload
		if json.Unmarshal(f.Payload, &p) != nil || p.Event.Type == "" {
			return in, false
		}
		return b.event(p), true
	}
	return in, false
}

// guarded runs what came in, and reports whether it may be acknowledged. A panic is one person's trouble, not the
// process's: nobody knows what was committed, so it is not acknowledged.
func (b *Bot) guarded(ctx context.Context, in inbound) (out answer, ok bool) {
	defer func() {
		if p := recover(); p != nil {
			b.panicked("handler", p)
			out, ok = answer{}, false
		}
	}()
	if in.run == nil {
		return answer{}, true // nothing for us
	}
	out, err := in.run(ctx)
	if err != nil {
		b.Log.Error("not committed, so not acknowledged", "error", err)
		return answer{}, false
	}
	return out, true
}

// recovered ends a panic of one goroutine; to be deferred.
func (b *Bot) recovered(who string) {
	if p := recover(); p != nil {
		b.panicked(who, p)
	}
}

func (b *Bot) panicked(who string, p any) {
	b.stats.add(func(s *Stats) { s.Panics++ })
	b.Log.Error("panic", "in", who, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
}

// ack acknowledges the envelope, with what a slash command's sender sees where m is not nil, and reports whether it
// was carried.
func (b *Bot) ack(send func([]byte) error, f frame, m *view.Message) (carried bool) {
	var payload any
	if m != nil {
		payload = map[string]any{"response_type": "ephemeral", "text": m.Text, "blocks": m.Blocks}
	}
	raw, dropped, err := ackFrame(f.EnvelopeID, payload)
	if err == nil {
		err = send(raw)
	}
	if err != nil {
		b.stats.add(func(s *Stats) { s.AckFailed++ })
		b.Log.Warn("ack failed", "type", f.Type, "error", err)
		return false
	}
	b.stats.add(func(s *Stats) { s.Acked++ })
	return m != nil && !dropped
}

// followUp says in the background what the ack did not carry.
func (b *Bot) followUp(ctx context.Context, say voice, out answer) {
	if say == nil || out.now == nil && out.later == nil {
		return
	}
	taken := b.answers.try(func() {
		defer b.recovered("answer")
		ctx, cancel := context.WithTimeout(ctx, 3*callTimeout)
		defer cancel()
		if out.now != nil {
			b.spoken(say(ctx, *out.now, out.replace))
		}
		if out.later != nil {
			b.spoken(say(ctx, out.later(ctx), false))
		}
	})
	if !taken {
		b.stats.add(func(s *Stats) { s.Overloaded++ })
		b.Log.Warn("too many answers at once; one was dropped")
	}
}

// spoken logs an answer that did not reach its person. What was decided stands.
func (b *Bot) spoken(err error) {
	if err != nil {
		b.Log.Warn("private answer failed", "error", err)
	}
}
