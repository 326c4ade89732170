package cards

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"canarybot.io/rollout"
)

// Notes keeps small records. A note whose key is a rollout's id is forgotten together with it.
type Notes interface {
	PutNote(ctx context.Context, kind, key string, value []byte) error
	Note(ctx context.Context, kind, key string) (value []byte, ok bool, err error)
	Notes(ctx context.Context, kind string) (map[string][]byte, error)
}

// noteKind is the kind of the notes that hold the cursors; their keys are the rollouts' ids.
const noteKind = "slack"

// Cursor is how far Slack shows a rollout: what is stored of it.
type Cursor struct {
	Channel string `json:"channel"`        // its id
	Card    string `json:"card,omitempty"` // the card's timestamp; empty: not posted yet, or not known
	Last    int    `json:"last,omitempty"` // the last timeline entry that is shown
	// Posting is the entry that is being posted, 0 for the card; nil: none. It is stored before the call: whoever
	// finds it looks first whether the message is there.
	Posting *int      `json:"posting,omitempty"`
	Since   time.Time `json:"since,omitzero"` // when Posting was first stored
	// Turn is the one that the card shows: what a typed command answers.
	Turn rollout.Turn `json:"turn,omitempty"`
	// TurnAt is when the call was made that put Turn on the card: nobody who wrote before it answers that question.
	TurnAt time.Time `json:"turn_at,omitzero"`
	// Showing is the turn that an edit under way may show already: Slack answers after people see it.
	Showing rollout.Turn `json:"showing,omitempty"`
	// Restarting is true while the card says that the bot is restarting.
	Restarting bool `json:"restarting,omitempty"`
	Done       bool `json:"done,omitempty"` // the rollout has ended, and all of it is shown
}

// show notes the turn that the card shows, and since when, unless it did before.
func (c *Cursor) show(turn rollout.Turn, at time.Time) {
	if c.Turn != turn {
		c.Turn, c.TurnAt = turn, at.UTC().Round(0)
	}
}

// link returns the card's address in the workspace, made as Slack documents it; empty while there is no card.
func (c Cursor) link(workspace string) string {
	if c.Card == "" || workspace == "" {
		return ""
	}
	return strings.TrimSuffix(workspace, "/") + "/archives/" + c.Channel + "/p" + strings.ReplaceAll(c.Card, ".", "")
}

// Cursor returns how far Slack shows the rollout; the zero value when nothing is stored of it.
func (p *Publisher) Cursor(ctx context.Context, id rollout.ID) (Cursor, error) {
	return p.cursors.load(ctx, id)
}

// Thread returns the rollout whose card has the timestamp; empty when there is none.
func (p *Publisher) Thread(channel, ts string) rollout.ID { return p.cursors.of(channel, ts) }

// Link returns the address of the rollout's card; empty when it has none yet.
func (p *Publisher) Link(ctx context.Context, id rollout.ID) (string, error) {
	cur, err := p.cursors.load(ctx, id)
	return cur.link(p.Slack.Me().URL), err
}

// cursors stores the cursors, and knows which thread is of which rollout.
type cursors struct {
	notes Notes

	mu      sync.Mutex // guards threads
	threads map[string]rollout.ID
}

func threadKey(channel, ts string) string { return channel + "/" + ts }

// all reads every cursor. One that cannot be read is an error: posting a second card would be worse.
func (c *cursors) all(ctx context.Context) (map[rollout.ID]Cursor, error) {
	raw, err := c.notes.Notes(ctx, noteKind)
	if err != nil {
		return nil, fmt.Errorf("read the cursors: %w", err)
	}
	all := make(map[rollout.ID]Cursor, len(raw))
	for key, value := range raw {
		var cur Cursor
		if err := json.Unmarshal(value, &cur); err != nil {
			return nil, fmt.Errorf("read the cursor of %s: %w", key, err)
		}
		all[rollout.ID(key)] = cur
		c.index(rollout.ID(key), cur)
	}
	return all, nil
}

// load returns the rollout's cursor; the zero one when there is none.
func (c *cursors) load(ctx context.Context, id rollout.ID) (cur Cursor, err error) {
	raw, ok, err := c.notes.Note(ctx, noteKind, string(id))
	if err != nil || !ok {
		return Cursor{}, err
	}
	if err := json.Unmarshal(raw, &cur); err != nil {
		return Cursor{}, fmt.Errorf("read the cursor of %s: %w", id, err)
	}
	c.index(id, cur)
	return cur, nil
}

// save makes the cursor durable.
func (c *cursors) save(ctx context.Context, id rollout.ID, cur Cursor) error {
	raw, err := json.Marshal(cur)
	if err == nil {
		err = c.notes.PutNote(ctx, noteKind, string(id), raw)
	}
	if err != nil {
		return fmt.Errorf("store the cursor of %s: %w", id, err)
	}
	c.index(id, cur)
	return nil
}

func (c *cursors) index(id rollout.ID, cur Cursor) {
	if cur.Card == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.threads[threadKey(cur.Channel, cur.Card)] = id
}

// of returns the rollout whose card has the ts; empty when none has.
func (c *cursors) of(channel, ts string) rollout.ID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.threads[threadKey(channel, ts)]
}
