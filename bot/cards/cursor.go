package cards

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

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
	// With is the rollout on whose card this one stands, which goes together with it; empty: it has a card of its own.
	With rollout.ID `json:"with,omitempty"`
	// Posting is the entry that is being posted, 0 for the card; nil: none. It is stored before the call: whoever
	// finds it looks first whether the message is there.
	Posting *int      `json:"posting,omitempty"`
	Since   time.Time `json:"since,omitzero"` // when Posting was first stored
	// Turn is the one that the card shows, or the question in its thread: what a typed command answers.
	Turn rollout.Turn `json:"turn,omitempty"`
	// TurnAt is when the call was made that showed Turn: nobody who wrote before it answers that question.
	TurnAt time.Time `json:"turn_at,omitzero"`
	// Showing is the turn that an edit under way may show already: Slack answers after people see it.
	Showing rollout.Turn `json:"showing,omitempty"`
	// Number counts the cards before this one: marks tell them apart. Earlier are those that are still there.
	Number  int       `json:"number,omitempty"`
	Earlier []Earlier `json:"earlier,omitempty"`
	// StallTold is when the thread was told last that nothing moves, and Stalls how often it was.
	StallTold time.Time `json:"stall_told,omitzero"`
	Stalls    int       `json:"stalls,omitempty"`
	// Ends is the channel that is told how the rollout ended, by its id, and EndTold true once it was, or cannot be.
	Ends    string `json:"ends,omitempty"`
	EndTold bool   `json:"end_told,omitempty"`
	// Pictures are due in the thread, the first of them first.
	Pictures []Picture `json:"pictures,omitempty"`
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

// Earlier is a card from which another one took over.
type Earlier struct {
	Channel string `json:"channel"`
	Card    string `json:"card"`
	Linked  bool   `json:"linked,omitempty"` // its thread says where the rollout goes on, or takes no reply
}

// link returns the card's address in the workspace, made as Slack documents it; empty while there is no card.
func (c Cursor) link(workspace string) string { return link(workspace, c.Channel, c.Card) }

// earlier returns the address of the card before this one; empty where there is none.
func (c Cursor) earlier(workspace string) string {
	if len(c.Earlier) == 0 {
		return ""
	}
	last := c.Earlier[len(c.Earlier)-1]
	return link(workspace, last.Channel, last.Card)
}

// learnWorkspace asks for the workspace's address right after the start, where a link is all that two cards have in common.
func (p *Publisher) learnWorkspace(ctx context.Context) {
	if _, err := p.Slack.Identity(ctx); err != nil {
		p.Log.Warn("cards are not linked", "error", err)
	}
}

func link(workspace, channel, ts string) string {
	if ts == "" || workspace == "" {
		return ""
	}
	return strings.TrimSuffix(workspace, "/") + "/archives/" + channel + "/p" + strings.ReplaceAll(ts, ".", "")
}

// Has reports whether the message is the rollout's card, or one that another took over from: its buttons still hold.
func (c Cursor) Has(channel, ts string) bool {
	return ts != "" && (c.Channel == channel && c.Card == ts ||
		slices.ContainsFunc(c.Earlier, func(e Earlier) bool { return e.Channel == channel && e.Card == ts }))
}

// retire puts the card among the earlier ones. The next one has another number.
func (c *Cursor) retire() {
	if c.Card != "" {
		c.Earlier = append(slices.Clip(c.Earlier), Earlier{Channel: c.Channel, Card: c.Card})
		c.Number++
	}
	c.Card = ""
}

// Cursor returns how far Slack shows the rollout; the zero value when nothing is stored of it.
func (p *Publisher) Cursor(ctx context.Context, id rollout.ID) (Cursor, error) {
	return p.cursors.load(ctx, id)
}

// Thread returns the rollout whose card has the timestamp, of several that go together the one whose cursor keeps it; empty when
// there is none.
func (p *Publisher) Thread(channel, ts string) rollout.ID { return p.cursors.of(channel, ts) }

// Link returns the address of the rollout's card; empty when it has none yet.
func (p *Publisher) Link(ctx context.Context, id rollout.ID) (string, error) {
	cur, err := p.cursors.load(ctx, id)
	return cur.link(p.Slack.Me().URL), err
}

// threadsKept is how many threads are known: more than there are rollouts in most stores.
const threadsKept = 20_000

// cursors stores the cursors, and knows which thread is of which rollout.
type cursors struct {
	notes   Notes
	threads *lru.Cache[string, rollout.ID]
}

func newCursors(notes Notes) *cursors {
	threads, _ := lru.New[string, rollout.ID](threadsKept) // fails for a size below one only
	return &cursors{notes: notes, threads: threads}
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
	if cur.Card != "" && cur.With == "" {
		c.threads.Add(threadKey(cur.Channel, cur.Card), id)
	}
	for _, e := range cur.Earlier {
		c.threads.Add(threadKey(e.Channel, e.Card), id)
	}
}

// of returns the rollout whose card has the ts; empty when none has.
func (c *cursors) of(channel, ts string) rollout.ID {
	id, _ := c.threads.Get(threadKey(channel, ts))
	return id
}
