package bolt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"canarybot.io/rollout"
	"canarybot.io/store"
)

var _ rollout.Store = (*Store)(nil)

// Options are the choices for Open. The zero value is what production uses.
type Options struct {
	// Keep is how many ended rollouts are kept per service, with their timelines. Default: store.Keep.
	Keep int
	// Wait is how long Open waits for another process to release the file. Default: 5 s.
	Wait time.Duration
	// Sync, when set, runs in every transaction just before its syncs: benchmarks use it to slow the disk down, tests
	// to make it fail.
	Sync func() error

	noSync bool // for tests of logic, which would otherwise spend most of their time in syncs
}

// Store keeps rollouts in one file. It is safe for concurrent use. Make one with Open and end it with Close.
type Store struct {
	path string
	id   string
	o    Options
	db   *bbolt.DB
	file *os.File // the one that db works on

	queue   chan *request
	closing chan struct{} // closed by Close
	done    chan struct{} // closed by the writer when it is finished

	closed   atomic.Bool
	ended    chan struct{} // closed when Close has finished
	closeErr error         // written before ended is closed

	failing sync.Once
	broken  chan struct{} // closed by fail
	cause   error         // why; written before broken is closed

	panicking sync.Once
	panicked  chan struct{} // closed when bbolt panicked: it may hold its locks forever
}

func newStore(path string, o Options) *Store {
	s := &Store{
		path: path, o: o, queue: make(chan *request), closing: make(chan struct{}), done: make(chan struct{}),
		broken: make(chan struct{}), panicked: make(chan struct{}),
		ended: make(chan struct{}),
	}
	s.o.Keep = cmp.Or(o.Keep, store.Keep)
	s.o.Wait = cmp.Or(o.Wait, 5*time.Second)
	return s
}

// ID identifies the store. It is generated when the file is created and never changes.
func (s *Store) ID() string { return s.id }

// Broken is closed when the disk has failed or its data is damaged. Every call fails from then on, and the process
// should exit: only reopening the file shows what was stored.
func (s *Store) Broken() <-chan struct{} { return s.broken }

// Err returns why the store is broken: nil if it is not.
func (s *Store) Err() error {
	select {
	case <-s.broken:
		return s.cause
	default:
		return nil
	}
}

// Probe returns the error that a commit would get.
func (s *Store) Probe(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.Err()
}

// Commit makes all the changes durable, or none. It returns when they are on the disk. A call whose context ends before
// the writer has accepted it changes nothing and returns the context's error. Once accepted, Commit waits for the
// result, because a caller that left would not know whether the change was stored.
func (s *Store) Commit(ctx context.Context, changes ...rollout.Change) error {
	if err := store.Check(changes); err != nil || len(changes) == 0 {
		return err
	}
	c, err := newChange(changes, s.o.Keep)
	if err != nil {
		return err
	}
	return s.commit(ctx, c)
}

// Close finishes the transaction in progress and releases the file. Calls after it are Unavailable. It waits for the
// writer and for reads in progress, unless bbolt panicked: then both may hang in its locks, and Close closes the file
// under them.
func (s *Store) Close() error {
	if s.closed.CompareAndSwap(false, true) { // no sync.Once: waiting for its mutex does not count as blocked in a synctest bubble
		s.closeErr = s.close()
		close(s.ended)
	}
	<-s.ended
	return s.closeErr
}

func (s *Store) close() error {
	close(s.closing)
	select {
	case <-s.done:
	case <-s.panicked:
	}
	select {
	case <-s.panicked:
		return s.file.Close()
	default:
	}
	if err := s.db.Close(); err != nil {
		return problem(rollout.Unavailable, ProblemNotClosed, s.path).Because(err)
	}
	return nil
}

// view runs a read. Damage that it finds breaks the store.
func (s *Store) view(ctx context.Context, read func(*table) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.Err(); err != nil {
		return err
	}
	err := s.guard(func() error {
		return s.db.View(func(tx *bbolt.Tx) error { return read(&table{tx: tx}) })
	})
	var f *fault
	switch {
	case errors.As(err, &f):
		return s.fail(err)
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
		return s.gone()
	}
	return err
}

// fail marks the store as broken and returns the error for its callers.
func (s *Store) fail(err error) error {
	s.failing.Do(func() {
		s.cause = problem(rollout.Unavailable, ProblemFailed, s.path).Because(err)
		close(s.broken)
	})
	<-s.broken
	return s.cause
}

// guard is like the function guard, for code that uses the open file: it records a panic.
func (s *Store) guard(f func() error) error {
	err := guard(f)
	var p *panicError
	if errors.As(err, &p) {
		s.panicking.Do(func() { close(s.panicked) })
	}
	return err
}

func (s *Store) gone() error {
	return problem(rollout.Unavailable, ProblemClosed, s.path)
}

// panicError is a panic of bbolt, raised over pages that contradict each other.
type panicError struct{ value any }

func (p *panicError) Error() string { return fmt.Sprintf("bbolt panicked: %v", p.value) }

// guard turns panics into faults, also those of a page that the disk cannot deliver: bbolt maps the file, so an I/O
// error or a truncation arrives as a memory fault, which would end the process with a stack trace instead of a clear
// error.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = &fault{&panicError{p}}
		}
	}()
	return f()
}
