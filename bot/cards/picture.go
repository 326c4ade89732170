package cards

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// hangMost is how often a picture is tried. Its reply has the numbers, so nobody waits for it.
const hangMost = 5

// Picture is a chart that is due in the thread.
type Picture struct {
	Entry int `json:"entry"` // of the timeline, whose reply has the numbers
	// File is Slack's id of it once it is uploaded: whoever finds it looks first whether the thread shows it.
	File string `json:"file,omitempty"`
}

// hung is what came of a call for a picture.
type hung struct {
	id    rollout.ID
	due   Picture // with its file, once there is one
	shown bool    // nothing is left to do
	err   error
}

// withPicture returns the pictures that are due once the entry's reply m is there: one more where Slack drew no chart in it.
func (c *card) withPicture(p *Publisher, e rollout.Entry, m view.Message) []Picture {
	if p.Draw == nil || !p.Slack.TakesFiles() {
		return c.cur.Pictures
	}
	if _, ok := view.PictureOf(c.r, nil, e); !ok || p.Slack.Draws(slack.Message(m)) {
		return c.cur.Pictures
	}
	return append(slices.Clip(c.cur.Pictures), Picture{Entry: e.Seq})
}

// hangPictures takes what came of the last call for a picture, and makes the next one beside the cards' own: nothing
// waits for a picture. It returns when another may be made; zero: none is due.
func (p *Publisher) hangPictures(ctx context.Context, running *sync.WaitGroup) (when time.Time) {
	select {
	case h := <-p.hung:
		p.hanging = false
		p.noteHung(ctx, h)
	default:
	}
	if p.hanging {
		return time.Time{}
	}
	var next *card
	for _, c := range p.cards {
		if len(c.cur.Pictures) > 0 && c.cur.Card != "" && (next == nil || c.hanging.notBefore.Before(next.hanging.notBefore)) {
			next = c
		}
	}
	switch {
	case next == nil:
		return time.Time{}
	case next.hanging.notBefore.After(time.Now()):
		return next.hanging.notBefore
	}
	id, hang := next.r.ID, next.hang(ctx, p) // the card itself belongs to this goroutine
	p.hanging = true
	running.Go(func() {
		h := hung{id: id}
		h.err = p.recovered(func() (err error) {
			h, err = hang()
			return err
		})
		p.hung <- h
		p.wakeUp()
	})
	return time.Time{}
}

// hang returns the next call for the card's first picture, which touches nothing of the card.
func (c *card) hang(ctx context.Context, p *Publisher) func() (hung, error) {
	h, place, since, fresh := hung{id: c.r.ID, due: c.cur.Pictures[0]}, c.place(c.cur.Pictures[0].Entry), c.r.Request.At, c.fresh
	c.fresh = ""
	picture, err := c.picture(ctx, p, h.due.Entry)
	return func() (hung, error) {
		switch {
		case err != nil:
			return h, err
		case h.due.File == "":
			content, err := p.Draw(picture)
			if err == nil {
				h.due.File, err = p.Slack.Upload(ctx, slack.File{Name: picture.Name, Alt: picture.Alt, Content: content})
			}
			if err != nil {
				h.due.File = ""
			}
			return h, err
		case h.due.File != fresh:
			if h.shown, err = p.Slack.HasFile(ctx, place, since, h.due.File); h.shown || err != nil {
				return h, err
			}
		}
		err := p.Slack.Share(ctx, place, h.due.File, picture.Text)
		h.shown = err == nil || slack.CodeOf(err) == "file_not_found" // it was shared before
		if h.shown {
			err = nil
		}
		return h, err
	}
}

// picture makes the picture of an entry anew: it is the same each time.
func (c *card) picture(ctx context.Context, p *Publisher, seq int) (view.Picture, error) {
	entries, err := p.Store.Timeline(ctx, c.r.ID, 0)
	if err != nil {
		return view.Picture{}, err
	}
	for i, e := range entries {
		if e.Seq == seq {
			picture, _ := view.PictureOf(c.r, entries[:i], e)
			return picture, nil
		}
	}
	return view.Picture{}, errors.New("the timeline has no such entry")
}

// noteHung notes durably what came of a call for a picture. One that is refused, or fails too often, is given up.
func (p *Publisher) noteHung(ctx context.Context, h hung) {
	c := p.cards[h.id]
	if c == nil || len(c.cur.Pictures) == 0 || ctx.Err() != nil {
		return
	}
	cur := c.cur
	cur.Pictures = slices.Clone(cur.Pictures)
	if h.err != nil {
		c.hanging.failures++
		c.hanging.notBefore = time.Now().Add(backoff(5*time.Second, c.hanging.failures, refusedMost))
		if c.hanging.failures < hangMost && slack.OutcomeOf(h.err) != slack.Refused {
			return
		}
		p.Log.Warn("a picture of charts is left out; its numbers are in the thread", "rollout", c.r.ID, "entry", cur.Pictures[0].Entry, "error", h.err)
	}
	if h.err == nil && !h.shown {
		cur.Pictures[0], c.fresh = h.due, h.due.File
	} else {
		cur.Pictures, c.hanging = cur.Pictures[1:], pace{}
	}
	c.cur = cur // also when it cannot be stored: this process knows
	if err := p.cursors.save(ctx, c.r.ID, cur); err != nil {
		p.Log.Warn("that a picture is there is not stored", "rollout", c.r.ID, "error", err)
	}
}
