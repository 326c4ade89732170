package cards

import (
	"context"
	"time"

	"canarybot.io/bot/slack"
	"canarybot.io/rollout"
)

// editEvery is the least time between two edits of one card; ends and decisions do not wait for it. Where nothing but
// numbers changed it is the rollout's SamplesEvery.
const editEvery = 2 * time.Second

// rank is how urgent something is to be shown.
type rank int

const (
	ends rank = iota
	decisions
	questions
	progress
	numbers // nothing but numbers changed
)

// rankOf returns how urgent an entry is. That the bot itself rolls a rollout back is as good as a decision.
func rankOf(e rollout.Entry) rank {
	switch {
	case e.Kind == rollout.EntryEnded:
		return ends
	case e.Kind == rollout.EntryDecided, e.Kind == rollout.EntryStuck,
		e.Kind == rollout.EntryPhase && e.Data.To == rollout.RollingBack:
		return decisions
	case e.Kind == rollout.EntryAsked, e.Kind == rollout.EntryDrift, e.Kind == rollout.EntryReminded:
		return questions
	}
	return progress
}

// summary is the part of a rollout that makes its card be edited at once when it changes.
type summary struct {
	turn         rollout.Turn
	phase        rollout.Phase
	step         int
	result       rollout.Result
	check        string
	why          rollout.Why
	paused, held bool
	stuck        rollout.ReasonCode
	field        rollout.Field
	value        string
	troubled     bool
	from         string
	outcome      rollout.Outcome
	offTraffic   bool
}

func summaryOf(r rollout.Rollout) summary {
	s := summary{
		turn: r.Turn, phase: r.Phase, step: r.Step, result: r.Verdict.Result, paused: r.Paused, held: r.Held,
		troubled: !r.Trouble.IsZero(), from: r.From(), outcome: r.Ending.Outcome, offTraffic: !r.Ending.WeightZero.IsZero(),
	}
	if worst, ok := r.Verdict.Worst(); ok {
		s.check, s.why = worst.Check, worst.Why
	}
	if r.Stuck != nil {
		s.stuck = r.Stuck.Code
	}
	if r.Drift != nil {
		s.field, s.value = r.Drift.Field, r.Drift.Value
	}
	return s
}

// card is one rollout, and how much of it Slack shows. It belongs to the publisher's goroutine.
type card struct {
	r   rollout.Rollout
	cur Cursor
	// unconfirmed is true while what is being posted may be there already: it is looked for first.
	unconfirmed bool
	// entries belong in the thread and are not there yet; read is the last one looked at.
	entries []rollout.Entry
	read    int

	drawn    bool // the card was edited or posted since this process began
	shows    shown
	urgent   rank // the most urgent change that the card does not show
	outdated bool // somebody pressed a button of an outdated card: it is edited although nothing changed

	notBefore time.Time
	failures  int
}

// shown is what the card shows, when drawn.
type shown struct {
	summary  summary
	hash     string
	revision rollout.Revision // whose numbers it shows
	at       time.Time        // of the edit
}

// newCard is a rollout of which Slack shows as much as the cursor says. A card that says that the bot is restarting is
// put right before any other.
func newCard(cur Cursor) *card {
	c := &card{cur: cur, unconfirmed: cur.Posting != nil, read: cur.Last, urgent: numbers}
	if cur.Restarting {
		c.urgent = decisions
	}
	return c
}

// task is one call that would bring Slack closer to what is stored.
type task struct {
	c      *card
	do     func(ctx context.Context, p *Publisher) error
	method string
	rank   rank
	at     time.Time // not before
	since  time.Time // what has waited longest comes first
}

// before orders tasks: the more urgent first, then what has waited longest.
func (t task) before(o task) bool {
	if t.rank != o.rank {
		return t.rank < o.rank
	}
	if !t.since.Equal(o.since) {
		return t.since.Before(o.since)
	}
	return t.c.r.ID < o.c.r.ID
}

// tasks returns what is missing for the rollout: at most the card and one reply.
func (c *card) tasks() []task {
	most := progress
	if !c.drawn {
		most = min(progress, c.urgent)
	}
	for _, e := range c.entries { // an urgent entry pulls those before it along
		most = min(most, rankOf(e))
	}
	switch {
	case c.unconfirmed && c.cur.Posting != nil && *c.cur.Posting == 0:
		return []task{{c: c, method: slack.MethodHistory, rank: most, since: c.r.Request.At, do: c.recoverCard}}
	case c.cur.Card == "":
		return []task{{c: c, method: slack.MethodPost, rank: most, since: c.r.Request.At, do: c.postCard}}
	}
	var all []task
	if at, ok := c.editDue(); ok {
		edit := c.urgent
		if !c.drawn || summaryOf(c.r) != c.shows.summary {
			edit = min(progress, edit)
		}
		all = append(all, task{c: c, method: slack.MethodUpdate, rank: edit, at: at, since: c.shows.at, do: c.editCard})
	}
	if len(c.entries) > 0 {
		t := task{c: c, method: slack.MethodPost, rank: most, since: c.entries[0].At, do: c.postReply}
		if c.unconfirmed && c.cur.Posting != nil {
			t.method, t.do = slack.MethodReplies, c.recoverReply
		}
		all = append(all, t)
	}
	if len(all) == 0 && c.complete() {
		return []task{{c: c, rank: progress, do: c.finish}}
	}
	return all
}

// editDue returns when the card has to be edited; ok is false when it shows everything.
func (c *card) editDue() (at time.Time, ok bool) {
	switch {
	case !c.drawn:
		return time.Time{}, true
	case summaryOf(c.r) != c.shows.summary:
		if c.urgent < progress {
			return time.Time{}, true
		}
		return c.shows.at.Add(editEvery), true
	case c.outdated, c.urgent < progress:
		return c.shows.at.Add(editEvery), true
	case c.r.Revision != c.shows.revision:
		return c.shows.at.Add(max(editEvery, c.r.SamplesEvery())), true
	}
	return time.Time{}, false
}

// complete reports whether the rollout has ended and Slack shows all of it.
func (c *card) complete() bool {
	return c.r.Terminal() && c.cur.Card != "" && c.drawn && summaryOf(c.r) == c.shows.summary && c.urgent >= progress &&
		len(c.entries) == 0
}
