package cards

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

const (
	// restartingMost bounds how long the cards are edited when the bot goes down, and restartingAtOnce how many at once.
	restartingMost, restartingAtOnce = 5 * time.Second, 8
	// tail is how many entries before the last may hold the decision that a card shows.
	tail = 20
)

// postCard posts the card, or the next one where Slack takes no more edits of the one that is there.
func (c *card) postCard(ctx context.Context, p *Publisher) error {
	if c.cur.Channel == "" {
		id, err := p.Slack.ChannelID(ctx, p.ChannelOf(c.r.Service))
		if err != nil {
			return err
		}
		c.cur.Channel = id
	}
	if err := c.beginPosting(ctx, p, 0); err != nil {
		return err
	}
	next := c.cur
	next.retire() // it takes over
	if len(next.Earlier) > 0 {
		p.learnWorkspace(ctx)
	}
	m, began := c.render(ctx, p, next), time.Now()
	ts, err := c.post(ctx, p, m, 0)
	switch {
	case err == nil:
	case slack.OutcomeOf(err) == slack.Refused: // it is not there for certain
		return errors.Join(err, c.notPosted(ctx, p, err))
	default:
		return err
	}
	c.drew(m)
	c.frozen = false
	err = c.endPosting(ctx, p, func(cur *Cursor) {
		cur.retire()
		cur.Card, cur.Showing = ts, 0
		cur.show(c.r.Turn, began)
	})
	return errors.Join(err, c.saveFollowers(ctx, p, began))
}

// notPosted notes that the card was refused. The channel is looked up again at the next try, also after a restart: the
// configuration may name another one by then.
func (c *card) notPosted(ctx context.Context, p *Publisher, refused error) error {
	if c.cur.Card == "" {
		return c.forgetChannel(ctx, p)
	}
	if slack.RemedyFor(slack.CodeOf(refused)) == slack.AnotherChannel {
		return c.moveIfChanged(ctx, p)
	}
	return c.endPosting(ctx, p, func(*Cursor) {})
}

// postReply posts the first entry that the thread does not show, together with those that quiet hours held back with it. It
// is marked with the last of them.
func (c *card) postReply(ctx context.Context, p *Publisher) error {
	batch := c.batch()
	e := batch[len(batch)-1]
	m, inThread := c.reply(ctx, p, batch)
	if !inThread {
		c.entries = c.entries[len(batch):]
		return nil
	}
	if err := c.beginPosting(ctx, p, e.Seq); err != nil {
		return err
	}
	began := time.Now()
	_, err := c.post(ctx, p, m, e.Seq)
	if err != nil {
		if !isDefect(err) {
			return c.notReplied(ctx, p, err)
		}
		p.Log.Error("slack takes a reply in no form; it is left out", "rollout", c.r.ID, "entry", e.Seq, "error", err)
	}
	if c.entries = c.entries[len(batch):]; c.held > 0 {
		c.stands.heard = time.Now()
	}
	return c.endPosting(ctx, p, func(cur *Cursor) {
		cur.Last = e.Seq
		if err == nil && slices.ContainsFunc(batch, isAsked) && len(c.entries) == 0 && c.r.Waits() {
			cur.show(c.r.Turn, began) // whoever reads the question may answer it, although the card is not edited yet
		}
		if len(batch) == 1 { // what is old by then has its numbers in /canary why
			cur.Pictures = c.withPicture(p, e, m)
		}
	})
}

// notReplied notes what a refused reply says about the card that it was to stand under.
func (c *card) notReplied(ctx context.Context, p *Publisher, err error) error {
	code, h := slack.CodeOf(err), c.holder()
	switch remedy := slack.RemedyFor(code); {
	case slack.OutcomeOf(err) != slack.Refused:
	case isGone(code) && !h.isNew():
		return h.cardDeleted(ctx, p)
	case remedy == slack.AnotherChannel:
		return errors.Join(err, h.moveIfChanged(ctx, p))
	case remedy == slack.AnotherMessage:
		h.frozen = true // the thread is closed
	}
	return err
}

