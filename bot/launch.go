package bot

import (
	"context"
	"errors"

	"canarybot.io/bot/command"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// deploy starts a rollout, or rehearses it.
func (b *Bot) deploy(ctx context.Context, a ask, cmd command.Command) (answer, error) {
	service, ok := b.Services[cmd.Service]
	if ok {
		if _, known := service.PlanNamed(cmd.Plan); !known {
			return tell(b.say.UnknownPlan(service, cmd.Plan)), nil
		}
	}
	l := rollout.Launch{
		ID: a.id, Service: cmd.Service, Version: cmd.Version, Plan: cmd.Plan, Auto: cmd.Auto, Replace: cmd.Replace,
		DryRun: cmd.DryRun, Text: cmd.Reason,
	}
	if l.DryRun {
		return b.rehearse(ctx, a, l)
	}
	return b.launch(ctx, a, l)
}

// launch commits the start of a rollout and answers.
func (b *Bot) launch(ctx context.Context, a ask, l rollout.Launch) (answer, error) {
	actor, err := b.actor(ctx, a, action(l), l.Service)
	l.Actor, l.At = actor, now()
	if err != nil {
		return b.refuseLaunch(ctx, l, err)
	}
	r, err := b.Rollouts.Launch(ctx, l)
	if err != nil {
		return b.refuseLaunch(ctx, l, err)
	}
	out := tell(b.say.Accepted(r, rollout.Deploy, ""))
	out.replace = l.Back // the offer is taken; its button must not be pressed again
	return out, nil
}

// action is what a launch is to the policy.
func action(l rollout.Launch) rollout.Action {
	if l.Back {
		return rollout.Rollback
	}
	return rollout.Deploy
}

// rehearse looks whether a launch would start. That takes a while: the person hears at once that it is being done.
func (b *Bot) rehearse(ctx context.Context, a ask, l rollout.Launch) (answer, error) {
	actor, err := b.actor(ctx, a, rollout.Deploy, l.Service)
	l.Actor, l.At = actor, now()
	if err != nil {
		return b.refuseLaunch(ctx, l, err)
	}
	out := tell(rehearsing(l.Service))
	out.later = func(ctx context.Context) view.Message {
		r, p, err := b.Rollouts.Rehearse(ctx, l)
		if err == nil {
			return b.say.DryRun(r, p)
		}
		refusal, err := b.refuseLaunch(ctx, l, err)
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

// refuseLaunch turns an error of a launch into the answer that it is, or returns it where the launch is not known to
// have failed for good.
func (b *Bot) refuseLaunch(ctx context.Context, l rollout.Launch, err error) (answer, error) {
	var busy *rollout.BusyError
	var back *rollout.TakenBackError
	var same *rollout.SameVersionError
	switch code := rollout.CodeOf(err); {
	case errors.Is(err, errNotLookedUp):
		return tell(sayNotLookedUp()), nil
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
		return tell(b.say.TakenBack(l, back.Before)), nil
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
func (b *Bot) forbidden(l rollout.Launch) rollout.Action {
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
