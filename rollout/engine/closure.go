package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"canarybot.io/rollout"
)

// ProblemNoSuchTeam refuses to freeze a team of which no service is.
const ProblemNoSuchTeam rollout.ProblemCode = "no_such_team" // Value is its name

// opened returns the revision of the closures under which the deploy may start now together with the others, or a
// ClosedError. A way back and an emergency ask nobody: nil.
func (e *Engine) opened(ctx context.Context, l rollout.DeployRequest, with []rollout.DeployRequest) (*rollout.Revision, error) {
	service, ok := e.Services[l.Service]
	if l.Back || l.Emergency || !ok {
		return nil, nil
	}
	if err := mayDeploy(service.Policy, l); err != nil {
		return nil, err // whoever may not deploy is told that, whenever they ask
	}
	return e.openFor(ctx, service, l.Actor, l.At, with)
}

// openFor returns the revision of the closures under which a rollout of the service may start then, or what is in its way: a
// freeze, a lock, a window, or too many others.
func (e *Engine) openFor(ctx context.Context, service rollout.Service, by rollout.Actor, at time.Time, with []rollout.DeployRequest) (*rollout.Revision, error) {
	if err := e.roomBeside(ctx, service, with); err != nil || e.Calendar == nil {
		return nil, err
	}
	set, err := e.Store.Closures(ctx)
	if err != nil {
		return nil, err
	}
	if closed := e.Calendar.Closed(service, set, by, at); len(closed.By) > 0 {
		return nil, &rollout.ClosedError{Service: service.Name, Closed: closed}
	}
	return &set.Revision, nil
}

// roomBeside refuses a rollout of the service while as many others are under way as may be at once. Those that only clean up
// do not count, nor do ways back, which never wait themselves.
func (e *Engine) roomBeside(ctx context.Context, service rollout.Service, with []rollout.DeployRequest) error {
	if e.AtOnce == (rollout.AtOnce{}) {
		return nil
	}
	open, err := e.Store.Open(ctx, "")
	if err != nil {
		return err
	}
	var all, team []string
	count := func(other rollout.ServiceName, name string) {
		if other == service.Name {
			return
		}
		all = append(all, name)
		if service.Team != "" && e.Services[other].Team == service.Team {
			team = append(team, name)
		}
	}
	for _, r := range open {
		replaced := slices.ContainsFunc(with, func(l rollout.DeployRequest) bool { return l.Service == r.Service })
		if !replaced && !r.Request.Back && r.Phase <= rollout.Promoting {
			count(r.Service, string(r.ID))
		}
	}
	for _, l := range with {
		count(l.Service, string(l.Service))
	}
	p := rollout.Problem{Service: service.Name}
	switch most := e.AtOnce; {
	case most.All > 0 && len(all) >= most.All:
		p.Code, p.Count, p.Limit, p.Names = rollout.ProblemTooManyAtOnce, len(all), most.All, all
	case most.Team > 0 && len(team) >= most.Team:
		p.Code, p.Count, p.Limit, p.Names, p.Value = rollout.ProblemTooManyOfTeam, len(team), most.Team, team, service.Team
	default:
		return nil
	}
	return rollout.Refuse(rollout.Conflict, p)
}

// Close commits a freeze or a lock. It returns when that is durable: from then on no rollout starts under it. The errors
// are answers for whoever asked: Forbidden, Invalid, NotFound for a service or team that there is not, a LockedError;
// ErrDecided for the same decision again.
func (e *Engine) Close(ctx context.Context, c rollout.Closure, id rollout.DecisionID) error {
	for _, action := range c.Needs() {
		if err := e.allows(c.Scope, c.By, action); err != nil {
			return err
		}
	}
	entry := c.Audited(rollout.AuditClosed, c.By, c.At, e.policy(c.Scope.Service))
	return e.setClosures(ctx, rollout.ClosureChange{Decision: id, At: c.At}, func(set rollout.Closures) (rollout.Closures, []rollout.AuditEntry, error) {
		next, err := set.With(c)
		return next, []rollout.AuditEntry{entry}, err
	})
}

