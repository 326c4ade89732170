package mem

import (
	"cmp"
	"context"
	"errors"

	"canarybot.io/rollout"
)

// Refuse makes every commit and note fail with the error, as on a full disk: nothing is stored, and reads go on. Nil
// ends it. An error without a code becomes Unavailable.
func (s *Store) Refuse(err error) { s.set(&s.refused, err) }

// RefuseReads makes every call fail with the error, as where the file is gone. Nil ends it.
func (s *Store) RefuseReads(err error) { s.set(&s.unread, err) }

// Late makes every commit fail with the error although it is stored, as on a disk that takes too long. Nil ends it.
func (s *Store) Late(err error) { s.set(&s.late, err) }

func (s *Store) set(field *error, err error) {
	var coded *rollout.Error
	if err != nil && !errors.As(err, &coded) {
		err = rollout.Wrap(rollout.Unavailable, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	*field = err
}

// Probe returns the error that a commit would get.
func (s *Store) Probe(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.Err()
}

// Err returns what the store refuses with; nil when it is well.
func (s *Store) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cmp.Or(s.unread, s.refused, s.late)
}

// writable returns why nothing can be stored. The caller holds the lock.
func (s *Store) writable() error { return cmp.Or(s.unread, s.refused) }

// readable returns why the store cannot be read. The caller holds the lock.
func (s *Store) readable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.unread
}
