package cards

import (
	"cmp"
	"context"
	"slices"

	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// What can be wrong with a rollout's channel, which is the Value.
const (
	ProblemNotInChannel rollout.ProblemCode = "bot_not_in_channel" // Want has the bot's name
	ProblemNoChannel    rollout.ProblemCode = "channel_not_found"  // or none that the bot may see
	ProblemArchived     rollout.ProblemCode = "channel_archived"
	ProblemShared       rollout.ProblemCode = "channel_shared"  // with another organisation, who would read every card
	ProblemUnknown      rollout.ProblemCode = "channel_unknown" // Slack does not let the bot see whether it is shared
	// The next three have Slack's word in Want.
	ProblemMayNotPost     rollout.ProblemCode = "slack_may_not_post"
	ProblemBotRefused     rollout.ProblemCode = "slack_refuses_bot"
	ProblemMessageRefused rollout.ProblemCode = "slack_refuses_message"
)

// ChannelOf returns where the service's cards go, as configured: an id or #name.
func (p *Publisher) ChannelOf(service rollout.ServiceName) string {
	if s, ok := p.Services[service]; ok && s.Channel != "" {
		return s.Channel
	}
	return p.Channel
}

// audience returns whom the rollout's messages mention, as configured.
func (p *Publisher) audience(r rollout.Rollout) view.Audience {
	policy, to := p.Policy, view.Audience{Command: p.Command}
	if s, ok := p.Services[r.Service]; ok {
		policy, to.Notify, to.Links = s.Policy, s.Notify, s.Links
	}
	to.Approvers, to.Apart, to.MayHurry = policy.WhoApproves(r), policy.Apart(r), len(policy.PromoteNow) > 0
	return to
}

// gone returns which of those whom the entry's reply calls are user groups that are not there any more: their mention would
// call nobody, and read like a mistake.
func (p *Publisher) gone(ctx context.Context, e rollout.Entry, to view.Audience) []string {
	if !calls(e) {
		return nil
	}
	return p.Slack.Gone(ctx, slices.Concat(to.Approvers, to.Notify.All()))
}

// calls reports whether an entry's reply mentions those whom the configuration names.
func calls(e rollout.Entry) bool {
	// Every other reply is for those who follow the thread.
	//exhaustive:ignore
	switch e.Kind {
	case rollout.EntryRequested, rollout.EntryAsked, rollout.EntryDrift, rollout.EntryStuck:
		return true
	case rollout.EntryPhase:
		return e.Data.To == rollout.RollingBack
	}
	return false
}

// Preflight finds the problems of the rollout's channel: where the bot is not in it, nobody would see the rollout, and where
// another organisation is, strangers would. While Slack does not answer there is no problem: an outage of Slack delays
// nothing.
func (p *Publisher) Preflight(ctx context.Context, r rollout.Rollout) rollout.Preflight {
	problem, err := p.MayPost(ctx, p.ChannelOf(r.Service))
	switch {
	case err != nil:
		p.Log.Warn("channel not looked up before the start", "rollout", r.ID, "channel", p.ChannelOf(r.Service), "error", err)
		return rollout.Preflight{}
	case problem.IsZero():
		return rollout.Preflight{}
	}
	return rollout.Preflight{Problems: []rollout.Problem{problem}}
}

// MayPost returns why nothing is to be posted in the channel, which is an id or #name: the bot is not in it, or others than the
// workspace's own people read it; zero: it may. An error means that Slack did not answer.
func (p *Publisher) MayPost(ctx context.Context, channel string) (rollout.Problem, error) {
	problem := rollout.Problem{Value: channel}
	membership, err := p.Slack.Membership(ctx, channel)
	switch {
	case slack.CodeOf(err) == "missing_scope" && !p.SharedChannels:
		problem.Code = ProblemUnknown
		return problem, nil
	case err != nil:
		return rollout.Problem{}, err
	}
	switch membership {
	case slack.Joined:
		return rollout.Problem{}, nil
	case slack.Shared:
		if p.SharedChannels {
			return rollout.Problem{}, nil
		}
		problem.Code = ProblemShared
	case slack.NotJoined:
		problem.Code, problem.Want = ProblemNotInChannel, cmp.Or(p.Slack.Me().Name, "canarybot")
	case slack.NoSuchChannel:
		problem.Code = ProblemNoChannel
	case slack.Archived:
		problem.Code = ProblemArchived
	}
	return problem, nil
}
