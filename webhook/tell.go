package webhook

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"canarybot.io/rollout"
)

// tellNext tells the next event. Where that fails another rollout is next, so that one alone holds no other.
func (l *line) tellNext(ctx context.Context) {
	t := l.order[0]
	l.order = l.order[1:]
	t.queued = false
	defer func() {
		if len(t.refs) > 0 {
			l.settle(ctx, t)
		}
	}()
	err := l.recovered(func() error { return l.tell(ctx, t) })
	if ctx.Err() != nil && err != nil {
		return
	}
	outcome, after := outcomeOf(err)
	switch {
	case outcome == forgotten:
		for len(t.refs) > 0 {
			l.done(ctx, t, forgotten)
		}
	case err == nil:
		l.failures, l.silenced, l.notBefore = 0, false, time.Now().Add(l.Every)
		l.done(ctx, t, sent)
	case outcome == Refused:
		l.failures, l.notBefore = 0, time.Now().Add(l.Every)
		if l.speaks() {
			l.log.Warn("event refused; the target is not told of it", "rollout", t.id, "error", err)
		}
		l.done(ctx, t, string(Refused))
	case outcome == Gone:
		l.meters.count(l.Name, string(Gone))
		l.log.Error("the target wants no more events; it is told again after a restart", "rollout", t.id, "error", err)
		l.mu.Lock()
		l.gone, l.heads = true, nil
		l.mu.Unlock()
	default:
		l.meters.count(l.Name, string(Later))
		if l.speaks() {
			l.log.Warn("event not taken; it is tried again", "rollout", t.id, "error", err)
		}
		l.save(ctx, t)
		pause := backoff(l.failures, pauseFirst, pauseMost)
		l.failures++
		l.notBefore = time.Now().Add(max(jitter(pause), min(after, afterMost)))
	}
}

// speaks reports whether a failure is to be logged: the first one since something was taken.
func (l *line) speaks() bool {
	silenced := l.silenced
	l.silenced = true
	return !silenced
}

// tell tells the tale's first event.
func (l *line) tell(ctx context.Context, t *tale) error {
	ctx, cancel := context.WithTimeout(ctx, sendMost)
	defer cancel()
	seq := t.refs[0].seq
	r, err := l.o.Store.Load(ctx, t.id)
	if rollout.CodeOf(err) == rollout.NotFound {
		return &Error{Outcome: forgotten, Cause: err}
	}
	if err != nil {
		return err
	}
	entries, err := l.o.Store.Timeline(ctx, t.id, seq-1)
	if err != nil {
		return err
	}
	if len(entries) == 0 || entries[0].Seq != seq {
		return &Error{Outcome: forgotten, Cause: fmt.Errorf("%s has no entry %d", t.id, seq)}
	}
	return l.Target.Send(ctx, l.event(ctx, r, entries[0]))
}

// event returns what the target is told of an entry.
func (l *line) event(ctx context.Context, r rollout.Rollout, e rollout.Entry) Event {
	kind, _ := KindOf(e)
	event := Event{ID: EventID(r, e.Seq, l.Name), Kind: kind, Environment: r.Spec.Environment, Rollout: r, Entry: e, Text: l.o.Say(r, e, l.HidePeople)}
	if l.o.Link != nil {
		event.Link, _ = l.o.Link(ctx, r.ID) // without a card yet, there is no link to it
	}
	if l.HidePeople {
		return event
	}
	event.By = e.Actor
	if kind == Requested || kind == Started {
		event.By = r.Request.By
	}
	return event
}

// recovered turns a panic into an event that is refused: one rollout's must not take the others' with it.
func (l *line) recovered(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			l.log.Error("panic", "in", "webhook", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			err = &Error{Outcome: Refused, Cause: fmt.Errorf("panic: %v", v)}
		}
	}()
	return f()
}

// backoff doubles the first pause with each failure.
func backoff(failures int, first, most time.Duration) time.Duration {
	return min(first<<min(failures, 10), most)
}

// jitter returns the pause, up to a fifth longer or shorter: targets that came back are not met by all at once.
func jitter(pause time.Duration) time.Duration {
	return pause*4/5 + rand.N(pause*2/5) //nolint:gosec // no secret
}
