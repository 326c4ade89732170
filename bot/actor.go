package bot

import (
	"context"
	"errors"
	"slices"

	"canarybot.io/rollout"
)

// isOutsider reports whether the person is not a full member of the home workspace. While Slack does not answer, it goes
// by what Slack said last about them; for somebody never looked up, by the payload.
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

// actor identifies the person to the policy. While Slack does not answer, nothing moves forward. A rollback must not wait
// for users.info and goes by what is certain without it: what Slack said last about the person; for somebody never looked
// up, an id that the policy names or, where everyone may roll back, the payload's home workspace.
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
