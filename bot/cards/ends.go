package cards

import (
	"context"
	"errors"
	"math"

	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// theEnd stands for the message in the channel that is told of ends, as entry 0 does for the card. Marks keep it as a float.
const theEnd = math.MinInt32

// endUntold reports whether the rollout has ended, its thread says so, and the channel for ends does not yet. One that was
// cancelled never began.
func (c *card) endUntold() bool {
	return c.r.Terminal() && c.r.Ending.Outcome != rollout.Cancelled && c.endsIn != "" && !c.cur.EndTold && c.cur.Card != "" && len(c.entries) == 0
}

// postEnd tells the channel for ends how the rollout ended. Where it takes nothing that is logged, and nothing waits for
// it: everybody reads the end on the card.
func (c *card) postEnd(ctx context.Context, p *Publisher) error {
	in, err := p.Slack.Membership(ctx, c.endsIn)
	if err == nil && in == slack.Shared && !p.SharedChannels {
		return c.endTold(ctx, p, errors.New("another organisation would read it"))
	}
	id := ""
	if err == nil {
		id, err = p.Slack.ChannelID(ctx, c.endsIn)
	}
	if err == nil {
		c.cur.Ends = id
		p.learnWorkspace(ctx)
		err = c.beginPosting(ctx, p, theEnd)
	}
	if err == nil {
		_, err = c.post(ctx, p, view.Ended(c.r, c.cur.link(p.Slack.Me().URL)), theEnd)
	}
	if err != nil && slack.OutcomeOf(err) != slack.Refused {
		return err
	}
	return c.endTold(ctx, p, err)
}

// endTold notes that the channel for ends was told, or that it takes nothing.
func (c *card) endTold(ctx context.Context, p *Publisher, refused error) error {
	if refused != nil {
		p.Log.Error("the channel for ends is not told how a rollout ended", "rollout", c.r.ID, "channel", c.endsIn, "error", refused)
	}
	return c.endPosting(ctx, p, func(cur *Cursor) { cur.EndTold = true })
}
