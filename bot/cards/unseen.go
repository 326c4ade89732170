package cards

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

const (
	// askersKept and askerKept bound what is remembered of how to answer whoever asked for a rollout. Slack lets a command
	// be answered for half an hour.
	askersKept, askerKept = 1000, 25 * time.Minute
	// answerFirst is how long what nobody can see is told after it was asked for: the answer to the command comes before it.
	answerFirst = time.Second
	// besideMost bounds a note beside a rollout's objects.
	besideMost = 5 * time.Second
)

// Beside leaves notes beside a rollout's objects, where whoever cannot read Slack finds them.
type Beside interface {
	// Note leaves a note. The error is Forbidden where that is not allowed here, else Unavailable.
	Note(ctx context.Context, r rollout.Rollout, n rollout.Note) error
}

// limited is Slack's word for too many calls, and limitedLong how many of them in a row are more than a moment.
const limited, limitedLong = "ratelimited", 3

// asker is how to answer in private whoever asked for a rollout, and since when.
type asker struct {
	say func(ctx context.Context, m view.Message) error
	at  time.Time
}

// AskedBy notes how to answer in private whoever asked for the rollout. It is forgotten after a while.
func (p *Publisher) AskedBy(id rollout.ID, say func(ctx context.Context, m view.Message) error) {
	p.askers.Add(id, asker{say: say, at: time.Now()})
}

// Unseen returns why people cannot see the rollout; zero: they can, as far as anybody knows. That Slack is down is no
// reason: an outage delays nothing. Before a call was made, it is what the rollout says.
func (p *Publisher) Unseen(r rollout.Rollout) rollout.Problem {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.unseen[r.ID]; ok {
		return known
	}
	return r.Unseen
}

// Ready returns nil while people can see every rollout that has not ended, else which they cannot.
func (p *Publisher) Ready() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []error
	for _, id := range slices.Sorted(maps.Keys(p.live)) {
		if why := p.unseen[id]; !why.IsZero() {
			all = append(all, fmt.Errorf("people cannot see %s: %s", id, why))
		}
	}
	return errors.Join(all...)
}

// seeAll is see for all that stand on the card on which the rollout does.
func (p *Publisher) seeAll(c *card) {
	for _, one := range c.holder().onIt() {
		p.see(one)
	}
}

// see notes whether people can see the rollout, by the last calls for it. A card that is there is not lost with one
// refusal: Slack has such a moment now and then.
func (p *Publisher) see(c *card) {
	why := c.unseen()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !why.IsZero():
		p.unseen[c.r.ID] = why
	case c.holder().drawn && c.holder().showing.refused.IsZero() && c.replying.refused.IsZero():
		p.unseen[c.r.ID] = rollout.Problem{}
		c.told, c.noted, c.telling = nil, false, pace{}
	}
}

// unseen returns why people cannot see the rollout: its card, or what is asked in the thread.
func (c *card) unseen() rollout.Problem {
	for _, one := range []pace{c.holder().showing, c.replying} {
		if !one.refused.IsZero() && (one.failures > 1 || c.cur.Card == "") {
			return one.refused
		}
	}
	return rollout.Problem{}
}

// wasUnseen reports whether people could not see the rollout for a while since the entry.
func (c *card) wasUnseen(e rollout.Entry) bool {
	return !c.r.Unseen.IsZero() || slices.ContainsFunc(c.entries, func(o rollout.Entry) bool {
		return o.Seq > e.Seq && o.Data.Reason.Code == rollout.ReasonUnseen
	})
}

func (p *Publisher) forget(id rollout.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.unseen, id)
}

// Refusal is what Slack's refusal of a message in the channel says to people.
func (p *Publisher) Refusal(channel string, err error) rollout.Problem {
	code := slack.CodeOf(err)
	problem := rollout.Problem{Code: ProblemMessageRefused, Value: channel, Want: code}
	switch slack.RemedyFor(code) {
	case slack.Permission:
		problem.Code = ProblemBotRefused
	case slack.AnotherChannel:
		problem.Code = ProblemMayNotPost
		switch code {
		case "not_in_channel":
			problem.Code, problem.Want = ProblemNotInChannel, cmp.Or(p.Slack.Me().Name, "canarybot")
		case "channel_not_found":
			problem.Code, problem.Want = ProblemNoChannel, ""
		case "is_archived", "is_inactive":
			problem.Code, problem.Want = ProblemArchived, ""
		}
	case slack.AnotherMessage, slack.LaterAgain, slack.Slower, slack.LessText, slack.PlainText, slack.OurDefect:
	}
	return problem
}

// tellTask says elsewhere that people cannot see the rollout: once beside its objects, and to whoever asked for it, now and
// when it ended like that.
func (c *card) tellTask() (task, bool) {
	t := task{
		c: c, pace: &c.telling, rank: decisions, method: methodTell, at: c.r.Request.At.Add(answerFirst), since: c.r.Request.At, do: c.tellAsker,
	}
	switch {
	case c.unseen().IsZero(), c.unseen().Want == limited && c.holder().showing.failures < limitedLong:
		return t, false
	case !c.noted && c.r.Phase.Forward():
		t.do = c.noteBeside
		return t, true
	case c.lead != nil: // whoever asked for all is told of them once
		return t, false
	}
	return t, c.told == nil || *c.told != c.r.Ending.Outcome
}

// methodTell stands for what is told outside of cards and threads.
const methodTell = "tell"

// tellAsker tells whoever asked for the rollout in private that nobody can see it: as an answer to the command, else for
// their eyes in the channel, else as a direct message.
func (c *card) tellAsker(ctx context.Context, p *Publisher) error {
	r := c.r
	r.Unseen = c.unseen()
	if err := p.tell(ctx, r, c.cur.Channel); err != nil {
		return err
	}
	c.told = &r.Ending.Outcome
	return nil
}

func (p *Publisher) tell(ctx context.Context, r rollout.Rollout, channel string) error {
	m := view.Unseen(r)
	if from, ok := p.askers.Get(r.ID); ok && time.Since(from.at) < askerKept && from.say(ctx, m) == nil {
		return nil
	}
	who := r.Request.By
	if who.Kind != rollout.Person {
		return nil // nobody in Slack asked for it
	}
	if channel != "" && p.Slack.PostEphemeral(ctx, slack.Place{Channel: channel}, who.ID, slack.Message(m)) == nil {
		return nil
	}
	_, err := p.Slack.Post(ctx, slack.Place{Channel: who.ID}, slack.Message(m), nil)
	return err
}

// noteBeside leaves a note in the cluster.
func (c *card) noteBeside(ctx context.Context, p *Publisher) error {
	c.noted = true
	if p.Beside == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, besideMost)
	defer cancel()
	r := c.r
	r.Unseen = c.unseen()
	if err := p.Beside.Note(ctx, r, rollout.Note{Warning: true, Reason: "RolloutUnseen", Text: view.UnseenNote(r)}); err != nil {
		p.Log.Warn("no event says that nobody can see the rollout", "rollout", r.ID, "error", err)
	}
	return nil
}
