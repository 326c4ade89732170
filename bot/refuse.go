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
	var sibling *rollout.SiblingError
	switch code := rollout.CodeOf(err); {
	case errors.As(err, &sibling):
		return b.refuseSibling(ctx, sibling, d)
	case errors.Is(err, errNotLookedUp):
		return answerWith(b.answers.UnknownPerson()), nil
	case errors.Is(err, errNoGroups):
		return answerWith(b.noGroups(d.Action, r.Service)), nil
	case errors.Is(err, rollout.ErrDecided):
		b.Slack.Count(slack.Duplicate)
		return answer{}, nil
	case code == rollout.Forbidden && b.policy(r.Service).Allows(d.Actor, d.Action) == nil: // they may, and do not count
		return answerWith(b.answers.NotCounted(d.Actor, rollout.ProblemOf(err), b.policy(r.Service).WhoApproves(r))), nil
	case code == rollout.Forbidden:
		return answerWith(b.mayNot(b.answers, d.Actor, d.Action, b.policy(r.Service))), nil
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
	var closed *rollout.ClosedError
	forbidden, byPolicy := b.forbidden(l)
	switch code := rollout.CodeOf(err); {
	case errors.Is(err, errNotLookedUp):
		return answerWith(say.UnknownPerson()), nil
	case errors.Is(err, errNoGroups):
		return answerWith(b.noGroups(action(l), l.Service)), nil
	case errors.As(err, &busy):
		if b.decidedBy(ctx, busy.Live.ID, l.ID) { // by this very command, delivered twice
			b.Slack.Count(slack.Duplicate)
			return answer{}, nil
		}
		return aboutField(say.Busy(l, busy, b.link(ctx, busy.Live.ID)), view.FieldService, view.TickToReplace), nil
	case errors.As(err, &same):
		return aboutField(say.SameVersion(same.Service, same.Image), view.FieldVersion, ""), nil
	case errors.As(err, &closed):
		return aboutField(say.Closed(l, closed.Closed), view.FieldService, ""), nil
	case errors.As(err, &back):
		return aboutField(say.RolledBackBefore(l, back.Before), view.FieldVersion, view.TickToReplace), nil
	case errors.Is(err, rollout.ErrDecided):
		b.Slack.Count(slack.Duplicate)
		return answer{}, nil
	case code == rollout.Forbidden && byPolicy:
		return answerWith(b.mayNot(say, l.Actor, forbidden, b.policy(l.Service))), nil
	case code == rollout.Unavailable || code == rollout.Internal:
		return answer{}, err
	case code == rollout.Invalid:
		return aboutField(say.Error(err), view.FieldVersion, ""), nil
	default:
		return answerWith(say.Error(err)), nil
	}
}

// mayNot says that the actor may not, and in which of the user groups that may nobody is.
func (b *Bot) mayNot(say view.Answers, actor rollout.Actor, action rollout.Action, policy rollout.Policy) view.Message {
	who, _ := policy.Who(action)
	return say.Forbidden(actor, action, policy).NobodyIn(b.Slack.EmptyGroups(who))
}

// noGroups says that nobody knows who is in the user groups that may, and why.
func (b *Bot) noGroups(action rollout.Action, service rollout.ServiceName) view.Message {
	p := rollout.Problem{Code: view.ProblemGroupsUnknown}
	if b.Slack.GroupTrouble() != nil {
		p.Code = view.ProblemNoGroups
	}
	return b.answers.NoGroups(p, action, b.policy(service))
}

// aboutField is a refusal that a form shows under a field.
func aboutField(m view.Message, field, remedy string) answer {
	out := answerWith(m)
	out.about, out.remedy = field, remedy
	return out
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
