package bot

import (
	"context"
	"slices"
	"time"

	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

const (
	// outageLook is how often the bot looks whether something is to be told of the store.
	outageLook = 5 * time.Second
	// outageTold is how long the store must have failed before people hear of it: a moment is in the metrics alone.
	outageTold = 10 * time.Second
)

// outage is what people were told since the store began to fail. Nothing of it can be stored: a new process tells it again.
type outage struct {
	since time.Time
	begun map[string]bool     // the channels that know
	taken map[rollout.ID]bool // the rollouts that are known to be taken off traffic
}

// tellOutages says in the channels of the open rollouts, or else in the bot's own, when nothing can be saved, which canaries
// are taken off traffic meanwhile, and when it is over. Cards show only what is saved. It returns when the context ends.
func (b *Bot) tellOutages(ctx context.Context) {
	var told *outage
	repeat(ctx, outageLook, func() {
		now, degraded := b.Rollouts.Outage()
		switch {
		case !degraded && told != nil:
			b.tellOver(ctx, told)
			told = nil
		case !degraded:
		case told == nil && time.Since(now.Since) < outageTold:
		case told == nil:
			told = &outage{since: now.Since, begun: map[string]bool{}, taken: map[rollout.ID]bool{}}
			fallthrough
		default:
			b.tellOutage(ctx, told, now)
		}
	})
}

// tellOutage tells what is not known yet, and tries again the next time where Slack refuses.
func (b *Bot) tellOutage(ctx context.Context, told *outage, now rollout.Outage) {
	open := b.Rollouts.Snapshot()
	channels := []string{b.Channel}
	if len(open) > 0 {
		channels = nil
	}
	for _, r := range open {
		channels = append(channels, b.Cards.ChannelOf(r.Service))
	}
	slices.Sort(channels)
	for _, channel := range slices.Compact(channels) {
		if !told.begun[channel] {
			told.begun[channel] = b.announce(ctx, channel, b.answers.OutageBegan(now))
		}
	}
	for _, r := range open {
		if r.TakenOff() && !told.taken[r.ID] {
			told.taken[r.ID] = b.announce(ctx, b.Cards.ChannelOf(r.Service), b.answers.TakenOff(r, b.link(ctx, r.ID)))
		}
	}
}

func (b *Bot) tellOver(ctx context.Context, told *outage) {
	for channel, knows := range told.begun {
		if knows {
			b.announce(ctx, channel, b.answers.OutageOver(time.Since(told.since)))
		}
	}
}

// announce posts a message in the channel, and reports whether it is there.
func (b *Bot) announce(ctx context.Context, channel string, m view.Message) bool {
	id, err := b.Slack.ChannelID(ctx, channel)
	if err == nil {
		_, err = b.Slack.Post(ctx, slack.Place{Channel: id}, slack.Message(m), nil)
	}
	if err != nil {
		b.Log.Warn("not announced", "channel", channel, "error", err)
	}
	return err == nil
}
