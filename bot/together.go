package bot

import (
	"context"
	"errors"

	"canarybot.io/bot/command"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// deployTogether starts a rollout of each of several services, or of none; or it dry-runs them.
func (b *Bot) deployTogether(ctx context.Context, req request, cmd command.Command) (answer, error) {
	if late := req.tooLateToStart(); late > 0 && !cmd.DryRun {
		return answerWith(b.answers.TooLateToStart(late)), nil
	}
	var all []rollout.DeployRequest
	var policies []rollout.Policy
	for _, d := range cmd.Together {
		if service, ok := b.Services[d.Service]; ok {
			if _, known := service.PlanNamed(cmd.Plan); !known {
				return answerWith(b.answers.UnknownPlan(service, cmd.Plan)), nil
			}
		}
		l := rollout.DeployRequest{
			ID: req.id, Service: d.Service, Version: d.Version, Plan: cmd.Plan, Auto: cmd.Auto, Replace: cmd.Replace, Emergency: cmd.Emergency, Text: cmd.Reason, At: now(),
		}
		if unseen, err := b.replacesUnseen(ctx, req, l); err != nil || unseen != "" {
			return answerWith(b.answers.WrittenBeforeStart(unseen)), err
		}
		all, policies = append(all, l), append(policies, b.policy(d.Service))
	}
	actor, err := b.actorUnder(ctx, req, asksFor(all[0]), naming(policies...))
	for i := range all {
		all[i].Actor = actor
	}
	if err != nil {
		return b.refuseDeploy(ctx, b.answers, all[0], err)
	}
	if cmd.DryRun {
		return b.dryRunTogether(all), nil
	}
	made, err := b.Rollouts.DeployTogether(ctx, all)
	if err != nil {
		return b.refuseTogether(ctx, all, err)
	}
	out := answerWith(b.answers.AcceptedTogether(made))
	out.started = made[0].ID
	return out, nil
}

// dryRunTogether finds out whether all of them would start.
func (b *Bot) dryRunTogether(all []rollout.DeployRequest) answer {
	var names []rollout.ServiceName
	for _, l := range all {
		names = append(names, l.Service)
	}
	out := answerWith(b.answers.DryRunStarted(names...))
	out.later = func(ctx context.Context) view.Message {
		found := b.Rollouts.DryRunTogether(ctx, all)
		refused := make([]view.Message, len(found))
		for i, d := range found {
			if d.Err != nil {
				refused[i] = b.refuseDryRun(ctx, b.answers.ForDryRun(), d.Request, d.Err)
			}
		}
		return b.answers.DryRunTogether(found, refused)
	}
	return out
}

// refuseTogether is refuseDeploy for several services: it names the one that the error is about.
func (b *Bot) refuseTogether(ctx context.Context, all []rollout.DeployRequest, err error) (answer, error) {
	var one *rollout.DeployError
	if !errors.As(err, &one) {
		return b.refuseDeploy(ctx, b.answers, all[0], err)
	}
	out, err := b.refuseDeploy(ctx, b.answers.ForSeveral(), one.Request, one.Err)
	if out.now != nil {
		m := b.answers.BecauseOf(one.Request.Service, view.NothingStarted, *out.now)
		out.now = &m
	}
	return out, err
}

// promoter identifies the person to the policies of all that the decision about the rollout is about.
func (b *Bot) promoter(ctx context.Context, req request, action rollout.Action, r rollout.Rollout) (rollout.Actor, error) {
	if action != rollout.Promote || len(r.Others()) == 0 {
		return b.actor(ctx, req, action, r.Service)
	}
	policies := []rollout.Policy{b.policy(r.Service)}
	for _, id := range r.Others() {
		service, _, _ := id.Split()
		policies = append(policies, b.policy(service))
	}
	return b.actorUnder(ctx, req, action, naming(policies...))
}

// refuseSibling is refuseDecision because of another rollout that goes together with the one.
func (b *Bot) refuseSibling(ctx context.Context, one *rollout.SiblingError, d rollout.Decision) (answer, error) {
	out, err := b.refuseDecision(ctx, one.Sibling, d, one.Err)
	if out.now != nil {
		m := b.answers.BecauseOf(one.Sibling.Service, view.NothingApproved, *out.now)
		out.now = &m
	}
	return out, err
}
