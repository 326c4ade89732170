package bot

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// farewellAtOnce is how many cards are edited at once when the bot goes down.
const farewellAtOnce = 8

// stored makes an error of the notes count like a call without an answer: everything waits a little.
func stored(err error) error { return &callError{method: "notes", outcome: lost, cause: err} }

// shielded turns a panic into an error: one rollout's card must not take the others' with it.
func (b *Bot) shielded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			b.panicked("poster", p)
			err = &callError{method: "poster", outcome: refused, code: "panic"}
		}
	}()
	return f()
}

func (s *subject) tag(seq int) tag {
	return tag{store: s.r.Store, rollout: string(s.r.ID), seq: seq}
}

// intend notes durably what is about to be posted, so that nobody posts it twice.
func (s *subject) intend(ctx context.Context, p *poster, seq int) error {
	if s.cur.Posting != nil && *s.cur.Posting == seq {
		return nil
	}
	cur := s.cur
	cur.Posting, cur.Since = &seq, now()
	if err := p.b.cursors.save(ctx, s.r.ID, cur); err != nil {
		return stored(err)
	}
	s.cur = cur
	return nil
}

// posted notes durably that a message is there.
func (s *subject) posted(ctx context.Context, p *poster, change func(*cursor)) error {
	cur := s.cur
	change(&cur)
	cur.Posting = nil
	s.cur, s.doubt = cur, false // also when it cannot be stored: this process knows
	if err := p.b.cursors.save(ctx, s.r.ID, cur); err != nil {
		return stored(err)
	}
	return nil
}

// postCard posts the card.
func (s *subject) postCard(ctx context.Context, p *poster) error {
	if s.cur.Channel == "" {
		name := p.b.channel(s.r.Service)
		id, err := p.b.channels.id(ctx, name)
		if err != nil {
			return err
		}
		if id == "" {
			return &callError{method: "users.conversations", outcome: refused, code: "channel_not_found"}
		}
		s.cur.Channel = id
	}
	if err := s.intend(ctx, p, 0); err != nil {
		return err
	}
	r, m := s.r, s.render(ctx, p)
	ts, err := p.post(ctx, s, m, 0)
	switch {
	case outcomeOf(err) == refused: // it is not there for certain: the channel is looked up anew, also by the next process
		return errors.Join(err, s.elsewhere(ctx, p))
	case err != nil:
		return err
	}
	s.drew(r, m)
	return s.posted(ctx, p, func(c *cursor) { c.Card, c.Turn = ts, r.Turn })
}

// elsewhere forgets where the card was to be posted: the configuration may name another channel by now.
func (s *subject) elsewhere(ctx context.Context, p *poster) error {
	p.b.channels.forget(p.b.channel(s.r.Service))
	cur := s.cur
	cur.Channel, cur.Posting = "", nil
	s.cur, s.doubt = cur, false
	if err := p.b.cursors.save(ctx, s.r.ID, cur); err != nil {
		return stored(err)
	}
	return nil
}

// post posts the card, which is entry 0, or a reply. Blocks that Slack refuses are left away, once.
func (p *poster) post(ctx context.Context, s *subject, m view.Message, seq int) (string, error) {
	to := place{channel: s.cur.Channel, thread: s.cur.Card}
	ts, err := p.b.api.post(ctx, to, m, s.tag(seq))
	if badBlocks(err) {
		p.b.Log.Error("slack refused the blocks of a message; sent as text", "rollout", s.r.ID, "error", err)
		ts, err = p.b.api.post(ctx, to, view.Message{Text: m.Text, Broadcast: m.Broadcast}, s.tag(seq))
	}
	if err != nil {
		s.doubt = outcomeOf(err) == lost
		return "", err
	}
	p.b.stats.add(func(s *Stats) { s.Told++ })
	return ts, nil
}

// render draws the card as it is now, with the decision that led here while nothing has come of it yet.
func (s *subject) render(ctx context.Context, p *poster) view.Message {
	const tail = 20
	var options view.CardOptions
	entries, err := p.b.Store.Timeline(ctx, s.r.ID, max(0, s.r.Seq-tail))
	if err != nil {
		p.b.Log.Warn("timeline not read for the card", "rollout", s.r.ID, "error", err)
	}
	for _, e := range slices.Backward(entries) {
		if e.Seq > s.r.Seq || e.Kind == rollout.EntryPhase || e.Kind == rollout.EntryVerdict {
			continue
		}
		if e.Kind == rollout.EntryDecided {
			options.Decided = &e
		}
		break // whatever else happened since is newer than the decision
	}
	return view.Card(s.r, options)
}

// drew notes what the card shows.
func (s *subject) drew(r rollout.Rollout, m view.Message) {
	s.drawn, s.face, s.samples, s.sum, s.edited = true, faceOf(r), r.Revision, sum(m), time.Now()
	s.urgent, s.redraw = numbers, false
}

