package bot

import (
	"context"
	"errors"

	"canarybot.io/bot/cards"
	"canarybot.io/bot/command"
	"canarybot.io/bot/slack"
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
		return b.answers.DryRunTogether(found, refused, b.betweenAll(ctx, found))
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

// decider identifies the person to the policies of all that the decision about the rollout is about.
func (b *Bot) decider(ctx context.Context, req request, d rollout.Decision, r rollout.Rollout) (rollout.Actor, error) {
	if d.Action != rollout.Promote && !d.All || len(r.Others()) == 0 {
		return b.actor(ctx, req, d.Action, r.Service)
	}
	policies := []rollout.Policy{b.policy(r.Service)}
	for _, id := range r.Others() {
		service, _, _ := id.Split()
		policies = append(policies, b.policy(service))
	}
	return b.actorUnder(ctx, req, d.Action, naming(policies...))
}

// refuseSibling is refuseDecision because of another rollout that goes together with the one.
func (b *Bot) refuseSibling(ctx context.Context, one *rollout.SiblingError, d rollout.Decision) (answer, error) {
	done := view.NothingApproved
	if d.Action != rollout.Promote {
		done = view.NothingChanged
	}
	out, err := b.refuseDecision(ctx, one.Sibling, d, one.Err)
	if out.now != nil {
		m := b.answers.BecauseOf(one.Sibling.Service, done, *out.now)
		out.now = &m
	}
	return out, err
}

// besides returns the services of those that go together with the rollout in whose thread something is written.
func (b *Bot) besides(ctx context.Context, thread rollout.ID) []rollout.ServiceName {
	if thread == "" {
		return nil
	}
	r, err := b.Store.Load(ctx, thread)
	if err != nil {
		b.Log.Warn("not known who goes together with the thread's rollout", "rollout", thread, "error", err)
		return nil
	}
	var all []rollout.ServiceName
	for _, id := range r.Others() {
		service, _, _ := id.Split()
		all = append(all, service)
	}
	return all
}

// putTo returns the rollout that is to answer for all, where what was written in a thread names none of those that go together.
func (b *Bot) putTo(ctx context.Context, r rollout.Rollout, action rollout.Action) (rollout.Rollout, error) {
	var all []rollout.Rollout
	for _, id := range r.Request.Together {
		one, err := b.Store.Load(ctx, id)
		if err != nil && rollout.CodeOf(err) != rollout.NotFound {
			return r, err
		}
		if err == nil {
			all = append(all, one)
		}
	}
	if len(all) == 0 {
		return r, nil
	}
	return rollout.PutTo(all, action), nil
}

// onTheCard reports whether the press came from the card of the rollout, whose cursor is cur, or from that of one which goes together
// with it: each shows all.
func (b *Bot) onTheCard(ctx context.Context, r rollout.Rollout, cur cards.Cursor, p slack.Interaction) (bool, error) {
	if fromCard(cur, p) {
		return true, nil
	}
	for _, id := range r.Others() {
		other, err := b.Cards.Cursor(ctx, id)
		if err != nil || fromCard(other, p) {
			return err == nil, err
		}
	}
	return false, nil
}
