package bolt

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// view runs a read on what is durable. Like a commit it waits for the disk at most Patience: read then goes on without
// a caller, so it must keep what it finds to itself until it returns.
func view[T any](ctx context.Context, s *Store, read func(*table) (T, error)) (T, error) {
	var none T
	for {
		if err := ctx.Err(); err != nil {
			return none, err
		}
		h, err := s.readable(ctx)
		if err != nil {
			return none, err
		}
		v, closed, err := patiently(s, h, read)
		if closed { // replaced by a newer one
			continue
		}
		var f *fault
		if errors.As(err, &f) {
			err = s.failure(err)
		}
		return v, err
	}
}

// readable returns a handle to read from. Where there is none, the writer opens the file.
func (s *Store) readable(ctx context.Context) (*handle, error) {
	if s.closed.Load() {
		return nil, s.gone()
	}
	if s.stuck.Load() > 0 { // nobody queues behind a disk that hangs
		return nil, s.hangs()
	}
	if h := s.handle.Load(); h.usable() {
		return h, nil
	}
	err := s.commit(ctx, nil)
	if h := s.handle.Load(); h.usable() {
		return h, nil
	}
	if err == nil { // it failed again in the meantime
		err = s.failure(errClosed)
	}
	return nil, err
}

// patiently runs the read on the handle. Who gives up and who finishes first is settled by left.
func patiently[T any](s *Store, h *handle, read func(*table) (T, error)) (v T, closed bool, err error) {
	type result struct {
		v      T
		closed bool
		err    error
	}
	answer, left := make(chan result, 1), new(atomic.Bool)
	go func() {
		var r result
		r.closed, r.err = h.view(func(t *table) (err error) {
			r.v, err = read(t)
			return err
		})
		if !left.CompareAndSwap(false, true) {
			s.stuck.Add(-1)
		}
		answer <- r
	}()
	patience := time.NewTimer(Patience)
	defer patience.Stop()
	select {
	case r := <-answer:
		return r.v, r.closed, r.err
	case <-patience.C:
		s.stuck.Add(1)
		if left.CompareAndSwap(false, true) {
			return v, false, s.hangs()
		}
		s.stuck.Add(-1)
		r := <-answer
		return r.v, r.closed, r.err
	}
}