// sum tells two messages apart.
func sum(m view.Message) string {
	raw, err := json.Marshal(m)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%x", sha256.Sum256(raw))
}

// editCard makes the card show the rollout as it is now.
func (s *subject) editCard(ctx context.Context, p *poster) error {
	r, m := s.r, s.render(ctx, p)
	if s.drawn && !s.redraw && sum(m) == s.sum {
		s.drew(r, m) // it reads the same
		return s.turned(ctx, p, r)
	}
	err := p.b.api.update(ctx, s.cur.Channel, s.cur.Card, m)
	if badBlocks(err) {
		p.b.Log.Error("slack refused the blocks of a card; sent as text", "rollout", r.ID, "error", err)
		err = p.b.api.update(ctx, s.cur.Channel, s.cur.Card, view.Message{Text: m.Text})
	}
	switch {
	case codeOf(err) == "message_not_found":
		return s.lose(ctx, p)
	case err != nil:
		return err
	}
	p.b.stats.add(func(s *Stats) { s.Edited++ })
	s.drew(r, m)
	return s.turned(ctx, p, r)
}

// turned notes which turn the card shows, once it does: a typed command answers what was seen.
func (s *subject) turned(ctx context.Context, p *poster, r rollout.Rollout) error {
	if s.cur.Turn == r.Turn && !s.cur.Restarting {
		return nil
	}
	cur := s.cur
	cur.Turn, cur.Restarting = r.Turn, false
	s.cur = cur
	if err := p.b.cursors.save(ctx, r.ID, cur); err != nil {
		return stored(err)
	}
	return nil
}

// lose notes that somebody deleted the card: another one is posted, and the thread goes on under that.
func (s *subject) lose(ctx context.Context, p *poster) error {
	p.b.Log.Warn("the card is gone; posting another one", "rollout", s.r.ID)
	cur := s.cur
	cur.Card, cur.Posting = "", nil
	if err := p.b.cursors.save(ctx, s.r.ID, cur); err != nil {
		return stored(err)
	}
	s.cur, s.drawn, s.doubt = cur, false, false
	return nil
}

// postReply posts the first entry that the thread does not show.
func (s *subject) postReply(ctx context.Context, p *poster) error {
	e := s.entries[0]
	m, told := view.Reply(s.r, e, p.b.policy(s.r.Service).Approvers, s.cur.link(p.b.home.known().url))
	if !told {
		s.entries = s.entries[1:]
		return nil
	}
	if err := s.intend(ctx, p, e.Seq); err != nil {
		return err
	}
	_, err := p.post(ctx, s, m, e.Seq)
	switch codeOf(err) {
	case "thread_not_found", "message_not_found":
		return s.lose(ctx, p)
	}
	if err != nil {
		return err
	}
	s.entries = s.entries[1:]
	return s.posted(ctx, p, func(c *cursor) { c.Last = e.Seq })
}

// restarting says on the open cards that nobody judges until the bot is back, as far as the time and Slack's limits
// allow: those with traffic first. It ends with late.
func (p *poster) restarting(late context.Context) {
	p.take(late)
	open := slices.DeleteFunc(slices.Collect(maps.Values(p.subjects)), func(s *subject) bool {
		return s.r.Terminal() || s.cur.Card == ""
	})
	slices.SortFunc(open, func(a, b *subject) int {
		x, _ := a.r.Weight()
		y, _ := b.r.Weight()
		return cmp.Or(cmp.Compare(y, x), cmp.Compare(a.r.ID, b.r.ID))
	})
	seats := make(chan struct{}, farewellAtOnce)
	var group sync.WaitGroup
	defer group.Wait()
	for _, s := range open {
		select {
		case seats <- struct{}{}:
		case <-late.Done():
			return
		}
		group.Go(func() {
			defer func() { <-seats }()
			defer p.b.recovered("farewell")
			if err := s.sayRestarting(late, p); err != nil {
				p.b.Log.Warn("card does not say that the bot is restarting", "rollout", s.r.ID, "error", err)
			}
		})
	}
}

// sayRestarting notes what the card is about to say, so that the next process puts it right before anything else.
func (s *subject) sayRestarting(ctx context.Context, p *poster) error {
	cur := s.cur
	cur.Restarting = true
	if err := p.b.cursors.save(ctx, s.r.ID, cur); err != nil {
		return stored(err)
	}
	return p.b.api.update(ctx, cur.Channel, cur.Card, view.Card(s.r, view.CardOptions{Restarting: true}))
}

// announce says something in the bot's own channel.
func (b *Bot) announce(ctx context.Context, m view.Message) {
	id, err := b.channels.id(ctx, b.Channel)
	if err == nil {
		_, err = b.api.post(ctx, place{channel: id}, m, tag{})
	}
	if err != nil {
		b.Log.Warn("announcement failed", "error", err)
	}
}
