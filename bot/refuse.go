package bot

import (
	"context"
	"errors"
	"slices"

	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// refuseDecision turns the error of a decision into the person's answer, or returns it where the decision may have been
// committed.
func (b *Bot) refuseDecision(ctx context.Context, r rollout.Rollout, d rollout.Decision, err error) (answer, error) {
	switch code := rollout.CodeOf(err); {
	case errors.Is(err, errNotLookedUp):
		return answerWith(b.answers.UnknownPerson()), nil
	case errors.Is(err, rollout.ErrDecided):
		b.Slack.Count(slack.Duplicate)
		return answer{}, nil
	case code == rollout.Forbidden:
		return answerWith(b.answers.Forbidden(d.Actor, d.Action, b.policy(r.Service))), nil
	case code == rollout.NotFound:
		return answerWith(b.answers.NoRollout(r.ID)), nil
	case rollout.Unsaved(err):
		return answerWith(b.answers.Error(err)), nil
	case code == rollout.Conflict:
		if b.decidedBy(ctx, r.ID, d.ID) {
			b.Slack.Count(slack.Duplicate)
			return answer{}, nil
		}
		b.Cards.Redraw(r.ID)
		return answerWith(b.answers.Stale(rollout.ProblemOf(err))), nil
	case code == rollout.Invalid:
		return answerWith(b.answers.Error(err)), nil
	default:
		return answer{}, err
	}
}

// refuseDeploy turns the error of a deploy into the person's answer, or returns it where the deploy may have been
// committed.
func (b *Bot) refuseDeploy(ctx context.Context, say view.Answers, l rollout.DeployRequest, err error) (answer, error) {
	var busy *rollout.BusyError
	var back *rollout.RolledBackError
	var same *rollout.SameVersionError
	forbidden, byPolicy := b.forbidden(l)
	switch code := rollout.CodeOf(err); {
	case errors.Is(err, errNotLookedUp):
		return answerWith(say.UnknownPerson()), nil
	case errors.As(err, &busy):
		if b.decidedBy(ctx, busy.Live.ID, l.ID) { // by this very command, delivered twice
			b.Slack.Count(slack.Duplicate)
			return answer{}, nil
		}
		return answerWith(say.Busy(l, busy, b.link(ctx, busy.Live.ID))), nil
	case errors.As(err, &same):
		return answerWith(say.SameVersion(same.Service, same.Image)), nil
	case errors.As(err, &back):
		return answerWith(say.RolledBackBefore(l, back.Before)), nil
	case errors.Is(err, rollout.ErrDecided):
		b.Slack.Count(slack.Duplicate)
		return answer{}, nil
	case code == rollout.Forbidden && byPolicy:
		return answerWith(say.Forbidden(l.Actor, forbidden, b.policy(l.Service))), nil
	case code == rollout.Unavailable || code == rollout.Internal:
		return answer{}, err
	default:
		return answerWith(say.Error(err)), nil
	}
}

// forbidden returns which part of a deploy the policy forbids, and whether it forbids any.
func (b *Bot) forbidden(l rollout.DeployRequest) (rollout.Action, bool) {
	policy := b.policy(l.Service)
	parts := []rollout.Action{action(l)}
	if l.Auto {
		parts = append(parts, rollout.AutoGate)
	}
	if l.Replace {
		parts = append(parts, rollout.Rollback) // of the one to be replaced
	}
	for _, part := range parts {
		if policy.Allows(l.Actor, part) != nil {
			return part, true
		}
	}
	return "", false
}

// decidedBy reports whether the rollout's timeline has the decision already: Slack delivered it again after a restart.
func (b *Bot) decidedBy(ctx context.Context, id rollout.ID, decision rollout.DecisionID) bool {
	if decision == "" {
		return false
	}
	entries, err := b.Store.Timeline(ctx, id, 0)
	return err == nil && slices.ContainsFunc(entries, func(e rollout.Entry) bool { return e.Decision == decision })
}
