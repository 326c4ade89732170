package mem

import (
	"bytes"
	"context"

	"canarybot.io/store"
)

// PutNote stores a small record under its kind and key, replacing the previous one.
func (s *Store) PutNote(ctx context.Context, kind, key string, value []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := store.CheckNote(kind, key, value); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	s.put(kind, key, value)
	return s.late
}

// Note returns one note; ok is false when there is none.
func (s *Store) Note(ctx context.Context, kind, key string) (value []byte, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readable(ctx); err != nil {
		return nil, false, err
	}
	value, ok = s.notes[kind][key]
	return bytes.Clone(value), ok, nil
}

// Notes returns every note of the kind by its key.
func (s *Store) Notes(ctx context.Context, kind string) (map[string][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readable(ctx); err != nil {
		return nil, err
	}
	all := make(map[string][]byte, len(s.notes[kind]))
	for key, value := range s.notes[kind] {
		all[key] = bytes.Clone(value)
	}
	return all, nil
}

// DeleteNote removes a note. Deleting a missing note is not an error.
func (s *Store) DeleteNote(ctx context.Context, kind, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := store.CheckNoteKey(kind, key); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	delete(s.notes[kind], key)
	return s.late
}
