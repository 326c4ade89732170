package bolt

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
)

// op is one change of the store. judge returns why it is refused and writes nothing; write makes it.
type op interface {
	judge(t *table) error
	write(t *table) error
}

// touch is a Probe: it writes nothing, and of a store that is not well it makes a transaction all the same.
type touch struct{ well bool }

func (o *touch) judge(*table) error { return nil }
func (o *touch) write(*table) error { return nil }

// request is an op on its way through the writer; without an op it only has the file opened where it is not. answer
// holds one value, so the writer never waits for a caller.
type request struct {
	op     op
	answer chan error
	left   atomic.Bool // the caller gave up
}

// busy reports whether the request needs a transaction.
func (r *request) busy() bool {
	probe, ok := r.op.(*touch)
	return r.op != nil && !r.left.Load() && !(ok && probe.well)
}

// commit hands the op to the writer and waits until it is on the disk. Behind a disk that hangs nobody queues.
func (s *Store) commit(ctx context.Context, o op) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	err := s.hanging
	s.mu.Unlock()
	if err != nil {
		return err
	}
	r := &request{op: o, answer: make(chan error, 1)}
	patience := time.NewTimer(Patience)
	defer patience.Stop()
	select {
	case s.queue <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return s.gone()
	case <-patience.C:
		return s.giveUp()
	}
	select { // without ctx: the writer has accepted it
	case err := <-r.answer:
		return err
	case <-patience.C:
		r.left.Store(true)
		return s.giveUp()
	}
}

// giveUp notes that the disk takes too long, unless the writer has finished at this moment.
func (s *Store) giveUp() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy {
		s.hanging = s.hangs()
	}
	return s.hangs()
}

// run is the only writer. The queue has no buffer: while a transaction is in progress, requests wait in their senders,
// who can still withdraw them, and are collected together when the next transaction begins.
func (s *Store) run() {
	defer close(s.done)
	for {
		select {
		case r := <-s.queue:
			s.transact(s.collect(r))
			s.tidy()
		case <-s.closing:
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
func (s *Store) transact(batch []*request) {
	s.begin()
	start, refused := time.Now(), make([]error, len(batch))
	failed, unwritten := s.mend(), s.unwritten
	unmended := failed
	if failed == nil {
		s.survey()
		failed, unwritten = s.attempt(start, batch, refused)
	}
	s.settle(unmended, unwritten)
	for i, r := range batch {
		switch {
		case r.op == nil:
			refused[i] = unmended
		case failed != nil:
			refused[i] = failed
		}
		r.answer <- refused[i]
	}
}

// begin notes that the writer goes to the disk.
func (s *Store) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = true
}

// settle notes that it is back, and how the store is.
func (s *Store) settle(unmended, unwritten error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy, s.hanging, s.unmended, s.unwritten, s.usage = false, nil, unmended, unwritten, s.space
}

// attempt writes the batch. failed is why nobody's change was stored. unwritten is why nothing can be written: that of
// this time or, where nothing was due, of the last one.
func (s *Store) attempt(start time.Time, batch []*request, refused []error) (failed, unwritten error) {
	h, written := s.handle.Load(), false
	short := s.reserve(h)
	if !slices.ContainsFunc(batch, (*request).busy) {
		return nil, cmp.Or(short, s.unwritten)
	}
	if !s.writing.due() {
		return s.unwritten, s.unwritten
	}
	err := h.guard(func() (err error) {
		written, err = s.transaction(h, batch, refused, short)
		return err
	})
	switch {
	case err != nil:
		h.spoil(err)
		s.writing.failed(start)
		err = s.failure(err)
		return err, err
	case short != nil:
		return nil, short
	case written:
		s.writing = pace{}
		return nil, nil
	}
	return nil, s.unwritten
}

// transaction fills refused with the answers to refused changes, and reports whether anything was written. An error is
// the disk's. While the reserve is short, it is there for what ends a rollout; all else is refused with that.
func (s *Store) transaction(h *handle, batch []*request, refused []error, short error) (written bool, err error) {
	tx, err := h.db.Begin(true)
	if err != nil {
		return false, err
	}
	defer tx.Rollback() //nolint:errcheck // releases the locks; after a commit it does nothing
	t := &table{tx: tx}
	if err := t.loadSum(); err != nil {
		return false, err
	}
	for i, r := range batch {
		if !r.busy() {
			continue
		}
		var f *fault
		if refused[i] = s.judge(t, r.op, short); errors.As(refused[i], &f) {
			return false, f
		} else if refused[i] != nil {
			continue
		}
		if err := r.op.write(t); err != nil {
			return false, err
		}
		written = true
	}
	if !written {
		return false, nil
	}
	return true, s.sync(t)
}

// judge returns why the op is refused, or nil.
func (s *Store) judge(t *table, o op, short error) error {
	if short != nil && !needed(o) {
		return short
	}
	if err := o.judge(t); err != nil {
		return err
	}
	c, ok := o.(*change)
	if !ok {
		return nil
	}
	c.bounds = s.bounds()
	if c.creates() {
		return s.mayCreate()
	}
	return nil
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
	id := uint64(t.tx.ID())
	if err := t.tx.Commit(); err != nil {
		return err
	}
	s.txid = id
	return nil
}

var _ = []op{(*change)(nil), (*note)(nil), (*revised)(nil), (*record)(nil), (*touch)(nil)}
