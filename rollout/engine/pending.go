package engine

import (
	"cmp"
	"context"
	"errors"
	"time"

	"canarybot.io/rollout"
)

const (
	// lineEvery is how often it is tried to start what is in line. What makes way is noticed at once; this is for what
	// nobody tells of, such as the end of a freeze.
	lineEvery = 5 * time.Second
	// queueEvery is how often the queue is looked at while nothing is in line: clocks may jump.
	queueEvery = time.Minute
)

// Await makes a deploy pending, until the moment, or, where that is zero, until nothing is in its way. It returns it with its
// place in line; 0: it waits for its moment. The errors are answers for whoever asked, as those of Deploy; Conflict where
// the version is pending already.
func (e *Engine) Await(ctx context.Context, l rollout.DeployRequest, notBefore time.Time) (p rollout.Pending, place int, err error) {
	if p, err = e.pend(ctx, l, notBefore); err != nil {
		return p, 0, err
	}
	err = e.setQueue(ctx, rollout.QueueChange{Decision: l.ID, At: l.At}, func(q rollout.Queue) (rollout.Queue, []rollout.AuditEntry, error) {
		next, added, err := q.With(p)
		p, place = added, next.Place(added.ID, l.At)
		return next, []rollout.AuditEntry{added.Audited(rollout.AuditPending, l.Actor, l.At, e.policy(l.Service))}, err
	})
	return p, place, err
}

// Foresee returns what Await would make of a deploy, and what keeps it from starting now or at its moment, as far as anybody
// knows. Nothing is committed, and the errors are those of Await.
func (e *Engine) Foresee(ctx context.Context, l rollout.DeployRequest, notBefore time.Time) (o rollout.Outlook, err error) {
	p, err := e.pend(ctx, l, notBefore)
	if err != nil {
		return o, err
	}
	q, err := e.Store.Queue(ctx)
	if err != nil {
		return o, err
	}
	next, p, err := q.With(p)
	if err != nil {
		return o, err
	}
	o.Pending, o.Place = p, next.Place(p.ID, l.At)
	if o.Place > 0 {
		o.InTheWay = e.inTheWay(ctx, e.Services[l.Service], p)
		return o, nil
	}
	closed, err := e.closedAt(ctx, p, notBefore)
	if len(closed.By) > 0 {
		o.InTheWay = &rollout.ClosedError{Service: l.Service, Closed: closed}
	}
	return o, err
}

// pend makes a pending deploy of what is asked for, and commits nothing.
func (e *Engine) pend(ctx context.Context, l rollout.DeployRequest, notBefore time.Time) (p rollout.Pending, err error) {
	if err := e.mayPend(ctx, l); err != nil {
		return p, err
	}
	p = rollout.Pending{
		Service: l.Service, NotBefore: notBefore, Since: l.At, Asked: l.ID,
		Request: rollout.Request{Version: l.Version, By: l.Actor, At: l.At, Text: l.Text, Plan: l.Plan, Auto: l.Auto},
	}
	p.Since = p.InLine()
	p.Until, err = e.waitsUntil(ctx, p)
	return p, err
}

// waitsUntil returns when a deploy is dropped that could not start: some time after it is in line, or after what closes the
// service then is known to open. Whoever waits for the end of a weekend's freeze knows that it takes so long.
func (e *Engine) waitsUntil(ctx context.Context, p rollout.Pending) (time.Time, error) {
	from := p.InLine()
	closed, err := e.closedAt(ctx, p, from)
	if err != nil {
		return time.Time{}, err
	}
	if closed.Opens.After(from) {
		from = closed.Opens
	}
	return from.Add(cmp.Or(e.Patience, rollout.Patience)).UTC(), nil
}

// closedAt returns what closes the service to the deploy then, as far as that is known now.
func (e *Engine) closedAt(ctx context.Context, p rollout.Pending, at time.Time) (rollout.Closed, error) {
	if e.Calendar == nil {
		return rollout.Closed{}, nil
	}
	set, err := e.Store.Closures(ctx)
	if err != nil {
		return rollout.Closed{}, err
	}
	return e.Calendar.Closed(e.Services[p.Service], set, p.Request.By, at), nil
}