// isDefect reports whether Slack refused a message that no other place would take either.
func isDefect(err error) bool {
	if slack.OutcomeOf(err) != slack.Refused {
		return false
	}
	switch slack.RemedyFor(slack.CodeOf(err)) {
	case slack.OurDefect, slack.LessText, slack.PlainText:
		return true
	case slack.AnotherMessage, slack.AnotherChannel, slack.Permission, slack.LaterAgain, slack.Slower:
	}
	return false
}

// editCard makes the card show the rollout as it is now.
func (c *card) editCard(ctx context.Context, p *Publisher) error {
	m, began := c.render(ctx, p, c.cur), time.Now()
	if c.drawn && !c.outdated && c.showing.refused.IsZero() && hash(m) == c.shows.hash { // it reads the same
		c.drew(m)
		return c.saveTurn(ctx, p, began)
	}
	if err := c.saveShowing(ctx, p); err != nil {
		return err
	}
	if err := p.Slack.Update(ctx, c.cur.Channel, c.cur.Card, slack.Message(m)); err != nil {
		return c.notEdited(ctx, p, err)
	}
	c.drew(m)
	return c.saveTurn(ctx, p, began)
}

// notEdited notes what a refused edit says about the card.
func (c *card) notEdited(ctx context.Context, p *Publisher, err error) error {
	code := slack.CodeOf(err)
	switch remedy := slack.RemedyFor(code); {
	case slack.OutcomeOf(err) != slack.Refused:
		return err
	case isGone(code) && !c.isNew():
		return c.cardDeleted(ctx, p)
	case remedy == slack.AnotherChannel:
		return errors.Join(err, c.moveIfChanged(ctx, p))
	case remedy == slack.AnotherMessage || isDefect(err):
		p.Log.Warn("slack takes no edit of the card; another one takes over when there is something to show", "rollout", c.r.ID, "error", err)
		c.freeze()
		return nil
	}
	return err
}

// freeze notes that another card has to take over when there is something to show. What an earlier process drew shows its
// turn, and that may be all there is.
func (c *card) freeze() {
	c.frozen, c.cur.Showing = true, 0
	if !c.drawn && c.cur.Turn == c.r.Turn && !c.cur.Restarting {
		c.drawn, c.urgent, c.outdated = true, numbers, false
		c.shows = shown{summary: c.summary(), revision: c.revision(), at: time.Now()}
	}
}

// isGone reports whether the word says that a message is not there.
func isGone(code string) bool { return code == "thread_not_found" || code == "message_not_found" }

// isNew reports whether the card, which is not the rollout's first, was posted a while ago at most. When it is gone it is
// not followed by another at once, in case that were gone as soon.
func (c *card) isNew() bool {
	return c.cur.Number > 0 && time.Since(timeOf(c.cur.Card)) < replaceEvery
}

// finish notes that everything is shown and forgets the rollout.
func (c *card) finish(ctx context.Context, p *Publisher) error {
	cur := c.cur
	cur.Done, cur.Posting = true, nil
	if err := p.cursors.save(ctx, c.r.ID, cur); err != nil {
		return err
	}
	delete(p.cards, c.r.ID)
	p.forget(c.r.ID)
	c.leave()
	return nil
}

// beginPosting notes durably what is about to be posted, so that nobody posts it twice, and of a card which turn it shows.
func (c *card) beginPosting(ctx context.Context, p *Publisher, seq int) error {
	cur := c.cur
	if seq == 0 {
		cur.Showing = c.r.Turn
	}
	switch begun := cur.Posting != nil && *cur.Posting == seq; {
	case begun && cur.Showing == c.cur.Showing:
		return nil
	case !begun:
		cur.Posting, cur.Since = &seq, time.Now().UTC().Round(0)
	}
	if err := p.cursors.save(ctx, c.r.ID, cur); err != nil {
		return err
	}
	c.cur = cur
	return nil
}

