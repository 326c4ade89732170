package bolt

import (
	"context"
	"errors"
	"runtime"
)

// op is one change of the store. judge returns why it is refused and writes nothing; write makes it.
type op interface {
	judge(t *table) error
	write(t *table) error
}

// request is an op on its way through the writer. answer holds one value, so the writer never waits for a caller.
type request struct {
	op     op
	answer chan error
}

// commit hands the op to the writer and waits until it is on the disk.
func (s *Store) commit(ctx context.Context, o op) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.Err(); err != nil {
		return err
	}
	r := &request{op: o, answer: make(chan error, 1)}
	select {
	case s.queue <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return s.gone()
	case <-s.broken:
		return s.cause
	}
	return <-r.answer // without ctx: the writer has accepted it and always answers
}

// run is the only writer. The queue has no buffer: while a transaction is in progress, requests wait in their senders,
// who can still withdraw them, and are collected together when the next transaction begins.
func (s *Store) run() {
	defer close(s.done)
	for {
		select {
		case r := <-s.queue:
			if s.transact(s.collect(r)) != nil {
				return
			}
		case <-s.closing:
			return
		case <-s.broken: // by a read
			return
		}
	}
}

// collect returns the request and all others that are waiting. If none are, it yields and tries again: callers that the
// last transaction answered are often about to send their next request, and the first of them would otherwise get a
// transaction of its own while all others wait. A sender waits for its answer, so this ends when all have sent.
func (s *Store) collect(first *request) []*request {
	batch := []*request{first}
	for yielded := false; ; {
		select {
		case r := <-s.queue:
			batch, yielded = append(batch, r), false
			continue
		default:
		}
		if yielded {
			return batch
		}
		runtime.Gosched()
		yielded = true
	}
}

// transact commits the batch in one transaction and answers everybody. No caller gets an answer before the sync, not
// even a refusal, which may depend on another change of the same batch.
func (s *Store) transact(batch []*request) error {
	refused := make([]error, len(batch))
	err := s.Err()
	if err == nil {
		err = s.guard(func() error { return s.transaction(batch, refused) })
	}
	if err != nil {
		err = s.fail(err)
	}
	for i, r := range batch {
		if err != nil {
			refused[i] = err
		}
		r.answer <- refused[i]
	}
	return err
}

// transaction fills refused with the answers to refused changes. An error is the disk's.
func (s *Store) transaction(batch []*request, refused []error) error {
	tx, err := s.db.Begin(true)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // releases the locks; after a commit it does nothing
	t := &table{tx: tx}
	if err := t.loadSum(); err != nil {
		return err
	}
	written := false
	for i, r := range batch {
		var f *fault
		if err := r.op.judge(t); errors.As(err, &f) {
			return err
		} else if err != nil {
			refused[i] = err
			continue
		}
		if err := r.op.write(t); err != nil {
			return err
		}
		written = true
	}
	if !written {
		return nil
	}
	return s.sync(t)
}

func (s *Store) sync(t *table) error {
	if err := t.saveSum(); err != nil {
		return err
	}
	if s.o.Sync != nil {
		if err := s.o.Sync(); err != nil {
			return err
		}
	}
	return t.tx.Commit()
}

var _ = []op{(*change)(nil), (*note)(nil)}