// mayPend refuses what could not start whatever it waited for.
func (e *Engine) mayPend(ctx context.Context, l rollout.DeployRequest) error {
	service, ok := e.Services[l.Service]
	if !ok {
		return noSuchService(l.Service)
	}
	if err := mayDeploy(service.Policy, l); err != nil {
		return err
	}
	r, err := e.compose(ctx, service, l)
	if err != nil {
		return err
	}
	past, err := e.Store.History(ctx, l.Service, rollout.Recent)
	if err != nil {
		return err
	}
	if before, was := rollout.RolledBackBefore(past, r.Image); was {
		return &rollout.RolledBackError{Before: before}
	}
	return nil
}

func noSuchService(name rollout.ServiceName) error {
	return rollout.Refuse(rollout.NotFound, rollout.Problem{Code: ProblemNoSuchService, Value: string(name)})
}

// Leave removes a pending deploy and returns it. Whoever asked for it may; for others' it takes the right to. The errors are
// answers for whoever decided: Forbidden, or NotFound where it is not pending.
func (e *Engine) Leave(ctx context.Context, d rollout.QueueDecision) (p rollout.Pending, err error) {
	release, err := hold(ctx, e.leaving) // what was removed does not start
	if err != nil {
		return p, err
	}
	defer release()
	err = e.setQueue(ctx, rollout.QueueChange{Decision: d.ID, At: d.At}, func(q rollout.Queue) (rollout.Queue, []rollout.AuditEntry, error) {
		if p, err = q.Find(d.Pending); err != nil {
			return q, nil, err
		}
		if err = e.mayLeave(p, d.Actor); err != nil {
			return q, nil, err
		}
		return q.Without(p.ID), []rollout.AuditEntry{p.Audited(rollout.AuditLeft, d.Actor, d.At, e.policy(p.Service))}, nil
	})
	return p, err
}

func (e *Engine) mayLeave(p rollout.Pending, actor rollout.Actor) error {
	if p.Request.By.Is(actor) {
		return e.allowsOwn(actor)
	}
	return e.policy(p.Service).Allows(actor, rollout.Requeue)
}

// Jump lets a pending deploy go ahead of all others in line, and returns it. The errors are as those of Leave; Conflict where
// it waits for its moment, not for others.
func (e *Engine) Jump(ctx context.Context, d rollout.QueueDecision) (p rollout.Pending, err error) {
	err = e.setQueue(ctx, rollout.QueueChange{Decision: d.ID, At: d.At}, func(q rollout.Queue) (rollout.Queue, []rollout.AuditEntry, error) {
		var next rollout.Queue
		if next, p, err = q.First(d.Pending, d.At); rollout.CodeOf(err) == rollout.NotFound {
			return q, nil, err
		}
		policy := e.policy(p.Service)
		if no := policy.Allows(d.Actor, rollout.Requeue); no != nil {
			return q, nil, no
		}
		return next, []rollout.AuditEntry{p.Audited(rollout.AuditJumped, d.Actor, d.At, policy)}, err
	})
	return p, err
}

// Told forgets what came of a pending deploy: people know.
func (e *Engine) Told(ctx context.Context, id int) error {
	return e.setQueue(ctx, rollout.QueueChange{}, func(q rollout.Queue) (rollout.Queue, []rollout.AuditEntry, error) {
		return q.Without(id), nil, nil
	})
}

// setQueue commits what change makes of the queue.
func (e *Engine) setQueue(ctx context.Context, c rollout.QueueChange, change func(rollout.Queue) (rollout.Queue, []rollout.AuditEntry, error)) error {
	var q rollout.Queue
	err := e.revise(ctx, c.Decision, revision{
		read: func() (err error) {
			q, err = e.Store.Queue(ctx)
			return err
		},
		change: func() (err error) {
			c.Next, c.Audit, err = change(q)
			return err
		},
		write: func() error { return e.Store.SetQueue(ctx, c) },
	})
	if err == nil {
		e.Log.Info("queue", "revision", c.Next.Revision+1, "count", len(c.Next.All))
		e.lineMoved()
	}
	return err
}

// lineMoved notes that something may start that is pending. It never blocks.
func (e *Engine) lineMoved() {
	select {
	case e.lined <- struct{}{}:
	default:
	}
}

// startPending starts pending deploys when nothing is in their way any more, until the context ends.
func (e *Engine) startPending(ctx context.Context) {
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.lined:
		case <-again.C:
		}
		again.Reset(e.tryLine(ctx))
	}
}

