package cards

import (
	"context"
	"slices"
	"time"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// QuietHours know when nobody is called for what can wait.
type QuietHours interface {
	// Quiet returns when the quiet hours of the service end that a moment is in; ok is false where it is in none.
	Quiet(service rollout.ServiceName, at time.Time) (until time.Time, ok bool)
}

// neverQuiet is where nobody wants quiet hours.
type neverQuiet struct{}

// Quiet returns that it is not.
func (neverQuiet) Quiet(rollout.ServiceName, time.Time) (time.Time, bool) { return time.Time{}, false }

// hush finds out what the quiet hours hold back at the moment: so many of the entries, from the first one on. What cannot wait
// pulls those before it along, so that the thread stays in order. It is found anew each time, from the entries' own times:
// a restart, or another configuration, loses nothing.
func (c *card) hush(hours QuietHours, now time.Time) {
	until, quiet := hours.Quiet(c.r.Service, now)
	c.quiet, c.held = until, 0
	for _, e := range c.entries {
		end, was := hours.Quiet(c.r.Service, e.At)
		if !was && !quiet || c.cannotWait(e, latest(end, until)) {
			return
		}
		c.held++
	}
}

// silent reports whether everything that the thread lacks is held back now.
func (c *card) silent() bool { return !c.quiet.IsZero() && c.held > 0 && c.held == len(c.entries) }

// cannotWait reports whether an entry is told at once, however quiet it is: what needs a person now, and traffic that goes
// back. A question whose answer is due before the end of the quiet hours is one of them, or nobody would ever be asked.
func (c *card) cannotWait(e rollout.Entry, end time.Time) bool {
	// Every other entry tells of progress.
	//exhaustive:ignore
	switch e.Kind {
	case rollout.EntryStuck, rollout.EntryDrift:
		return true
	case rollout.EntryRequested:
		return c.r.Request.Emergency
	case rollout.EntryPhase:
		return e.Data.To == rollout.RollingBack
	case rollout.EntryDecided:
		return e.Data.Action == rollout.Rollback
	case rollout.EntryEnded:
		return e.Data.Ending != nil && (e.Data.Ending.Outcome == rollout.RolledBack || e.Data.Ending.Outcome == rollout.Abandoned)
	case rollout.EntryAsked:
		return e.Data.Reason.Code != rollout.ReasonNone || isDue(e, end)
	case rollout.EntryReminded:
		return e.Data.Drift != nil || len(e.Data.Doubts) > 0 || c.r.Held || isDue(e, end)
	}
	return false
}

// isDue reports whether the rollout is rolled back for want of an answer before the end.
func isDue(e rollout.Entry, end time.Time) bool {
	return e.Data.Left > 0 && e.At.Add(e.Data.Left).Before(end)
}

// asksLater returns when the question is put that the quiet hours hold back; zero: none is.
func (c *card) asksLater() time.Time {
	if !c.silent() || !c.r.Waits() || !slices.ContainsFunc(c.entries, isAsked) {
		return time.Time{}
	}
	return c.quiet
}

// asks returns when the last question is put that the card shows and quiet hours hold back; zero: none is.
func (c *card) asks() (last time.Time) {
	for _, one := range c.onIt() {
		last = latest(last, one.asksLater())
	}
	return last
}

func isAsked(e rollout.Entry) bool { return e.Kind == rollout.EntryAsked }

// batch returns what the next reply tells: an entry, or all that were held back, together.
func (c *card) batch() []rollout.Entry { return c.entries[:max(1, c.held)] }

// reply makes the reply about a batch; ok is false where there is nothing to say. A question that is still open is put as it
// would have been, and calls whom it calls: once.
func (c *card) reply(ctx context.Context, p *Publisher, batch []rollout.Entry) (m view.Message, ok bool) {
	to, gone := p.audience(c.r), []string(nil)
	for _, e := range batch {
		gone = append(gone, p.gone(ctx, e, to)...)
	}
	say := c.sayer(p, to, gone)
	if len(batch) == 1 {
		return say(c.known(p, batch[0]))
	}
	told, question := batch, (*rollout.Entry)(nil)
	if i := c.open(batch); i >= 0 {
		e := c.known(p, batch[i])
		told, question = slices.Delete(slices.Clone(batch), i, i+1), &e
	}
	return view.Held(c.r, told, question, say)
}

// open returns the last question of the batch where it waits for an answer still; -1: none does.
func (c *card) open(batch []rollout.Entry) int {
	for i, e := range slices.Backward(c.entries) {
		// What else happens leaves a question open.
		//exhaustive:ignore
		switch e.Kind {
		case rollout.EntryAsked:
			if i < len(batch) && c.r.Waits() {
				return i
			}
			return -1
		case rollout.EntryDecided, rollout.EntrySettled, rollout.EntryStep, rollout.EntryPhase, rollout.EntryEnded:
			return -1
		}
	}
	return -1
}

// known is the entry as far as it still holds. Until when a question of an earlier process may be answered is not known: the wait
// stood still while nobody judged, and how long that was is found later.
func (c *card) known(p *Publisher, e rollout.Entry) rollout.Entry {
	away := func(o rollout.Entry) bool { return o.Seq > e.Seq && o.Kind == rollout.EntryAway }
	asks := e.Kind == rollout.EntryAsked || e.Kind == rollout.EntryReminded
	if asks && (e.Seq <= p.before[e.Rollout] || c.wasUnseen(e) || slices.ContainsFunc(c.entries, away)) {
		e.Data.Left = 0 // the wait stood still: until when is on the card
	}
	return e
}
