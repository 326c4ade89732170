package bolt

import (
	"cmp"
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/store"
)

var _ rollout.Store = (*Store)(nil)

// Patience is how long a call waits for the disk.
const Patience = 10 * time.Second

// DefaultLimit is how many bytes may be stored.
const DefaultLimit = 256 << 20

// Options are the choices for Open. The zero value is what production uses.
type Options struct {
	// Keep is how many ended rollouts are kept per service. Default: store.Keep.
	Keep int
	// Limit is how many bytes may be stored before the oldest ended rollouts go. Default: DefaultLimit.
	Limit int64
	// Wait is how long Open waits for another process to release the file. Default: 5 s.
	Wait time.Duration
	// Sync, when set, runs in every transaction just before its syncs: benchmarks use it to slow the disk down, tests
	// to make it fail.
	Sync func() error

	noSync bool // for tests of logic, which would otherwise spend most of their time in syncs
	disk
}

// disk is what the store asks of the operating system. Tests replace some of it.
type disk struct {
	openFile func(path string, flag int, mode os.FileMode) (*os.File, error)
	// allocate has the file system allot blocks to a part of the file without changing its size.
	allocate func(file *os.File, at, size int64) error
	statfs   func(dir string) (volume, error)
	syncFile func(file *os.File) error // before it is read again

	compactFrom int64
}

// Store keeps rollouts in one file. It is safe for concurrent use. Make one with Open and end it with Close.
type Store struct {
	path string
	id   string
	o    Options

	dir       *os.File // locked: it outlives the file
	dirLocked bool     // false where directories cannot be locked

	handle atomic.Pointer[handle] // the writer replaces it; nil where the file cannot be read

	queue   chan *request
	closing chan struct{} // closed by Close
	done    chan struct{} // closed by the writer when it is finished

	closed   atomic.Bool
	ended    chan struct{} // closed when Close has finished
	closeErr error         // written before ended is closed

	txid               uint64    // the newest transaction known to be stored; the writer's own
	doubt              bool      // the kernel's cache may lie; the writer's own
	reopening, writing pace      // the writer's own
	space              space     // the writer's own
	compacting         time.Time // not before; the writer's own

	stuck atomic.Int64 // reads that nobody waits for any more, because they take too long

	mu        sync.Mutex
	busy      bool  // the writer is at the disk
	hanging   error // somebody gave up waiting for it
	unmended  error // why the file cannot be opened for writing
	unwritten error // why the last write failed
	usage     space // as of the last write
}

func newStore(path string, o Options) *Store {
	s := &Store{
		path: path, o: o, queue: make(chan *request), closing: make(chan struct{}), done: make(chan struct{}),
		ended: make(chan struct{}),
	}
	s.o.Keep = cmp.Or(o.Keep, store.Keep)
	s.o.Limit = cmp.Or(o.Limit, DefaultLimit)
	s.o.Wait = cmp.Or(o.Wait, 5*time.Second)
	s.o.compactFrom = cmp.Or(o.compactFrom, compactFrom)
	if s.o.openFile == nil {
		s.o.openFile = os.OpenFile
	}
	if s.o.syncFile == nil {
		s.o.syncFile = (*os.File).Sync
	}
	if s.o.allocate == nil {
		s.o.allocate = allocate
	}
	if s.o.statfs == nil {
		s.o.statfs = statfs
	}
	return s
}

// ID identifies the store. It is generated when the file is created and never changes.
func (s *Store) ID() string { return s.id }

// Err returns what is wrong with the store as the last call found it; nil when it is well. It does not block.
func (s *Store) Err() error {
	if s.stuck.Load() > 0 {
		return s.hangs()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := cmp.Or(s.hanging, s.unmended, s.unwritten); err != nil {
		return err
	}
	if h := s.handle.Load(); h != nil && !h.usable() { // a read found it
		return s.failure(*h.fault.Load())
	}
	return nil
}

// Probe looks whether the file is where it should be, and opens it again where that is due. If the last write failed it
// tries to write, and changes nothing by that. It returns the error that a commit would get.
func (s *Store) Probe(ctx context.Context) error {
	s.mu.Lock()
	well := s.unwritten == nil
	s.mu.Unlock()
	return s.commit(ctx, &touch{well: well})
}

// Commit makes all the changes durable, or none. It returns when they are on the disk. A call whose context ends before
// the writer has accepted it changes nothing and returns the context's error. Once accepted, Commit waits for the
// result, because a caller that left would not know whether the change was stored; after Patience it leaves all the
// same. Where the disk failed, the next call opens the file again: that shows what was stored.
func (s *Store) Commit(ctx context.Context, changes ...rollout.Change) error {
	if err := store.Check(changes); err != nil || len(changes) == 0 {
		return err
	}
	c, err := newChange(changes)
	if err != nil {
		return err
	}
	return s.commit(ctx, c)
}

// Close finishes the transaction in progress and releases the file. Calls after it are Unavailable. It waits for the
// writer and for reads in progress, at most Patience.
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
	finished := make(chan error, 1)
	go func() {
		<-s.done
		var err error
		if h := s.handle.Swap(nil); h != nil {
			err = h.close()
		}
		s.dir.Close() // releases the lock
		finished <- err
	}()
	patience := time.NewTimer(Patience)
	defer patience.Stop()
	select {
	case err := <-finished:
		if err != nil {
			return problem(rollout.Unavailable, ProblemNotClosed, s.path).Because(err)
		}
		return nil
	case <-patience.C:
		return problem(rollout.Unavailable, ProblemNotClosed, s.path).Because(s.hangs())
	}
}

func (s *Store) gone() error {
	return problem(rollout.Unavailable, ProblemClosed, s.path)
}

func (s *Store) hangs() error {
	return problem(rollout.Unavailable, ProblemHangs, s.path)
}
