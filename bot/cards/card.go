package cards

import (
	"context"
	"slices"
	"strconv"
	"time"

	"canarybot.io/bot/slack"
	"canarybot.io/rollout"
)

// editEvery is the least time between two edits of one card; ends and decisions do not wait for it. Where nothing but
// numbers changed it is the rollout's SamplesEvery.
const editEvery = 2 * time.Second

// replaceSoon and replaceEvery are the least age of a card that Slack does not let us edit until another one takes over:
// where something happened that people have to see, and where it only moved on. Where nothing but numbers changed it stays.
const replaceSoon, replaceEvery = 30 * time.Second, 10 * time.Minute

// rank is how urgent something is to be shown.
type rank int

const (
	ends rank = iota
	decisions
	questions
	progress
	numbers // nothing but numbers changed
)

// reserve is what calls of the rank leave to the more urgent: an end waits behind neither a thousand numbers nor a hundred
// decisions.
func (r rank) reserve() slack.Reserve {
	switch r {
	case ends:
		return slack.NoReserve
	case decisions, questions:
		return slack.QuarterReserve
	case progress, numbers:
	}
	return slack.HalfReserve
}

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
	promotion    rollout.GitCommit
	revert       rollout.GitCommit
	all          string // of all that the card shows
}

func summaryOf(r rollout.Rollout) summary {
	s := summary{
		turn: r.Turn, phase: r.Phase, step: r.Step, result: r.Verdict.Result, paused: r.Paused, held: r.Held,
		troubled: !r.Trouble.IsZero(), from: r.From(), outcome: r.Ending.Outcome, offTraffic: !r.Ending.WeightZero.IsZero(),
		promotion: r.Git.Promotion, revert: r.Git.Revert,
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
	// lead is the card that shows the rollout, which goes together with that one; nil: this one does. Then all are those that
	// it shows, and followers the cards of those that it is the lead of, as far as they are still kept.
	lead      *card
	all       []rollout.Rollout
	followers []*card
	// unconfirmed is true while what is being posted may be there already: it is looked for first.
	unconfirmed bool
	// entries belong in the thread and are not there yet; read is the last one looked at.
	entries []rollout.Entry
	read    int
	stands  stall
	// quiet is when the quiet hours end that it is in; zero: it is in none. Held is how many of the entries are told together.
	quiet  time.Time
	held   int
	endsIn string // the channel that is told how it ends, as configured; empty: none is

	drawn    bool // the card was edited or posted since this process began
	shows    shown
	urgent   rank // the most urgent change that the card does not show
	outdated bool // somebody pressed a button of an outdated card: it is edited although nothing changed
	// frozen is true while Slack takes no edit of the card, or no reply under it: another one is to take over.
	frozen bool

	// showing and replying are how calls for the card and for its thread go: one does not wait for the other.
	showing, replying pace
	// telling is how calls go that say elsewhere that people cannot see the rollout. Noted is true once that stands beside
	// its objects, and told is the outcome of which whoever asked for it was told: empty while it goes on, nil nothing yet.
	telling pace
	noted   bool
	told    *rollout.Outcome
	// hanging is how calls go for its pictures, and fresh the file that this process has uploaded and not tried to share.
	hanging pace
	fresh   string
}

// pace is how calls of one kind go for one rollout.
type pace struct {
	notBefore time.Time
	failures  int             // in a row
	refused   rollout.Problem // by the last call; zero: it was not
}

// shown is what the card shows, when drawn.
type shown struct {
	summary  summary
	hash     string
	revision rollout.Revision // whose numbers it shows
	at       time.Time        // of the edit
	asks     time.Time        // when a question is put that it shows already
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
	pace   *pace
	do     func(ctx context.Context, p *Publisher) error
	method string
	in     string // the channel of a post, by its id or as #name; empty: not known
	rank   rank
	at     time.Time // not before
	since  time.Time // what has waited longest comes first
	seq    int       // of what happened at the same time, in the thread that several share
}

// before orders tasks: the more urgent first, then what has waited longest.
func (t task) before(o task) bool {
	if t.rank != o.rank {
		return t.rank < o.rank
	}
	if !t.since.Equal(o.since) {
		return t.since.Before(o.since)
	}
	if t.seq != o.seq && t.c.holder() == o.c.holder() {
		return t.seq < o.seq
	}
	return t.c.r.ID < o.c.r.ID
}

// tasks returns what is missing for the rollout: at most one call for the card, one for the thread, and one that says
// elsewhere what neither shows.
func (c *card) tasks() []task {
	all := c.showTasks()
	if tell, ok := c.tellTask(); ok {
		all = append(all, tell)
	}
	if len(all) == 0 && c.complete() {
		return []task{{c: c, pace: &c.showing, rank: progress, do: c.finish}}
	}
	return all
}

func (c *card) showTasks() (all []task) {
	most := progress
	if !c.drawn && c.lead == nil {
		most = min(progress, c.urgent)
	}
	for _, e := range c.entries { // an urgent entry pulls those before it along
		most = min(most, rankOf(e))
	}
	if c.lead != nil {
		return c.threadTasks(most)
	}
	show := task{c: c, pace: &c.showing, method: slack.MethodPost, in: c.cur.Channel, rank: most, since: c.r.Request.At, do: c.postCard}
	switch {
	case c.unconfirmed && c.cur.Posting != nil && *c.cur.Posting == 0:
		show.method, show.do = slack.MethodHistory, c.recoverCard
		return []task{show}
	case c.cur.Card == "":
		show.rank = min(questions, most) // nobody sees anything of it yet
		return []task{show}
	}
	at, due := c.editDue()
	if c.frozen {
		at, due = c.replaceDue()
	} else {
		show.method, show.do, show.rank, show.since = slack.MethodUpdate, c.editCard, c.urgent, c.shows.at
		if !c.drawn || c.summary() != c.shows.summary {
			show.rank = min(progress, show.rank)
		}
	}
	if show.at = at; due && !(c.frozen && c.unconfirmed) { // what may be there is looked for first
		all = append(all, show)
	}
	return append(all, c.threadTasks(most)...)
}

// threadTasks returns what is missing in the thread, once there is one.
func (c *card) threadTasks(rank rank) []task {
	if c.cur.Card == "" {
		return nil
	}
	if reply, ok := c.replyTask(c.rankOfAll(rank)); ok {
		return []task{c.inOrder(reply)}
	}
	if stands, ok := c.stallTask(); ok {
		return []task{stands}
	}
	return nil
}

// replyTask is the next reply: in the thread of an earlier card, that it goes on elsewhere; else the first entry that the
// thread does not show.
func (c *card) replyTask(rank rank) (task, bool) {
	t := task{c: c, pace: &c.replying, method: slack.MethodPost, in: c.cur.Channel, rank: rank, since: c.shows.at, do: c.postLink}
	switch unlinked := c.unlinked() >= 0; {
	case c.unconfirmed && c.cur.Posting != nil:
		t.method, t.do = slack.MethodReplies, c.recoverReply
	case !unlinked && len(c.entries) == 0 && !c.endUntold():
		return t, false
	case !unlinked && len(c.entries) == 0:
		t.do, t.in, t.rank = c.postEnd, c.endsIn, progress // everybody has read it already
	case !unlinked:
		if t.do = c.postReply; c.silent() {
			t.at = c.quiet
		}
	}
	if len(c.entries) > 0 {
		t.since = c.entries[0].At
	}
	return t, true
}

// editDue returns when the card has to be edited; ok is false when it shows everything.
func (c *card) editDue() (at time.Time, ok bool) {
	switch {
	case !c.drawn, !c.showing.refused.IsZero():
		return time.Time{}, true
	case c.summary() != c.shows.summary:
		if c.urgent < progress {
			return time.Time{}, true
		}
		return c.shows.at.Add(editEvery), true
	case c.outdated, c.urgent < progress, !c.asks().Equal(c.shows.asks):
		return c.shows.at.Add(editEvery), true
	case c.revision() != c.shows.revision:
		return c.shows.at.Add(max(editEvery, c.r.SamplesEvery())), true
	}
	return time.Time{}, false
}

// replaceDue returns when another card takes over from one that takes no edit; ok is false while that one will do.
func (c *card) replaceDue() (at time.Time, ok bool) {
	posted := timeOf(c.cur.Card)
	switch {
	case c.urgent < progress, c.outdated:
		return posted.Add(replaceSoon), true
	case !c.drawn, c.summary() != c.shows.summary:
		return posted.Add(replaceEvery), true
	}
	return time.Time{}, false
}

// timeOf returns when a message was posted, which its timestamp says.
func timeOf(ts string) time.Time {
	seconds, err := strconv.ParseFloat(ts, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// unlinked returns the earlier card whose thread does not say yet where the rollout goes on; -1: none.
func (c *card) unlinked() int {
	return slices.IndexFunc(c.cur.Earlier, func(e Earlier) bool { return !e.Linked })
}

// complete reports whether the rollout has ended and Slack shows all of it, and of all that its card shows.
func (c *card) complete() bool {
	h := c.holder()
	return c.r.Terminal() && c.cur.Card != "" && h.drawn && h.summary() == h.shows.summary && h.urgent >= progress &&
		len(c.entries) == 0 && c.unlinked() < 0 && !c.endUntold() && len(c.cur.Pictures) == 0 && c.allComplete()
}
