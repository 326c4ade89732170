package bot

import (
	"cmp"
	"context"
	"errors"
	"time"

	"canarybot.io/bot/command"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
)

const (
	// settledLook is how often it is looked whether something came of a pending deploy that people do not know. By then its card
	// is there.
	settledLook = 5 * time.Second
	// settledRetry is how often that is tried again where Slack refuses.
	settledRetry = time.Minute
	// settledMost is for how long it is tried to tell: later nobody asks any more.
	settledMost = 24 * time.Hour
)

// startAt makes a deploy pending until the typed moment. Where that depends on when and where it was typed, it is said before it
// counts.
func (b *Bot) startAt(ctx context.Context, req request, l rollout.DeployRequest, cmd command.Command) (answer, error) {
	if late := req.tooLateToStart(); late > 0 {
		return answerWith(b.answers.TooLateToStart(late)), nil
	}
	when, err := cmd.At.At(now(), b.zone(ctx, req.user))
	if err != nil {
		return answerWith(b.answers.Error(err)), nil
	}
	if _, span := cmd.At.Span(); span || cmd.At.Exact() {
		return b.await(ctx, req, l, when, nil)
	}
	if l.Actor, err = b.actor(ctx, req, rollout.Deploy, l.Service); err != nil {
		return b.refuseDeploy(ctx, b.answers, l, err)
	}
	if action, no := b.forbidden(l); no {
		return answerWith(b.mayNot(b.answers, l.Actor, action, b.policy(l.Service))), nil
	}
	cmd.At = calendar.When(when.Format(time.RFC3339))
	return answerWith(b.answers.MeantMoment(b.Environment, l, when, cmd.String())), nil
}

// startOrWait starts a deploy, or makes it pending where what refuses it passes.
func (b *Bot) startOrWait(ctx context.Context, req request, l rollout.DeployRequest) (answer, error) {
	out, err := b.start(ctx, req, l)
	if err != nil || out.passes == nil {
		return out, err
	}
	return b.await(ctx, req, l, time.Time{}, out.passes)
}

// await makes a deploy pending until the moment; zero: until what is in its way has passed.
func (b *Bot) await(ctx context.Context, req request, l rollout.DeployRequest, when time.Time, inTheWay error) (answer, error) {
	if late := req.tooLateToStart(); late > 0 {
		return answerWith(b.answers.TooLateToStart(late)), nil
	}
	actor, err := b.actor(ctx, req, rollout.Deploy, l.Service)
	l.Actor, l.At = actor, now()
	if err != nil {
		return b.refuseDeploy(ctx, b.answersTo(req), l, err)
	}
	if !when.IsZero() {
		when = when.UTC()
		inTheWay = b.closedAt(ctx, l, when)
	}
	p, place, err := b.Rollouts.Await(ctx, l, when)
	if err != nil {
		return b.refuseDeploy(ctx, b.answersTo(req), l, err)
	}
	b.homes.changed()
	out := answerWith(b.answers.Pended(p, place, inTheWay))
	out.pended = true
	out.replace = true // the question, where there was one, is answered
	return out, nil
}

// closedAt returns what will keep the deploy from starting at the moment, as far as anybody knows; nil: nothing.
func (b *Bot) closedAt(ctx context.Context, l rollout.DeployRequest, when time.Time) error {
	set, err := b.Store.Closures(ctx)
	if err != nil {
		b.Log.Warn("closures not read", "error", err)
		return nil // what counts is looked at then
	}
	if closed := b.Calendar.Closed(b.Services[l.Service], set, l.Actor, when); len(closed.By) > 0 {
		return &rollout.ClosedError{Service: l.Service, Closed: closed}
	}
	return nil
}

// moves removes a pending deploy, or lets it go first.
func (b *Bot) moves(ctx context.Context, req request, cmd command.Command) (answer, error) {
	q, err := b.Store.Queue(ctx)
	if err != nil {
		return answer{}, err
	}
	p, err := q.Find(cmd.Pending)
	if err != nil {
		return answerWith(b.answers.Error(err)), nil
	}
	scope := rollout.Scope{Service: p.Service}
	actor, err := b.actor(ctx, req, rollout.Requeue, p.Service)
	own := p.Request.By.Is(actor)
	if err != nil && !(errors.Is(err, errNoGroups) && own && cmd.Move == command.Leave) { // that takes no group
		return b.refuseClosure(actor, rollout.Requeue, scope, err)
	}
	do, say := b.Rollouts.Leave, b.answers.LeftTold
	if cmd.Move == command.Jump {
		do, say = b.Rollouts.Jump, b.answers.JumpedTold
	}
	if p, err = do(ctx, rollout.QueueDecision{ID: req.id, Pending: p.ID, Actor: actor, At: now()}); err != nil {
		return b.refuseClosure(actor, rollout.Requeue, scope, err)
	}
	b.homes.changed()
	if !own {
		b.tell(ctx, scope, say(p, actor))
	}
	return answerWith(say(p, actor)), nil
}

// withPending adds to an answer how many deploys are pending, of the service where one is named.
func (b *Bot) withPending(ctx context.Context, m view.Message, service rollout.ServiceName) view.Message {
	q, err := b.Store.Queue(ctx)
	if err != nil {
		b.Log.Warn("queue not read", "error", err)
		return m // what was asked for is there
	}
	return b.answers.Pending(m, q, service, now())
}

// Identify returns who asked for a pending deploy as they are now.
func (b *Bot) Identify(ctx context.Context, by rollout.Actor, service rollout.ServiceName) (rollout.Actor, error) {
	if by.Kind != rollout.Person {
		return by, nil
	}
	return b.actor(ctx, request{user: by.ID}, rollout.Deploy, service)
}

// tellSettled says in the services' channels what came of pending deploys, until the context ends. What could not be told is told
// by the next process.
func (b *Bot) tellSettled(ctx context.Context) {
	var notBefore time.Time
	repeat(ctx, settledLook, func() {
		q, err := b.Store.Queue(ctx)
		if err != nil || time.Now().Before(notBefore) {
			return // an outage is told
		}
		for _, p := range q.Settled() {
			if _, quiet := b.Calendar.Quiet(p.Service, now()); quiet {
				continue
			}
			if !b.tellOne(ctx, p) {
				notBefore = time.Now().Add(settledRetry)
			}
		}
	})
}

// tellOne reports whether there is nothing left to tell of it.
func (b *Bot) tellOne(ctx context.Context, p rollout.Pending) (told bool) {
	defer b.recoverFrom("queue")
	link := ""
	if id := p.Settled.Rollout; id != "" {
		link = b.link(ctx, id)
	}
	told = b.announce(ctx, cmp.Or(b.Services[p.Service].Channel, b.Channel), b.answers.SettledTold(p, link))
	if !told && time.Since(p.Settled.At) < settledMost {
		return false
	}
	if err := b.Rollouts.Told(ctx, p.ID); err != nil {
		b.Log.Warn("told what came of a pending deploy, and not noted", "pending", p.ID, "error", err)
		return false
	}
	return true
}
