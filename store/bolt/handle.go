package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"sync/atomic"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"canarybot.io/rollout"
)

// handle is one opening of the file. After its first failure it is not used any more: only opening the file again shows
// what is stored.
type handle struct {
	db       *bbolt.DB
	file     *os.File // the one that db works on
	info     os.FileInfo
	readOnly bool
	unready  error // why it may only be read although the file may be written

	fault    atomic.Pointer[error] // the first failure
	panicked atomic.Bool           // bbolt may hold its locks forever
}

// usable reports whether the handle exists and has not failed.
func (h *handle) usable() bool { return h != nil && h.fault.Load() == nil }

// spoil notes why the handle must not be used any more. The first reason stays.
func (h *handle) spoil(err error) { h.fault.CompareAndSwap(nil, &err) }

// doubtful reports whether the kernel's cache may hold pages that look like those on the disk and are not. Every failure
// leaves such a doubt, a failed sync above all, but a write for which there was no room.
func (h *handle) doubtful() bool {
	fault := h.fault.Load()
	if fault == nil {
		return false
	}
	var write *fs.PathError
	return !full(*fault) || !errors.As(*fault, &write)
}

// guard is like the function guard, for code that uses the file: it records a panic.
func (h *handle) guard(f func() error) error {
	err := guard(f)
	var p *panicError
	if errors.As(err, &p) {
		h.panicked.Store(true)
	}
	return err
}

// view runs a read. Damage that it finds spoils the handle. closed reports that the handle was replaced meanwhile.
func (h *handle) view(read func(*table) error) (closed bool, err error) {
	err = h.guard(func() error {
		return h.db.View(func(tx *bbolt.Tx) error { return read(&table{tx: tx}) })
	})
	var f *fault
	if errors.As(err, &f) {
		h.spoil(err)
	}
	return errors.Is(err, berrors.ErrDatabaseNotOpen), err
}

// close releases the file. It waits for reads in progress, unless bbolt panicked: then they may hang in its locks, and
// the file is closed under them.
func (h *handle) close() error {
	if h.panicked.Load() {
		return errors.Join(unlock(h.file), h.file.Close()) // bbolt's mapping would keep the lock
	}
	return h.guard(h.db.Close)
}

// take inspects the file, which must be locked, so that nothing changes it meanwhile, and hands the same descriptor to
// bbolt. check may refuse what was found. The file is closed when there is an error.
func (s *Store) take(file *os.File, readOnly bool, check func(identity) error) (*handle, identity, error) {
	h, found, err := s.inspected(file, check)
	if err == nil {
		h.readOnly = readOnly
		err = guard(func() (err error) {
			o := options(file, s.o.noSync)
			o.ReadOnly = readOnly
			h.db, err = bbolt.Open(s.path, 0o600, o)
			return err
		})
		if err != nil {
			err = problem(rollout.Unavailable, ProblemNotOpened, s.path).Because(err)
		}
	}
	if err != nil {
		file.Close()
		return nil, identity{}, err
	}
	if !readOnly {
		h.unready = s.upgraded(h, found)
		h.readOnly = h.unready != nil
	}
	return h, found, nil
}

// upgraded returns why the file could not be made one of this schema: it can only be read until that succeeds.
func (s *Store) upgraded(h *handle, found identity) error {
	err := h.upgrade(found)
	if err == nil {
		return nil
	}
	s.doubt = true
	return s.failure(err)
}

func (s *Store) inspected(file *os.File, check func(identity) error) (*handle, identity, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, identity{}, refuse(s.path, err)
	}
	found, err := inspect(file, info.Size())
	if err != nil {
		return nil, identity{}, refuse(s.path, err)
	}
	return &handle{file: file, info: info}, found, check(found)
}

func options(file *os.File, noSync bool) *bbolt.Options {
	return &bbolt.Options{
		FreelistType: bbolt.FreelistMapType, NoStatistics: true, NoSync: noSync, NoGrowSync: noSync,
		OpenFile: func(string, int, os.FileMode) (*os.File, error) { return file, nil },
	}
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