// post posts the card, which is entry 0, or a reply.
func (c *card) post(ctx context.Context, p *Publisher, m view.Message, seq int) (ts string, err error) {
	ts, err = p.Slack.Post(ctx, c.place(seq), slack.Message(m), c.mark(seq))
	c.unconfirmed = err != nil && slack.OutcomeOf(err) == slack.Lost
	return ts, err
}

// endPosting notes durably that a message is there.
func (c *card) endPosting(ctx context.Context, p *Publisher, change func(*Cursor)) error {
	change(&c.cur) // also when it cannot be stored: this process knows
	c.cur.Posting, c.unconfirmed = nil, false
	return p.cursors.save(ctx, c.r.ID, c.cur)
}

// forgetChannel makes the next try look up the channel, also after a restart: the configuration may name another one by
// then.
func (c *card) forgetChannel(ctx context.Context, p *Publisher) error {
	p.Slack.ForgetChannel(p.ChannelOf(c.r.Service))
	return c.endPosting(ctx, p, func(cur *Cursor) { cur.Channel = "" })
}

// cardDeleted notes that somebody deleted the card: another one is posted, and the thread goes on under that.
func (c *card) cardDeleted(ctx context.Context, p *Publisher) error {
	p.Log.Warn("the card is gone; posting another one", "rollout", c.r.ID)
	cur := c.cur
	cur.Card, cur.Posting = "", nil
	cur.Number++
	return c.startOver(ctx, p, cur)
}

// startOver makes a cursor without a card durable: the next call posts one.
func (c *card) startOver(ctx context.Context, p *Publisher, cur Cursor) error {
	if err := p.cursors.save(ctx, c.r.ID, cur); err != nil {
		return err
	}
	c.cur, c.drawn, c.unconfirmed, c.frozen = cur, false, false, false
	return nil
}

// moveIfChanged gives up on a channel that takes nothing, once its name or the configuration means another one: before
// that the bot may be let in again, and there must not be two cards.
func (c *card) moveIfChanged(ctx context.Context, p *Publisher) error {
	name := p.ChannelOf(c.r.Service)
	p.Slack.ForgetChannel(name)
	id, err := p.Slack.ChannelID(ctx, name)
	if err != nil || id == c.cur.Channel {
		return err
	}
	if !p.Preflight(ctx, c.r).Passes() {
		return nil // nor does that one show it to people, and to them alone
	}
	cur := c.cur
	cur.retire()
	cur.Channel, cur.Posting = id, nil
	return c.startOver(ctx, p, cur)
}

// render makes the card as it is now.
func (c *card) render(ctx context.Context, p *Publisher, cur Cursor) view.Message {
	earlier := cur.earlier(p.Slack.Me().URL)
	if len(c.all) == 0 {
		return view.Card(c.shown(c.r), c.options(ctx, p, c.r, earlier))
	}
	var all []view.Member
	for _, r := range c.all {
		all = append(all, view.Member{Rollout: c.shown(r), Options: c.options(ctx, p, r, earlier)})
	}
	return view.Together(all)
}

// shown is the rollout as people see it. Whoever reads the card sees the rollout, whatever was stored before; that its thread
// takes nothing is told all the same.
func (c *card) shown(r rollout.Rollout) rollout.Rollout {
	r.Unseen = c.replying.refused
	return r
}

