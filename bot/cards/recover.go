package cards

import (
	"context"
	"errors"
	"slices"
	"time"

	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// number is that of the card that is there, or, where it takes over from that one or none is there, is being posted.
func (c *card) number() int {
	if c.cur.Card != "" {
		return c.cur.Number + 1
	}
	return c.cur.Number
}

// place is where the message of an entry goes. Entry 0 is the card, theEnd goes to the channel for ends; -1, -2, ... say in
// the threads of earlier cards where the rollout goes on.
func (c *card) place(seq int) slack.Place {
	switch {
	case seq == theEnd:
		return slack.Place{Channel: c.cur.Ends}
	case seq == 0:
		return slack.Place{Channel: c.cur.Channel}
	case isStall(seq): // in the thread
	case seq < 0:
		e := c.cur.Earlier[-seq-1]
		return slack.Place{Channel: e.Channel, Thread: e.Card}
	}
	return slack.Place{Channel: c.cur.Channel, Thread: c.cur.Card}
}

// mark marks the message of an entry, so that it is found again.
func (c *card) mark(seq int) slack.Mark {
	m := slack.Mark{"store": c.r.Store, "rollout": string(c.r.ID), "seq": seq}
	if n := c.number(); seq == 0 && n > 0 {
		m["card"] = n
	}
	return m
}

// marked reports whether a mark is that of the entry's message.
func (c *card) marked(seq int) func(slack.Mark) bool {
	return func(m slack.Mark) bool {
		n, ok := m["seq"].(float64)
		number, _ := m["card"].(float64)
		return ok && int(n) == seq && m["rollout"] == string(c.r.ID) && m["store"] == c.r.Store &&
			(seq != 0 || int(number) == c.number())
	}
}

// recoverCard looks for a card that may have been posted before a crash, or by a call whose answer was lost.
func (c *card) recoverCard(ctx context.Context, p *Publisher) error {
	ts, err := p.Slack.Find(ctx, c.place(0), c.cur.Since, c.marked(0))
	switch {
	case err != nil && slack.RemedyFor(slack.CodeOf(err)) == slack.AnotherChannel && slack.OutcomeOf(err) == slack.Refused:
		return errors.Join(err, c.moveIfChanged(ctx, p))
	case err != nil:
		return err
	}
	c.unconfirmed = false
	if ts == "" {
		return nil // it was not posted; now it is
	}
	c.drawn, c.frozen = false, false // the next edit comes at once
	return c.endPosting(ctx, p, func(cur *Cursor) {
		cur.retire()
		cur.show(cur.Showing, time.Now())
		cur.Card, cur.Showing = ts, 0
	})
}

// recoverReply looks for a reply in the same way.
func (c *card) recoverReply(ctx context.Context, p *Publisher) error {
	seq := *c.cur.Posting
	ts, err := p.Slack.Find(ctx, c.place(seq), c.cur.Since, c.marked(seq))
	switch {
	case err != nil && seq == theEnd && slack.OutcomeOf(err) == slack.Refused:
		return c.endTold(ctx, p, err)
	case err != nil && seq == theEnd:
		return err
	case err != nil && isStall(seq):
		return c.notReplied(ctx, p, err)
	case err != nil && seq < 0 && slack.OutcomeOf(err) == slack.Refused:
		return c.linked(ctx, p, seq) // nobody reads it there
	case err != nil:
		return c.notReplied(ctx, p, err)
	}
	c.unconfirmed = false
	switch {
	case ts == "":
		return nil
	case seq == theEnd:
		return c.endTold(ctx, p, nil)
	case isStall(seq):
		return c.stallTold(ctx, p)
	case seq < 0:
		return c.linked(ctx, p, seq)
	}
	pictures := c.cur.Pictures
	if i := slices.IndexFunc(c.entries, func(e rollout.Entry) bool { return e.Seq == seq }); i >= 0 {
		m, _ := c.sayer(p, p.audience(c.r), nil)(c.entries[i])
		pictures = c.withPicture(p, c.entries[i], m)
	}
	c.entries = slices.DeleteFunc(c.entries, func(e rollout.Entry) bool { return e.Seq <= seq })
	return c.endPosting(ctx, p, func(cur *Cursor) { cur.Last, cur.Pictures = max(cur.Last, seq), pictures })
}

// postLink says in the thread of an earlier card where the rollout goes on.
func (c *card) postLink(ctx context.Context, p *Publisher) error {
	seq := -c.unlinked() - 1
	if err := c.beginPosting(ctx, p, seq); err != nil {
		return err
	}
	p.learnWorkspace(ctx)
	_, err := c.post(ctx, p, view.MovedOn(c.r, c.cur.link(p.Slack.Me().URL)), seq)
	if err != nil && slack.OutcomeOf(err) != slack.Refused {
		return err
	}
	if err != nil {
		p.Log.Warn("the earlier card's thread does not say where the rollout goes on", "rollout", c.r.ID, "error", err)
	}
	return c.linked(ctx, p, seq)
}

// linked notes that an earlier card's thread says where the rollout goes on, or never will.
func (c *card) linked(ctx context.Context, p *Publisher, seq int) error {
	return c.endPosting(ctx, p, func(cur *Cursor) {
		cur.Earlier = slices.Clone(cur.Earlier)
		cur.Earlier[-seq-1].Linked = true
	})
}