// tryLine tries to start what is in line, in its order, and returns when to look again. What cannot start lets those behind it
// try: a lock is in the way of some and not of others.
func (e *Engine) tryLine(ctx context.Context) time.Duration {
	if _, degraded := e.Outage(); degraded {
		return lineEvery
	}
	q, err := e.Store.Queue(ctx)
	if err != nil {
		return lineEvery
	}
	at := now()
	line := q.Line(at)
	for _, p := range line {
		if err := e.try(ctx, p); err != nil && ctx.Err() == nil {
			e.Log.Warn("pending deploy not tried", "service", p.Service, "pending", p.ID, "error", err)
		}
	}
	if len(line) > 0 {
		return lineEvery
	}
	if coming := q.Coming(at); len(coming) > 0 {
		return min(queueEvery, coming[0].NotBefore.Sub(at))
	}
	return queueEvery
}

// try starts a pending deploy unless something is in its way, and drops it where it has waited too long. What it became, or why it
// can no longer start, is committed after the start: a crash between the two is noticed by the decision, which the start is
// remembered by.
func (e *Engine) try(ctx context.Context, p rollout.Pending) error {
	id, started, err := e.Store.Decided(ctx, p.Decision())
	if err != nil {
		return err
	}
	if !started && p.Expired(now()) {
		return e.settle(ctx, p, e.tooLate(ctx, p))
	}
	if !started {
		if id, err = e.startOne(ctx, p); rollout.Passes(err) {
			return nil
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return e.settle(ctx, p, rollout.Settlement{At: now(), Rollout: id, Problem: rollout.ProblemOf(err)})
}

// tooLate is that the deploy has waited too long, and for what, as far as that can be said.
func (e *Engine) tooLate(ctx context.Context, p rollout.Pending) rollout.Settlement {
	s := rollout.Settlement{At: now(), Problem: rollout.Problem{Code: rollout.ProblemWaitedTooLong, Service: p.Service, Until: p.Expires()}}
	if service, ok := e.Services[p.Service]; ok {
		s.InTheWay = rollout.ProblemOf(e.inTheWay(ctx, service, p))
	}
	return s
}

// settle commits what came of a pending deploy.
func (e *Engine) settle(ctx context.Context, p rollout.Pending, s rollout.Settlement) error {
	return e.setQueue(ctx, rollout.QueueChange{}, func(q rollout.Queue) (rollout.Queue, []rollout.AuditEntry, error) {
		next, err := q.Settle(p.ID, s)
		var dropped []rollout.AuditEntry
		if s.Rollout == "" {
			entry := p.Audited(rollout.AuditDropped, rollout.Actor{Kind: rollout.Bot}, s.At, e.policy(p.Service))
			entry.Reason.Problem = s.Problem
			dropped = append(dropped, entry)
		}
		return next, dropped, err
	})
}

// startOne starts a pending deploy as whoever asked for it is now. The ordinary Deploy looks at everything again.
func (e *Engine) startOne(ctx context.Context, p rollout.Pending) (rollout.ID, error) {
	service, ok := e.Services[p.Service]
	if !ok {
		return "", noSuchService(p.Service)
	}
	if err := e.inTheWay(ctx, service, p); err != nil {
		return "", err
	}
	by, err := e.Identify(ctx, p.Request.By, p.Service)
	if err != nil {
		return "", rollout.Wrap(rollout.Unavailable, err)
	}
	release, err := hold(ctx, e.leaving)
	if err != nil {
		return "", err
	}
	defer release()
	if q, err := e.Store.Queue(ctx); err != nil {
		return "", err
	} else if _, err := q.Find(p.ID); err != nil {
		return "", err // somebody removed it meanwhile
	}
	r, err := e.Deploy(ctx, p.Deploy(by, now()))
	if errors.Is(err, rollout.ErrDecided) { // it was stored although the commit failed
		id, _, err := e.Store.Decided(ctx, p.Decision())
		return id, err
	}
	return r.ID, err
}

// inTheWay returns what keeps anybody's rollout of the service from starting now, without asking who may.
func (e *Engine) inTheWay(ctx context.Context, service rollout.Service, p rollout.Pending) error {
	open, err := e.Store.Open(ctx, p.Service)
	if err != nil {
		return err
	}
	if len(open) > 0 {
		return busyWith(open)
	}
	_, err = e.openFor(ctx, service, p.Request.By, now(), nil)
	return err
}
