package bot

import (
	"context"
	"errors"
	"slices"

	"canarybot.io/rollout"
)

// isOutsider reports whether somebody is not a full member of the home workspace, as far as that is known: what Slack said
// last, of somebody never seen what the payload says.
func (b *Bot) isOutsider(ctx context.Context, req request) bool {
	member, err := b.Slack.Member(ctx, req.user)
	if err == nil {
		return !member
	}
	if member, known := b.Slack.LastKnown(req.user); known {
		return !member
	}
	return req.team != b.Slack.Me().Team
}

// errNotLookedUp is an answer, not a failure: nothing was done, and that is final.
var errNotLookedUp = errors.New("the person could not be looked up")

// actor returns who the person is to the policy. While Slack cannot say who somebody is, nothing moves forward; rolling back
// goes by what is certain without it, because the safe direction must not wait for users.info: what Slack said last of
// the person; of somebody never seen an id that the policy names, or, where everyone may, the payload's own word that
// the person is of the home workspace.
func (b *Bot) actor(ctx context.Context, req request, action rollout.Action, service rollout.ServiceName) (rollout.Actor, error) {
	actor := rollout.Actor{Kind: rollout.Person, ID: req.user}
	member, err := b.Slack.Member(ctx, req.user)
	if err == nil {
		actor.Member = member
		return actor, nil
	}
	b.Log.Warn("person not looked up", "actor", req.user, "error", err)
	if action == rollout.Rollback {
		if member, known := b.Slack.LastKnown(req.user); known {
			actor.Member = member // a guest stays one while Slack does not answer
			return actor, nil
		}
		ids, everyone := b.policy(service).Who(rollout.Rollback)
		me := b.Slack.Me()
		if slices.Contains(ids, req.user) || everyone && me.Team != "" && req.team == me.Team {
			actor.Member = true
			return actor, nil
		}
	}
	return actor, errNotLookedUp
}