// Reopen ends the freezes, or the lock, of a scope, those of the future too, and returns them. Whoever set one may end it;
// for others' it takes the right to. The errors are as those of Close; NotFound where there is nothing to end.
func (e *Engine) Reopen(ctx context.Context, r rollout.Reopening) (ended []rollout.Closure, err error) {
	err = e.setClosures(ctx, rollout.ClosureChange{Decision: r.ID, At: r.At}, func(set rollout.Closures) (rollout.Closures, []rollout.AuditEntry, error) {
		var left rollout.Closures
		left, ended = set.Without(r.Kind, r.Scope, r.At)
		if len(ended) == 0 {
			return set, nil, rollout.Refuse(rollout.NotFound, rollout.Problem{
				Code: rollout.ProblemNothingClosed, Value: string(r.Kind), Key: r.Scope.String(),
			})
		}
		var entries []rollout.AuditEntry
		for _, c := range ended {
			entries = append(entries, c.Audited(rollout.AuditReopened, r.Actor, r.At, e.policy(r.Scope.Service)))
		}
		if slices.ContainsFunc(ended, func(c rollout.Closure) bool { return !c.By.Is(r.Actor) }) {
			return left, entries, e.allows(r.Scope, r.Actor, rollout.Unfreeze)
		}
		return left, entries, e.allowsOwn(r.Actor)
	})
	return ended, err
}

// allowsOwn refuses whoever is no full member of the workspace any more.
func (e *Engine) allowsOwn(actor rollout.Actor) error {
	if actor.Kind == rollout.Person && !actor.Member {
		return rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: rollout.ProblemNotAMember})
	}
	return nil
}

// setClosures commits what change makes of the closures.
func (e *Engine) setClosures(ctx context.Context, c rollout.ClosureChange, change func(rollout.Closures) (rollout.Closures, []rollout.AuditEntry, error)) error {
	var set rollout.Closures
	err := e.revise(ctx, c.Decision, revision{
		read: func() (err error) {
			set, err = e.Store.Closures(ctx)
			return err
		},
		change: func() (err error) {
			c.Next, c.Audit, err = change(set)
			return err
		},
		write: func() error { return e.Store.SetClosures(ctx, c) },
	})
	if err == nil {
		e.Log.Info("closures", "revision", c.Next.Revision+1, "count", len(c.Next.All))
		e.lineMoved()
	}
	return err
}

// revision is one change of what is stored whole, at a revision: it is read, changed, and written in its place.
type revision struct{ read, change, write func() error }

// revise commits a change, again where somebody else was faster. The error is an answer for whoever decided.
func (e *Engine) revise(ctx context.Context, id rollout.DecisionID, r revision) error {
	for {
		if _, degraded := e.Outage(); degraded {
			return e.degraded(rollout.ProblemDegraded, "")
		}
		err := e.unheard(ctx, id)
		if err == nil {
			err = r.read()
		}
		if e.failed(err) {
			continue
		}
		if err != nil {
			return err
		}
		if err := r.change(); err != nil {
			return err
		}
		switch err := r.write(); {
		case rollout.CodeOf(err) == rollout.Conflict && !errors.Is(err, rollout.ErrDecided):
			continue
		case e.failed(err):
			return e.degraded(rollout.ProblemUncertain, "")
		default:
			return err
		}
	}
}

// allows returns nil when the actor may do the action to all that the scope covers: by the service's policy, by those of
// each service of the team, or, for everything, by the global one.
func (e *Engine) allows(scope rollout.Scope, actor rollout.Actor, action rollout.Action) error {
	switch {
	case scope.Service != "":
		if _, ok := e.Services[scope.Service]; !ok && action == rollout.Freeze {
			return noSuchService(scope.Service)
		}
		return e.policy(scope.Service).Allows(actor, action)
	case scope.Team == "":
		return e.Policy.Allows(actor, action)
	}
	found := false
	for _, s := range e.Services {
		if !scope.Has(s) {
			continue
		}
		found = true
		if err := s.Policy.Allows(actor, action); err != nil {
			return err
		}
	}
	if !found && action == rollout.Freeze {
		return rollout.Refuse(rollout.NotFound, rollout.Problem{Code: ProblemNoSuchTeam, Value: scope.Team})
	}
	if !found {
		return e.Policy.Allows(actor, action)
	}
	return nil
}
