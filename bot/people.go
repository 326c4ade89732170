package bot

import (
	"context"
	"errors"
	"slices"

	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// errNotLookedUp and errNoGroups are answers, not failures: nothing was done, and that is final.
var (
	errNotLookedUp = errors.New("the person could not be looked up")
	errNoGroups    = errors.New("nobody knows who is in the policy's user groups")
)

// actor identifies the person to the policy. While Slack does not say who people are, nothing moves forward. Only the safe
// direction is left, and only to people whom the policy names, by their id or a user group that they were in last: whoever
// it does not name may be a guest.
func (b *Bot) actor(ctx context.Context, req request, action rollout.Action, service rollout.ServiceName) (rollout.Actor, error) {
	return b.actorUnder(ctx, req, action, b.policy(service))
}

// actorUnder is actor for a policy.
func (b *Bot) actorUnder(ctx context.Context, req request, action rollout.Action, policy rollout.Policy) (rollout.Actor, error) {
	person, err := b.Slack.Person(ctx, req.user)
	if err == nil {
		return b.inGroups(ctx, identified(req.user, person, policy), policy, action)
	}
	b.Log.Warn("person not looked up", "actor", req.user, "error", err)
	actor := rollout.Actor{Kind: rollout.Person, ID: req.user}
	switch member, known := b.Slack.LastKnown(req.user); {
	case action != rollout.Rollback:
	case known && !member: // a guest stays one
		return actor, nil
	case names(policy, req.user):
		actor.Member = true
		return actor, nil
	case known:
		if actor.Groups = b.Slack.LastKnownGroups(policy.Groups(), req.user); len(actor.Groups) > 0 {
			actor.Member = true
			return actor, nil
		}
	}
	return actor, errNotLookedUp
}

// identified is the person under the id that the policy names, where it names one of theirs.
func identified(user string, person slack.Person, policy rollout.Policy) rollout.Actor {
	actor := rollout.Actor{Kind: rollout.Person, ID: user, Member: person.Member}
	if person.Also != user {
		actor.Also = person.Also
	}
	if actor.Also != "" && !names(policy, actor.ID) && names(policy, actor.Also) {
		actor.ID, actor.Also = actor.Also, actor.ID
	}
	return actor
}

// inGroups notes which of the policy's user groups the actor is in, as they are now. While Slack does not say, the last
// that it said counts for rolling back, and what the policy allows without any group holds.
func (b *Bot) inGroups(ctx context.Context, actor rollout.Actor, policy rollout.Policy, action rollout.Action) (rollout.Actor, error) {
	groups := policy.Groups()
	if len(groups) == 0 || !actor.Member {
		return actor, nil
	}
	in, err := b.Slack.Groups(ctx, groups, actor.ID, actor.Also)
	if err == nil {
		actor.Groups = in
		return actor, nil
	}
	b.Log.Warn("user groups not looked up", "actor", actor.ID, "error", err)
	if action == rollout.Rollback {
		actor.Groups = b.Slack.LastKnownGroups(groups, actor.ID, actor.Also)
		return actor, nil
	}
	if policy.Allows(actor, action) != nil {
		return actor, errNoGroups
	}
	return actor, nil
}

// names reports whether a policy names somebody by id.
func names(p rollout.Policy, id string) bool {
	return slices.Contains(p.Named(), id)
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
	return names(b.everyPolicy(), user)
}

// everyPolicy names whom any policy names.
func (b *Bot) everyPolicy() rollout.Policy {
	all := []rollout.Policy{b.Policy}
	for _, s := range b.Services {
		all = append(all, s.Policy)
	}
	return naming(all...)
}

// naming names whom any of the policies names: to identify people, not to ask what they may.
func naming(policies ...rollout.Policy) rollout.Policy {
	var all rollout.Policy
	for _, p := range policies {
		all.Deployers = append(all.Deployers, p.Deployers...)
		all.Approvers = append(all.Approvers, p.Approvers...)
		all.Rollback = append(all.Rollback, p.Rollback...)
		all.PromoteNow = append(all.PromoteNow, p.PromoteNow...)
		all.Emergency = append(all.Emergency, p.Emergency...)
	}
	return all
}