// options are what the card shows besides the rollout: the decision that led here, while nothing has come of it yet.
func (c *card) options(ctx context.Context, p *Publisher, r rollout.Rollout, earlier string) view.CardOptions {
	to := p.audience(r)
	options := view.CardOptions{
		Approvers: without(to.Approvers, p.Slack.LastKnownGone(to.Approvers)), Empty: p.Slack.EmptyGroups(to.Approvers),
		MayHurry: to.MayHurry, Links: to.Links, Earlier: earlier,
	}
	if one := p.cards[r.ID]; one != nil {
		options.AsksLater = one.asksLater()
	}
	entries, err := p.Store.Timeline(ctx, r.ID, max(0, r.Seq-tail))
	if err != nil {
		p.Log.Warn("timeline not read for the card", "rollout", r.ID, "error", err)
	}
	for _, e := range slices.Backward(entries) {
		if e.Seq > r.Seq || e.Kind == rollout.EntryPhase || e.Kind == rollout.EntryVerdict {
			continue
		}
		if e.Kind == rollout.EntryDecided {
			options.Decided = &e
		}
		break // whatever else happened since is newer than the decision
	}
	return options
}

// without returns the ids that are not among the others.
func without(ids, others []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(others, id) })
}

// drew notes what the card shows now.
func (c *card) drew(m view.Message) {
	c.shows = shown{summary: c.summary(), hash: hash(m), revision: c.revision(), at: time.Now(), asks: c.asks()}
	c.drawn, c.urgent, c.outdated = true, numbers, false
}

// hash tells two messages apart.
func hash(m view.Message) string {
	raw, err := json.Marshal(m)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%x", sha256.Sum256(raw))
}

// saveShowing notes which turn the card is about to show, of each rollout on it.
func (c *card) saveShowing(ctx context.Context, p *Publisher) error {
	for _, one := range c.onIt() {
		if one.cur.Turn == one.r.Turn || one.cur.Showing == one.r.Turn {
			continue
		}
		one.cur.Showing = one.r.Turn
		if err := p.cursors.save(ctx, one.r.ID, one.cur); err != nil {
			return err
		}
	}
	return nil
}

// saveTurn notes which turn the card shows, of each rollout on it, and since when it may: a typed command answers what was
// seen.
func (c *card) saveTurn(ctx context.Context, p *Publisher, began time.Time) error {
	for _, one := range c.onIt() {
		if one.cur.Turn == one.r.Turn && !one.cur.Restarting {
			continue
		}
		one.cur.show(one.r.Turn, began)
		one.cur.Showing, one.cur.Restarting = 0, false
		if err := p.cursors.save(ctx, one.r.ID, one.cur); err != nil {
			return err
		}
	}
	return nil
}

// showRestarting edits the open cards to say that the bot is restarting, as far as time and Slack's limits allow: those
// with traffic first. It ends with late.
func (p *Publisher) showRestarting(late context.Context) {
	p.takeCommitted(late)
	open := slices.DeleteFunc(slices.Collect(maps.Values(p.cards)), func(c *card) bool {
		return c.lead != nil || c.hasEnded() || c.cur.Card == "" || c.frozen
	})
	slices.SortFunc(open, func(a, b *card) int {
		x, _ := a.r.Weight()
		y, _ := b.r.Weight()
		return cmp.Or(cmp.Compare(y, x), cmp.Compare(a.r.ID, b.r.ID))
	})
	var group errgroup.Group
	group.SetLimit(restartingAtOnce)
	for _, c := range open {
		if late.Err() != nil {
			break
		}
		group.Go(func() error {
			if err := p.recovered(func() error { return c.showRestarting(late, p) }); err != nil {
				p.Log.Warn("card does not say that the bot is restarting", "rollout", c.r.ID, "error", err)
			}
			return nil
		})
	}
	_ = group.Wait() // the errors are logged
}

// showRestarting notes what the card is about to say, so that the next process puts it right before anything else.
func (c *card) showRestarting(ctx context.Context, p *Publisher) error {
	cur := c.cur
	cur.Restarting = true
	if err := p.cursors.save(ctx, c.r.ID, cur); err != nil {
		return err
	}
	return p.Slack.Update(ctx, cur.Channel, cur.Card, slack.Message(c.restarting()))
}
