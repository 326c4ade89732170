package bot

import (
	"context"
	"errors"
	"slices"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// errNotLookedUp is an answer, not a failure: nothing was done, and that is final.
var errNotLookedUp = errors.New("the person could not be looked up")

// actor identifies the person to the policy. While Slack does not say who people are, nothing moves forward. Only the safe
// direction is left, and only to people whom the policy names by their id: whoever it does not name may be a guest.
func (b *Bot) actor(ctx context.Context, req request, action rollout.Action, service rollout.ServiceName) (rollout.Actor, error) {
	actor, policy := rollout.Actor{Kind: rollout.Person, ID: req.user}, b.policy(service)
	person, err := b.Slack.Person(ctx, req.user)
	if err == nil {
		actor.Member = person.Member
		if !names(policy, actor.ID) && names(policy, person.Also) {
			actor.ID = person.Also
		}
		return actor, nil
	}
	b.Log.Warn("person not looked up", "actor", req.user, "error", err)
	switch member, known := b.Slack.LastKnown(req.user); {
	case action != rollout.Rollback:
	case known && !member: // a guest stays one
		return actor, nil
	case names(policy, req.user):
		actor.Member = true
		return actor, nil
	}
	return actor, errNotLookedUp
}

// names reports whether a policy names somebody by id.
func names(p rollout.Policy, id string) bool {
	return slices.Contains(p.Deployers, id) || slices.Contains(p.Approvers, id) || slices.Contains(p.Rollback, id)
}

// turnAway returns the answer to somebody who may not ask about rollouts; ok is false where they may. While Slack does not
// say who people are, it goes by what it said last about them, and by the policies: a guest whom nobody has looked up yet
// must not read more than they see.
func (b *Bot) turnAway(ctx context.Context, req request) (m view.Message, ok bool) {
	person, err := b.Slack.Person(ctx, req.user)
	member, known := person.Member, true
	if err != nil {
		member, known = b.Slack.LastKnown(req.user)
	}
	switch {
	case known && !member:
		return b.answers.Outsider(rollout.Actor{Kind: rollout.Person, ID: req.user}), true
	case !known && !b.named(req.user):
		return b.answers.UnknownPerson(), true
	}
	return view.Message{}, false
}

// named reports whether any policy names somebody by id.
func (b *Bot) named(user string) bool {
	for _, s := range b.Services {
		if names(s.Policy, user) {
			return true
		}
	}
	return names(b.Policy, user)
}
