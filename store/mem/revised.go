package mem

import (
	"context"
	"fmt"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/store"
	"canarybot.io/store/audit"
)

// Closures returns the freezes and locks.
func (s *Store) Closures(ctx context.Context) (rollout.Closures, error) {
	return read(ctx, s, &s.closures)
}

// SetClosures stores the next value of the closures.
func (s *Store) SetClosures(ctx context.Context, c rollout.ClosureChange) error {
	next, err := clone(c.Next)
	if err != nil {
		return rollout.Wrap(rollout.Invalid, fmt.Errorf("encode the closures: %w", err))
	}
	if err := store.CheckClosures(c); err != nil {
		return err
	}
	next.Revision++
	return s.revise(ctx, c.Decision, c.At, c.Audit, func() error {
		if s.closures.Revision != c.Next.Revision {
			return store.Outdated()
		}
		s.closures = next
		return nil
	})
}

// Queue returns the pending deploys.
func (s *Store) Queue(ctx context.Context) (rollout.Queue, error) {
	return read(ctx, s, &s.queue)
}

// SetQueue stores the next value of the queue.
func (s *Store) SetQueue(ctx context.Context, c rollout.QueueChange) error {
	next, err := clone(c.Next)
	if err != nil {
		return rollout.Wrap(rollout.Invalid, fmt.Errorf("encode the queue: %w", err))
	}
	if err := store.CheckQueue(c); err != nil {
		return err
	}
	next.Revision++
	return s.revise(ctx, c.Decision, c.At, c.Audit, func() error {
		if s.queue.Revision != c.Next.Revision {
			return store.Outdated()
		}
		s.queue = next
		return nil
	})
}

// read returns a copy of a value that is stored whole.
func read[T any](ctx context.Context, s *Store, stored *T) (T, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readable(ctx); err != nil {
		var none T
		return none, err
	}
	return clone(*stored)
}

// revise has set put the next value of something in the place of the one that it was made of, with its decision and its
// entries of the audit. The caller does not hold the lock; set is called under it.
func (s *Store) revise(ctx context.Context, id rollout.DecisionID, at time.Time, entries []rollout.AuditEntry, set func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	drafts, err := audit.Drafts(entries)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	if _, ok := s.decided[id]; ok {
		return rollout.ErrDecided
	}
	if err := set(); err != nil {
		return err
	}
	if id != "" {
		s.decided[id] = decided{at: at}
	}
	s.audit(drafts)
	return s.late
}
