package bot

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"canarybot.io/bot/command"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// request is one thing that a person asked for, whether typed or pressed.
type request struct {
	id     rollout.DecisionID // empty: Slack gave none
	user   string
	thread rollout.ID // the rollout in whose thread it was; empty: none
	// message is true for what others read too, and that may be said to them.
	message bool
	written time.Time // by our clock; zero: Slack gave no time, and it has only just been
	trigger string    // with which a form may be opened, within three seconds; empty: none may
	form    bool      // it was filled in in a form: nothing has to be typed to put it right
}

// answer is what the person sees.
type answer struct {
	now *view.Message // nil: nothing
	// later makes a second answer, after the ack; nil: none. It may be slow.
	later func(context.Context) view.Message
	// started is the rollout that it says is on its way: what keeps people from seeing that is told in the same way.
	started rollout.ID
	// pended is true where it says that a deploy is pending.
	pended bool
	// replace puts the answer in the place of the private message whose button was pressed.
	replace bool
	// reply is what the ack carries beside a message: to a form, or to a search.
	reply slack.Reply
	// then runs after the ack; nil: nothing does. It may be slow.
	then func(context.Context)
	// passes is what refused a deploy, where that passes by itself; nil: something else did, or nothing.
	passes error
	// about is the field of a form that a refusal is about, and remedy what to do there; empty: none.
	about, remedy string
}

// said is what the ack of the answer carries.
func (a answer) said() slack.Reply {
	a.reply.Message = (*slack.Message)(a.now)
	return a.reply
}

// answerWith is an answer of one message.
func answerWith(m view.Message) answer { return answer{now: &m} }

// inbound is an envelope, parsed.
type inbound struct {
	key   string // by which it is recognised when it comes again; empty: Slack gave none
	run   func(context.Context) (answer, error)
	reply replier
}

// receive takes an envelope from a connection. It never blocks.
func (b *Bot) receive(late context.Context, e *slack.Envelope) {
	taken := b.handlers.TryGo(func() error {
		defer e.Done()
		b.handle(late, e)
		return nil
	})
	if taken {
		return
	}
	b.Slack.Count(slack.Overloaded)
	b.Log.Error("too many envelopes at once; one was dropped", "type", e.Type)
	answered := e.Type == slack.TypeCommand && b.replies.TryGo(func() error {
		defer e.Done()
		b.ack(e, answerWith(b.answers.Overloaded()).said())
		return nil
	})
	if !answered {
		e.Done() // without an ack the person sees that it failed
	}
}

// handle carries out what an envelope asks for, acknowledges it, and answers. What could not be committed is not
// acknowledged: the person sees that it failed.
func (b *Bot) handle(late context.Context, e *slack.Envelope) {
	defer b.recoverFrom("handler")
	ctx, cancel := context.WithTimeout(late, handlingMost)
	defer cancel()
	in, known := b.read(e)
	if !known {
		b.Slack.Count(slack.Unreadable)
		b.Log.Warn("payload cannot be read; acknowledged and dropped", "type", e.Type)
		b.ack(e, slack.Reply{})
		return
	}
	out, first, ok := b.dedup.do(ctx, in.key, func() (answer, bool) { return b.guarded(ctx, in) })
	if !ok {
		b.Slack.Count(slack.Unacked)
		return
	}
	if b.ack(e, out.said()) {
		out.now = nil
	}
	if !first { // its ack carries the same: Slack takes the one that is there first
		b.Slack.Count(slack.Duplicate)
		return
	}
	b.followUp(late, in.reply, out)
}

// read parses an envelope; known is false when its payload cannot be read.
func (b *Bot) read(e *slack.Envelope) (in inbound, known bool) {
	switch p := e.Payload().(type) {
	case slack.Command:
		return b.slash(p), true
	case slack.Interaction:
		return b.interaction(p), true
	case slack.Event:
		return b.event(p), true
	}
	return inbound{}, false
}

// slash is a slash command.
func (b *Bot) slash(p slack.Command) inbound {
	req := request{user: p.UserID, trigger: p.TriggerID}
	if p.TriggerID != "" {
		req.id = rollout.DecisionID("slack:" + p.TriggerID)
	}
	return inbound{
		key: string(req.id), reply: b.byResponseURL(p.ResponseURL, ""),
		run: func(ctx context.Context) (answer, error) { return b.line(ctx, req, p.Text) },
	}
}

