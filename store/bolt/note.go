package bolt

import (
	"bytes"
	"context"
	"strings"

	"canarybot.io/store"
)

func noteKey(kind, key string) string { return kind + "/" + key }

// note is one PutNote, or one DeleteNote when deleted is set.
type note struct {
	key     string
	value   []byte
	deleted bool
}

func (n *note) judge(*table) error { return nil }

func (n *note) write(t *table) error {
	if n.deleted {
		return t.del(bucketNotes, n.key)
	}
	return t.put(bucketNotes, n.key, n.value)
}

// PutNote stores a small record under its kind and key, replacing the previous one. It is durable when PutNote returns;
// a note whose key is a rollout's id is deleted with that rollout.
func (s *Store) PutNote(ctx context.Context, kind, key string, value []byte) error {
	if err := store.CheckNote(kind, key, value); err != nil {
		return err
	}
	return s.commit(ctx, &note{key: noteKey(kind, key), value: bytes.Clone(value)})
}

// DeleteNote removes a note. Deleting a missing note is not an error.
func (s *Store) DeleteNote(ctx context.Context, kind, key string) error {
	if err := store.CheckNoteKey(kind, key); err != nil {
		return err
	}
	return s.commit(ctx, &note{key: noteKey(kind, key), deleted: true})
}

// Note returns one note; ok is false when there is none.
func (s *Store) Note(ctx context.Context, kind, key string) (value []byte, ok bool, err error) {
	if store.CheckNoteKey(kind, key) != nil {
		return nil, false, ctx.Err() // such a note cannot have been stored
	}
	value, err = view(ctx, s, func(t *table) ([]byte, error) {
		payload, found, err := t.get(bucketNotes, noteKey(kind, key))
		if !found || err != nil {
			return nil, err
		}
		return append([]byte{}, payload...), nil
	})
	return value, value != nil, err
}

// Notes returns every note of the kind by its key.
func (s *Store) Notes(ctx context.Context, kind string) (map[string][]byte, error) {
	prefix := noteKey(kind, "")
	return view(ctx, s, func(t *table) (map[string][]byte, error) {
		notes := make(map[string][]byte)
		return notes, t.scan(bucketNotes, prefix, prefix, func(key string, payload []byte) error {
			notes[strings.TrimPrefix(key, prefix)] = bytes.Clone(payload)
			return nil
		})
	})
}
