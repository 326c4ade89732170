package cards

import (
	"context"
	"fmt"
	"slices"
	"time"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// Rollouts that go together share a card in each channel: the card of the first of them whose channel it is, their lead there. It
// shows all of them, those of other channels too. The others keep cursors of their own, for their places in its thread.

// leadOf returns the rollout on whose card this one stands: itself where it goes alone, or is the first of its channel.
func (p *Publisher) leadOf(r rollout.Rollout) rollout.ID {
	for _, id := range r.Request.Together {
		if p.sameChannel(id, r.ID) {
			return id
		}
	}
	return r.ID
}

// sameChannel reports whether the cards of two rollouts go to the same channel, as configured.
func (p *Publisher) sameChannel(a, b rollout.ID) bool {
	one, _, _ := a.Split()
	other, _, _ := b.Split()
	return p.ChannelOf(one) == p.ChannelOf(other)
}

// join finds the card on which the rollout stands, before its newer value r is taken: its own, or its lead's. Where a rollout
// stands is noted with its first message, and stays whatever the configuration says later.
func (p *Publisher) join(ctx context.Context, c *card, r rollout.Rollout) error {
	if len(r.Request.Together) == 0 || c.lead != nil || len(c.all) > 0 {
		return nil
	}
	if c.cur.Card == "" && c.cur.Posting == nil && c.cur.With == "" {
		if lead := p.leadOf(r); lead != r.ID {
			c.cur.With = lead
		}
	}
	if c.cur.With == "" {
		return p.gather(ctx, c, r)
	}
	value, err := p.Store.Load(ctx, c.cur.With)
	if rollout.CodeOf(err) == rollout.NotFound { // the store forgot it: this one takes the card over
		c.cur.With = ""
		return p.gather(ctx, c, r)
	}
	if err == nil {
		err = p.take(ctx, value, true)
	}
	if err != nil {
		return err
	}
	c.lead = p.cards[c.cur.With].holder()
	c.lead.followers = append(c.lead.followers, c)
	return nil
}

// gather reads the rollouts that a card shows.
func (p *Publisher) gather(ctx context.Context, c *card, r rollout.Rollout) error {
	var all []rollout.Rollout
	for _, id := range r.Request.Together {
		other, err := p.Store.Load(ctx, id)
		switch {
		case rollout.CodeOf(err) == rollout.NotFound: // it was forgotten
		case err != nil:
			return err
		default:
			all = append(all, other)
		}
	}
	c.all = all
	return nil
}

// keepTogether brings the cards that show several rollouts up to date with them, and the cursors of those with where the card is.
func (p *Publisher) keepTogether(ctx context.Context) error {
	for _, c := range p.cards {
		for i, r := range c.all {
			if other := p.cards[r.ID]; other != nil && other.r.Revision > r.Revision {
				c.all[i] = other.r
			}
		}
		if c.lead == nil || c.cur.Channel == c.lead.cur.Channel && c.cur.Card == c.lead.cur.Card {
			continue
		}
		c.cur.Channel, c.cur.Card = c.lead.cur.Channel, c.lead.cur.Card
		if err := p.cursors.save(ctx, c.r.ID, c.cur); err != nil {
			return err
		}
	}
	return nil
}

// saveFollowers notes for each follower the card that was just posted, and the turn that it shows.
func (c *card) saveFollowers(ctx context.Context, p *Publisher, began time.Time) error {
	for _, one := range c.followers {
		one.cur.Channel, one.cur.Card, one.cur.Showing = c.cur.Channel, c.cur.Card, 0
		one.cur.show(one.r.Turn, began)
		if err := p.cursors.save(ctx, one.r.ID, one.cur); err != nil {
			return err
		}
	}
	return nil
}

// holder is the card that shows the rollout.
func (c *card) holder() *card {
	if c.lead != nil {
		return c.lead
	}
	return c
}

// onIt are the rollouts whose cursors say what the card shows of them: its own, and its followers.
func (c *card) onIt() []*card { return append([]*card{c}, c.followers...) }

// leave has a follower be kept no longer.
func (c *card) leave() {
	if c.lead != nil {
		c.lead.followers = slices.DeleteFunc(c.lead.followers, func(one *card) bool { return one == c })
	}
}

// summary is that of all that the card shows.
func (c *card) summary() summary {
	if len(c.all) == 0 {
		return summaryOf(c.r)
	}
	all := ""
	for _, r := range c.all {
		all += fmt.Sprint(summaryOf(r))
	}
	return summary{all: all}
}

// revision rises with that of each rollout that the card shows.
func (c *card) revision() (sum rollout.Revision) {
	if len(c.all) == 0 {
		return c.r.Revision
	}
	for _, r := range c.all {
		sum += r.Revision
	}
	return sum
}

// hasEnded reports whether everything that the card shows has ended.
func (c *card) hasEnded() bool {
	return c.r.Terminal() && !slices.ContainsFunc(c.all, func(r rollout.Rollout) bool { return !r.Terminal() })
}

// allComplete reports whether all that stand on the card have ended, and are shown to their ends.
func (c *card) allComplete() bool { return c.lead != nil || c.hasEnded() && len(c.followers) == 0 }

// restarting is the card while the bot is going down.
func (c *card) restarting() view.Message {
	if len(c.all) == 0 {
		return view.Card(c.r, view.CardOptions{Restarting: true})
	}
	var all []view.Member
	for _, r := range c.all {
		all = append(all, view.Member{Rollout: r, Options: view.CardOptions{Restarting: true}})
	}
	return view.Together(all)
}

// sayer says what the thread says of an entry. Among several that go together that names the one that it is about, and what one
// says for all is said once. Gone are the user groups that are not there any more.
func (c *card) sayer(p *Publisher, to view.Audience, gone []string) func(rollout.Entry) (view.Message, bool) {
	h, link := c.holder(), c.cur.link(p.Slack.Me().URL)
	to.Gone = gone
	if len(h.all) == 0 {
		return func(e rollout.Entry) (view.Message, bool) { return view.Reply(c.r, e, to, link) }
	}
	here := slices.DeleteFunc(slices.Clone(h.all), func(r rollout.Rollout) bool { return !p.sameChannel(r.ID, c.r.ID) })
	for _, r := range here {
		if r.ID != c.r.ID {
			to.Others = append(to.Others, p.audience(r).Approvers...)
		}
	}
	return func(e rollout.Entry) (view.Message, bool) { return view.ReplyTogether(here, c.r, e, to, link) }
}

// inOrderAfter is how long what happened waits to be told in a thread that several share: what happened to all of them within a
// second is told in their order.
const inOrderAfter = 2 * time.Second

// inOrder is a task in the thread that several share.
func (c *card) inOrder(t task) task {
	if len(c.holder().all) > 0 && len(c.entries) > 0 {
		t.since, t.seq = c.entries[0].At.Truncate(time.Second), c.entries[0].Seq
		t.at = latest(t.at, t.since.Add(inOrderAfter))
	}
	return t
}

// rankOfAll is how urgent the most urgent entry is that waits for the thread, of all that share it: it pulls those before it along.
func (c *card) rankOfAll(most rank) rank {
	for _, one := range c.holder().onIt() {
		for _, e := range one.entries {
			most = min(most, rankOf(e))
		}
	}
	return most
}

// speaks reports whether the rollout is the first live one on its card: it says that nothing moves.
func (c *card) speaks() bool {
	all := c.holder().onIt()
	return all[max(0, slices.IndexFunc(all, func(one *card) bool { return one.r.Phase.Live() }))] == c
}

// lastMoved is when anything on the card moved last.
func (c *card) lastMoved() time.Time {
	last := c.stands.moved
	for _, one := range c.holder().onIt() {
		last = latest(last, one.stands.moved)
	}
	return last
}
