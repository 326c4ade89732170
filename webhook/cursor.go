package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"canarybot.io/rollout"
)

// Notes keeps small records. A note whose key is a rollout's id is forgotten together with it.
type Notes interface {
	PutNote(ctx context.Context, kind, key string, value []byte) error
	Note(ctx context.Context, kind, key string) (value []byte, ok bool, err error)
	Notes(ctx context.Context, kind string) (map[string][]byte, error)
}

// Store is what is read of a rollout.Store.
type Store interface {
	Load(ctx context.Context, id rollout.ID) (rollout.Rollout, error)
	Open(ctx context.Context, service rollout.ServiceName) ([]rollout.Rollout, error)
	History(ctx context.Context, service rollout.ServiceName, limit int) ([]rollout.Rollout, error)
	Timeline(ctx context.Context, id rollout.ID, after int) ([]rollout.Entry, error)
}

// Cursor is how far a target was told of a rollout: what is stored of it.
type Cursor struct {
	Last int  `json:"last,omitempty"` // the last entry that is done with: told, given up, or not for this target
	Done bool `json:"done,omitempty"` // the rollout has ended, and so has telling of it
}

// since is when a target was first seen: it is told of nothing that was before.
type since struct {
	At time.Time `json:"at"`
}

// sinceKind is the kind of the notes that hold when the targets were first seen; their keys are the targets' names.
const sinceKind = "told_since"

// cursors stores the cursors of one target.
type cursors struct {
	notes  Notes
	target string
}

// kind is the kind of the target's notes; their keys are the rollouts' ids. A name has dashes, and a kind has none.
func (c cursors) kind() string { return "told_" + strings.ReplaceAll(c.target, "-", "_") }

// since returns when the target was first seen: now, where it was not before.
func (c cursors) since(ctx context.Context, now time.Time) (time.Time, error) {
	raw, ok, err := c.notes.Note(ctx, sinceKind, c.target)
	if err != nil {
		return now, fmt.Errorf("read since when %s is told: %w", c.target, err)
	}
	var known since
	if ok {
		if err := json.Unmarshal(raw, &known); err != nil {
			return now, fmt.Errorf("read since when %s is told: %w", c.target, err)
		}
		return known.At, nil
	}
	if raw, err = json.Marshal(since{At: now.UTC().Round(0)}); err == nil {
		err = c.notes.PutNote(ctx, sinceKind, c.target, raw)
	}
	if err != nil {
		return now, fmt.Errorf("store since when %s is told: %w", c.target, err)
	}
	return now, nil
}

// all reads every cursor.
func (c cursors) all(ctx context.Context) (map[rollout.ID]Cursor, error) {
	raw, err := c.notes.Notes(ctx, c.kind())
	if err != nil {
		return nil, fmt.Errorf("read how far %s was told: %w", c.target, err)
	}
	all := make(map[rollout.ID]Cursor, len(raw))
	for key, value := range raw {
		var cur Cursor
		if err := json.Unmarshal(value, &cur); err != nil {
			return nil, fmt.Errorf("read how far %s was told of %s: %w", c.target, key, err)
		}
		all[rollout.ID(key)] = cur
	}
	return all, nil
}

// load returns how far the target was told of the rollout; stored is false where nothing is stored.
func (c cursors) load(ctx context.Context, id rollout.ID) (cur Cursor, stored bool, err error) {
	raw, stored, err := c.notes.Note(ctx, c.kind(), string(id))
	if err == nil && stored {
		err = json.Unmarshal(raw, &cur)
	}
	if err != nil {
		return Cursor{}, false, fmt.Errorf("read how far %s was told of %s: %w", c.target, id, err)
	}
	return cur, stored, nil
}

// save makes a cursor durable.
func (c cursors) save(ctx context.Context, id rollout.ID, cur Cursor) error {
	raw, err := json.Marshal(cur)
	if err == nil {
		err = c.notes.PutNote(ctx, c.kind(), string(id), raw)
	}
	if err != nil {
		return fmt.Errorf("store how far %s was told of %s: %w", c.target, id, err)
	}
	return nil
}
