package bot

import (
	"context"
	"errors"

	"canarybot.io/bot/command"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// deploy starts a rollout, or dry-runs it.
func (b *Bot) deploy(ctx context.Context, a ask, cmd command.Command) (answer, error) {
	service, ok := b.Services[cmd.Service]
	if ok {
		if _, known := service.PlanNamed(cmd.Plan); !known {
			return tell(b.say.UnknownPlan(service, cmd.Plan)), nil
		}
	}
	l := rollout.DeployRequest{
		ID: a.id, Service: cmd.Service, Version: cmd.Version, Plan: cmd.Plan, Auto: cmd.Auto, Replace: cmd.Replace,
		DryRun: cmd.DryRun, Text: cmd.Reason,
	}
	if l.DryRun {
		return b.dryRun(ctx, a, l)
	}
	return b.start(ctx, a, l)
}

// start commits the start of a rollout and answers.
func (b *Bot) start(ctx context.Context, a ask, l rollout.DeployRequest) (answer, error) {
	actor, err := b.actor(ctx, a, action(l), l.Service)
	l.Actor, l.At = actor, now()
	if err != nil {
		return b.refuseDeploy(ctx, l, err)
	}
	r, err := b.Rollouts.Deploy(ctx, l)
	if err != nil {
		return b.refuseDeploy(ctx, l, err)
	}
	out := tell(b.say.Accepted(r, rollout.Deploy, ""))
	out.replace = l.Back // the offer is taken; its button must not be pressed again
	return out, nil
}

// action is what a launch is to the policy.
func action(l rollout.DeployRequest) rollout.Action {
	if l.Back {
		return rollout.Rollback
	}
	return rollout.Deploy
}

// dryRun looks whether a launch would start. That takes a while: the person hears at once that it is being done.
func (b *Bot) dryRun(ctx context.Context, a ask, l rollout.DeployRequest) (answer, error) {
	actor, err := b.actor(ctx, a, rollout.Deploy, l.Service)
	l.Actor, l.At = actor, now()
	if err != nil {
		return b.refuseDeploy(ctx, l, err)
	}
	out := tell(b.say.DryRunStarted(l.Service))
	out.later = func(ctx context.Context) view.Message {
		r, p, err := b.Rollouts.DryRun(ctx, l)
		if err == nil {
			return b.say.DryRun(r, p)
		}
		refusal, err := b.refuseDeploy(ctx, l, err)
		if err != nil {
			b.Log.Error("rehearsal failed", "service", l.Service, "error", err)
			return b.say.Error(err)
		}
		if refusal.now == nil {
			return b.say.Error(err)
		}
		return *refusal.now
	}
	return out, nil
}

// refuseDeploy turns an error of a launch into the answer that it is, or returns it where the launch is not known to
// have failed for good.
func (b *Bot) refuseDeploy(ctx context.Context, l rollout.DeployRequest, err error) (answer, error) {
	var busy *rollout.BusyError
	var back *rollout.RolledBackError
	var same *rollout.SameVersionError
	switch code := rollout.CodeOf(err); {
	case errors.Is(err, errNotLookedUp):
		return tell(b.say.UnknownPerson()), nil
	case errors.As(err, &busy):
		if b.decidedBy(ctx, busy.Live.ID, l.ID) { // by this very command, delivered twice
			b.stats.add(func(s *Stats) { s.Duplicates++ })
			return answer{}, nil
		}
		link, err := b.link(ctx, busy.Live.ID)
		if err != nil {
			b.Log.Warn("no link to the card", "rollout", busy.Live.ID, "error", err)
		}
		return tell(b.say.Busy(l, busy, link)), nil
	case errors.As(err, &same):
		return tell(b.say.SameVersion(same.Service, same.Image)), nil
	case errors.As(err, &back):
		return tell(b.say.RolledBackBefore(l, back.Before)), nil
	case errors.Is(err, rollout.ErrDecided):
		b.stats.add(func(s *Stats) { s.Duplicates++ })
		return answer{}, nil
	case code == rollout.Forbidden:
		return tell(b.say.Forbidden(l.Actor, b.forbidden(l), b.policy(l.Service))), nil
	case code == rollout.Unavailable || code == rollout.Internal:
		return answer{}, err
	default:
		return tell(b.say.Error(err)), nil
	}
}

// forbidden returns which part of a launch the policy forbids.
func (b *Bot) forbidden(l rollout.DeployRequest) rollout.Action {
	policy := b.policy(l.Service)
	switch {
	case policy.Allows(l.Actor, action(l)) != nil:
		return action(l)
	case l.Auto && policy.Allows(l.Actor, rollout.AutoGate) != nil:
		return rollout.AutoGate
	default:
		return rollout.Rollback // of the one to be replaced
	}
}
