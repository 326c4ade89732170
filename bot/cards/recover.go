package cards

import (
	"context"
	"errors"
	"slices"

	"canarybot.io/bot/slack"
	"canarybot.io/rollout"
)

// mark marks the message of an entry, 0 for the card, so that it is found again.
func (c *card) mark(seq int) slack.Mark {
	return slack.Mark{"store": c.r.Store, "rollout": string(c.r.ID), "seq": seq}
}

// marked reports whether a mark is that of the entry's message.
func (c *card) marked(seq int) func(slack.Mark) bool {
	return func(m slack.Mark) bool {
		n, ok := m["seq"].(float64)
		return ok && int(n) == seq && m["rollout"] == string(c.r.ID) && m["store"] == c.r.Store
	}
}

// recoverCard looks for a card that may have been posted before a crash, or by a call whose answer was lost.
func (c *card) recoverCard(ctx context.Context, p *Publisher) error {
	ts, err := p.Slack.Find(ctx, slack.Place{Channel: c.cur.Channel}, c.cur.Since, c.marked(0))
	switch code := slack.CodeOf(err); {
	case code == "channel_not_found" || code == "not_in_channel":
		return errors.Join(err, c.forgetChannelIfChanged(ctx, p))
	case err != nil:
		return err
	}
	c.unconfirmed = false
	if ts == "" {
		return nil // it was not posted; now it is
	}
	// Which turn it shows is not known: a typed command waits for the next edit, which comes at once.
	return c.endPosting(ctx, p, func(cur *Cursor) { cur.Card = ts })
}

// forgetChannelIfChanged gives up on a card that may be in a channel that cannot be read, once the configuration names
// another one: before that the bot may be invited back, and there must not be two cards.
func (c *card) forgetChannelIfChanged(ctx context.Context, p *Publisher) error {
	name := p.channel(c.r.Service)
	p.Slack.ForgetChannel(name)
	id, err := p.Slack.ChannelID(ctx, name)
	if err != nil || id == c.cur.Channel {
		return err
	}
	return c.forgetChannel(ctx, p)
}

// recoverReply looks for a reply in the same way.
func (c *card) recoverReply(ctx context.Context, p *Publisher) error {
	seq := *c.cur.Posting
	ts, err := p.Slack.Find(ctx, slack.Place{Channel: c.cur.Channel, Thread: c.cur.Card}, c.cur.Since, c.marked(seq))
	switch code := slack.CodeOf(err); {
	case code == "thread_not_found" || code == "message_not_found":
		return c.cardDeleted(ctx, p)
	case err != nil:
		return err
	}
	c.unconfirmed = false
	if ts == "" {
		return nil
	}
	c.entries = slices.DeleteFunc(c.entries, func(e rollout.Entry) bool { return e.Seq <= seq })
	return c.endPosting(ctx, p, func(cur *Cursor) { cur.Last = max(cur.Last, seq) })
}
