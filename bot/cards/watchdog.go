package cards

import (
	"context"
	"time"

	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

const (
	// standsLong is how long nothing moves before the thread says so, and standsAgain after how long it says so again.
	standsLong, standsAgain = time.Hour, 4 * time.Hour
	// looksFirst is how long a process looks before it says that nothing moves: whether a bake grows shows with commits.
	looksFirst = 5 * time.Minute
	// firstStall is the first of the numbers that stand for these messages, as 0 does for the card; the next are below it.
	firstStall = -1 << 20
)

// stall is what is known of how the rollout moves.
type stall struct {
	moved  time.Time     // when it moved last
	bake   time.Duration // that was covered then
	looked time.Time     // since when this process looks
	heard  time.Time     // when people heard in this process what quiet hours had held back
}

// saw notes whether the rollout moved: something happened that the timeline tells, or its bake grew.
func (s *stall) saw(r rollout.Rollout, entries []rollout.Entry, now time.Time) {
	if s.looked.IsZero() {
		s.looked, s.bake = now, r.Spans.Bake+r.Spans.Baked
	}
	for _, e := range entries {
		if e.Kind != rollout.EntryVerdict && e.At.After(s.moved) {
			s.moved = e.At
		}
	}
	if baked := r.Spans.Bake + r.Spans.Baked; baked != s.bake {
		s.moved, s.bake = now, baked
	}
}

// isStall reports whether an entry's number stands for a message that nothing moves.
func isStall(seq int) bool { return seq <= firstStall && seq != theEnd }

// stallTask says in the thread that nothing moves, when that is due; ok is false for a rollout that need not move.
func (c *card) stallTask() (task, bool) {
	switch {
	case !c.r.Phase.Live(), c.cur.Card == "", c.stands.moved.IsZero(), len(c.entries) > 0, !c.speaks():
		return task{}, false
	case c.holder().frozen, !c.r.Unseen.IsZero(): // people are told of that elsewhere
		return task{}, false
	}
	moved := c.lastMoved()
	at := moved.Add(standsLong)
	if c.r.Reminded { // they were asked twice
		at = moved.Add(standsAgain)
	}
	if told := c.cur.StallTold; told.After(moved) {
		at = told.Add(standsAgain)
	}
	return task{
		c: c, pace: &c.replying, method: slack.MethodPost, in: c.cur.Channel, rank: questions, at: latest(at, c.stands.looked.Add(looksFirst), c.quiet, c.stands.heard.Add(standsLong)), since: at,
		do: c.postStall,
	}, true
}

// postStall says that nothing has moved for long, and why. The channel hears of it once.
func (c *card) postStall(ctx context.Context, p *Publisher) error {
	seq := firstStall - c.cur.Stalls
	if err := c.beginPosting(ctx, p, seq); err != nil {
		return err
	}
	m := view.Stalled(c.r, time.Since(c.lastMoved()), c.cur.link(p.Slack.Me().URL))
	m.Broadcast = !c.cur.StallTold.After(c.lastMoved())
	if _, err := c.post(ctx, p, m, seq); err != nil {
		return c.notReplied(ctx, p, err)
	}
	return c.stallTold(ctx, p)
}

// stallTold notes durably that it was said.
func (c *card) stallTold(ctx context.Context, p *Publisher) error {
	return c.endPosting(ctx, p, func(cur *Cursor) {
		cur.Stalls++
		cur.StallTold = time.Now().UTC().Round(0)
	})
}
