package bot

import (
	"context"
	"errors"

	"canarybot.io/bot/command"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// deploy starts a rollout, or dry-runs it.
func (b *Bot) deploy(ctx context.Context, req request, cmd command.Command) (answer, error) {
	if len(cmd.Together) > 0 {
		return b.deployTogether(ctx, req, cmd)
	}
	service, ok := b.Services[cmd.Service]
	if ok {
		if _, known := service.PlanNamed(cmd.Plan); !known {
			return answerWith(b.answers.UnknownPlan(service, cmd.Plan)), nil
		}
	}
	l := rollout.DeployRequest{
		ID: req.id, Service: cmd.Service, Version: cmd.Version, Plan: cmd.Plan, Auto: cmd.Auto, Replace: cmd.Replace,
		Emergency: cmd.Emergency, Text: cmd.Reason,
	}
	if cmd.DryRun {
		return b.dryRun(ctx, req, l)
	}
	if cmd.At != "" {
		return b.startAt(ctx, req, l, cmd)
	}
	if cmd.Queue {
		return b.startOrWait(ctx, req, l)
	}
	out, err := b.start(ctx, req, l)
	if err != nil || out.passes == nil || cmd.Replace {
		return out, err
	}
	cmd.Queue = true
	out.now = new(b.answers.OfferLine(*out.now, b.Environment, cmd.String()))
	return out, nil
}

// start commits the start of a rollout and answers.
func (b *Bot) start(ctx context.Context, req request, l rollout.DeployRequest) (answer, error) {
	if late := req.tooLateToStart(); late > 0 {
		return answerWith(b.answers.TooLateToStart(late)), nil
	}
	if unseen, err := b.replacesUnseen(ctx, req, l); err != nil || unseen != "" {
		return answerWith(b.answers.WrittenBeforeStart(unseen)), err
	}
	// Going back moves everybody too: for who may, it counts as the start that it is.
	actor, err := b.actor(ctx, req, asksFor(l), l.Service)
	l.Actor, l.At = actor, now()
	if errors.Is(err, errNoGroups) && l.Back && b.policy(l.Service).Allows(actor, rollout.Rollback) == nil {
		err = nil // they may, whatever group they are in
	}
	if err != nil {
		return b.refuseDeploy(ctx, b.answersTo(req), l, err)
	}
	r, err := b.Rollouts.Deploy(ctx, l)
	if err != nil {
		out, failed := b.refuseDeploy(ctx, b.answersTo(req), l, err)
		if failed == nil && out.now != nil && rollout.Passes(err) && !rollout.Unsaved(err) {
			out.passes = err
		}
		return out, failed
	}
	out := answerWith(b.answers.Accepted(r, rollout.Deploy, ""))
	out.started = r.ID
	out.replace = l.Back // the offer is used up; its button must not be pressed again
	return out, nil
}

// answersTo returns the answers as they help whoever asked.
func (b *Bot) answersTo(req request) view.Answers {
	if req.form {
		return b.answers.ForForm()
	}
	return b.answers
}

// replacesUnseen returns a rollout that a deploy would end although it began only when that was written: what was to be
// replaced is another one, and somebody else was quicker.
func (b *Bot) replacesUnseen(ctx context.Context, req request, l rollout.DeployRequest) (rollout.ID, error) {
	if !l.Replace {
		return "", nil
	}
	open, err := b.Store.Open(ctx, l.Service)
	if err != nil {
		return "", err
	}
	for _, r := range open {
		if r.Service == l.Service && !req.sawQuestion(r.Request.At) && !b.decidedBy(ctx, r.ID, l.ID) {
			return r.ID, nil
		}
	}
	return "", nil
}

// action is what a deploy is to the policy.
func action(l rollout.DeployRequest) rollout.Action {
	switch {
	case l.Back:
		return rollout.Rollback
	case l.Emergency:
		return rollout.EmergencyDeploy
	}
	return rollout.Deploy
}

// asksFor is the right that counts while Slack does not say who is in the user groups.
func asksFor(l rollout.DeployRequest) rollout.Action {
	if l.Emergency {
		return rollout.EmergencyDeploy
	}
	return rollout.Deploy
}

// dryRun finds out whether a rollout would start. That takes a while: the person sees at once that it is under way.
func (b *Bot) dryRun(ctx context.Context, req request, l rollout.DeployRequest) (answer, error) {
	actor, err := b.actor(ctx, req, asksFor(l), l.Service)
	l.Actor, l.At = actor, now()
	if err != nil {
		return b.refuseDeploy(ctx, b.answers.ForDryRun(), l, err)
	}
	out := answerWith(b.answers.DryRunStarted(l.Service))
	out.later = func(ctx context.Context) view.Message {
		r, p, err := b.Rollouts.DryRun(ctx, l)
		if err == nil {
			return b.dryRunTold(ctx, r, p)
		}
		return b.refuseDryRun(ctx, b.answers.ForDryRun(), l, err)
	}
	return out, nil
}

// refuseDryRun says what refuses the deploy before its preflight.
func (b *Bot) refuseDryRun(ctx context.Context, say view.Answers, l rollout.DeployRequest, err error) view.Message {
	refusal, failed := b.refuseDeploy(ctx, say, l, err)
	if failed != nil {
		b.Log.Error("dry run failed", "service", l.Service, "error", failed)
	}
	if failed != nil || refusal.now == nil {
		return b.answers.Error(err)
	}
	return *refusal.now
}
