package bolt

import (
	"bytes"
	"context"
	"strings"

	"canarybot.io/store"
)

func noteKey(kind, key string) string { return kind + "/" + key }

// note is one PutNote, or one DeleteNote when gone is set.
type note struct {
	key   string
	value []byte
	gone  bool
}

func (n *note) judge(*table) error { return nil }

func (n *note) write(t *table) error {
	if n.gone {
		return t.del(bucketNotes, n.key)
	}
	return t.put(bucketNotes, n.key, n.value)
}

// PutNote stores a small record under its kind and key, in place of the one before. It is durable when PutNote
// returns; a note whose key is a rollout's id is dropped together with that rollout.
func (s *Store) PutNote(ctx context.Context, kind, key string, value []byte) error {
	if err := store.CheckNote(kind, key, value); err != nil {
		return err
	}
	return s.commit(ctx, &note{key: noteKey(kind, key), value: bytes.Clone(value)})
}

// DeleteNote removes a note. One that is not there is no error.
func (s *Store) DeleteNote(ctx context.Context, kind, key string) error {
	if err := store.CheckNoteKey(kind, key); err != nil {
		return err
	}
	return s.commit(ctx, &note{key: noteKey(kind, key), gone: true})
}

// Note returns one note; ok is false when there is none.
func (s *Store) Note(ctx context.Context, kind, key string) (value []byte, ok bool, err error) {
	if store.CheckNoteKey(kind, key) != nil {
		return nil, false, ctx.Err() // what cannot be stored is not there
	}
	err = s.view(ctx, func(t *table) error {
		var payload []byte
		payload, ok, err = t.get(bucketNotes, noteKey(kind, key))
		value = bytes.Clone(payload)
		return err
	})
	return value, ok && err == nil, err
}

// Notes returns every note of the kind by its key.
func (s *Store) Notes(ctx context.Context, kind string) (map[string][]byte, error) {
	notes := make(map[string][]byte)
	prefix := noteKey(kind, "")
	err := s.view(ctx, func(t *table) error {
		return t.scan(bucketNotes, prefix, prefix, func(key string, payload []byte) error {
			notes[strings.TrimPrefix(key, prefix)] = bytes.Clone(payload)
			return nil
		})
	})
	return notes, err
}