// line carries out what somebody typed.
func (b *Bot) line(ctx context.Context, req request, text string) (answer, error) {
	cmd, err := command.Parse(text, b.known(ctx, req))
	if service, ok := withoutArguments(err); ok && req.trigger != "" {
		return b.openForm(ctx, req, draft{DeployRequest: rollout.DeployRequest{Service: service}})
	}
	if err != nil {
		answers := b.answers
		if req.message {
			answers = b.mentioning()
		}
		return answerWith(answers.ParseError(err)), nil
	}
	cmd.Reason = b.readable(ctx, cmd.Reason)
	if cmd.Verb == command.Deploy {
		return b.deploy(ctx, req, cmd)
	}
	if cmd.Verb.Decides() {
		return b.typed(ctx, req, cmd)
	}
	if cmd.Verb.Closes() {
		return b.closes(ctx, req, cmd)
	}
	if cmd.Move != "" {
		return b.moves(ctx, req, cmd)
	}
	if cmd.Verb == command.Incident {
		return b.incident(ctx, req, cmd)
	}
	return b.query(ctx, req, cmd)
}

// known has the names that a line may name.
func (b *Bot) known(ctx context.Context, req request) command.Known {
	me := b.Slack.Me()
	k := command.Known{Services: b.Cards.LiveServices(), Thread: req.thread, Besides: b.besides(ctx, req.thread), Message: req.message, Self: []string{me.Name, me.User}}
	for name, s := range b.Services {
		k.Services = append(k.Services, name)
		if s.Team != "" && !slices.Contains(k.Teams, s.Team) {
			k.Teams = append(k.Teams, s.Team)
		}
	}
	return k
}

// guarded runs what came in, and reports whether it may be acknowledged. A panic fails one request, not the process:
// what it committed is not known, so it is not acknowledged.
func (b *Bot) guarded(ctx context.Context, in inbound) (out answer, ok bool) {
	defer func() {
		if p := recover(); p != nil {
			b.panicked("handler", p)
			out, ok = answer{}, false
		}
	}()
	if in.run == nil {
		return answer{}, true // not for us
	}
	out, err := in.run(ctx)
	if err != nil {
		b.Log.Error("not committed, so not acknowledged", "error", err)
		return answer{}, false
	}
	return out, true
}

const (
	// remembered is how many of the last requests are recognised in memory. Slack repeats within minutes; the store
	// remembers decisions for longer.
	remembered = 2000
	// shared is for how many of them the answer is kept too: a message may take 50 KB.
	shared = 100
	// longestKey bounds what a request is recognised by. The store takes no longer one for a decision.
	longestKey = 1024
)

// dedup handles once what Slack delivers twice: the second delivery waits for the first and shares its answer, or is
// acknowledged without one where that was long ago.
type dedup struct {
	seen     *lru.Cache[string, *attempt]
	answered *lru.Cache[string, *attempt] // the last of them: who drops out of it loses its answer
}

// attempt is one request, being handled or handled.
type attempt struct {
	done chan struct{}          // closed when the next two hold
	said atomic.Pointer[answer] // what its ack carried
	ok   bool
}

func newDedup() *dedup {
	seen, _ := lru.New[string, *attempt](remembered) // these fail for a size below one only
	answered, _ := lru.NewWithEvict(shared, func(_ string, a *attempt) { a.said.Store(nil) })
	return &dedup{seen: seen, answered: answered}
}

// do runs f unless the key was handled before, and reports whether this was the first. The answer is that of the
// first. What failed may be tried again. An empty key is always new.
func (d *dedup) do(ctx context.Context, key string, f func() (answer, bool)) (out answer, first, ok bool) {
	if key == "" || len(key) > longestKey {
		out, ok = f()
		return out, true, ok
	}
	now := &attempt{done: make(chan struct{})}
	before, found, _ := d.seen.PeekOrAdd(key, now)
	if !found {
		defer func() { // also through a panic
			if !now.ok {
				d.seen.Remove(key)
			}
			close(now.done)
		}()
		out, now.ok = f()
		if now.ok && !out.said().IsZero() {
			now.said.Store(&answer{now: out.now, reply: out.reply})
			d.answered.Add(key, now)
		}
		return out, true, now.ok
	}
	select {
	case <-before.done:
		if said := before.said.Load(); said != nil {
			return *said, false, before.ok
		}
		return answer{}, false, before.ok
	case <-ctx.Done():
		return answer{}, false, false
	}
}

// recoverFrom ends a panic of one goroutine; to be deferred.
func (b *Bot) recoverFrom(where string) {
	if p := recover(); p != nil {
		b.panicked(where, p)
	}
}

func (b *Bot) panicked(where string, p any) {
	b.Slack.Count(slack.Panicked)
	b.Log.Error("panic", "in", where, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
}

// ack acknowledges the envelope, and reports whether the ack carried the reply to the person.
func (b *Bot) ack(e *slack.Envelope, r slack.Reply) (carried bool) {
	if r.Message != nil {
		r.Message = new(b.Slack.Sure(*r.Message))
	}
	carried, err := e.Ack(r)
	if err != nil {
		b.Slack.Count(slack.AckFailed)
		b.Log.Warn("ack failed", "type", e.Type, "error", err)
		return false
	}
	b.Slack.Count(slack.Acked)
	return carried
}
