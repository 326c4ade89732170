package bolt

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"canarybot.io/rollout"
)

// errClosed stands for a handle that cannot be used, where nothing better is known.
var errClosed = errors.New("the file is not open")

// mend returns nil when the handle can be written and is of the file under the path. Where it is not, mend opens the
// file again. What can still be read stays readable meanwhile. Only the writer calls it.
func (s *Store) mend() error {
	h := s.handle.Load()
	if h.usable() && !h.readOnly && s.inPlace(h) {
		s.reopening = pace{}
		return nil
	}
	if !s.reopening.due() {
		return s.unmended
	}
	start := time.Now()
	err := s.reopen(h)
	if err != nil {
		s.reopening.failed(start)
		return err
	}
	s.reopening = pace{}
	return nil
}

// inPlace reports whether the path still leads to the handle's file. A file that is mounted by itself can be deleted
// elsewhere and keeps its path: it has no name left.
func (s *Store) inPlace(h *handle) bool {
	info, err := os.Stat(s.path)
	return err == nil && os.SameFile(info, h.info) && named(info)
}

// reopen replaces the handle old by one of the file that is under the path now, if that is this store in a state that
// is not older than what was stored.
func (s *Store) reopen(old *handle) error {
	file, readOnly, err := s.openFile()
	if err != nil {
		return now(err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return now(refuse(s.path, err))
	}
	same := old != nil && os.SameFile(info, old.info)
	if same && old.usable() && old.readOnly && readOnly {
		file.Close()
		return problem(rollout.Unavailable, ProblemReadOnly, s.path)
	}
	if same || !old.usable() {
		s.discard(old) // before the lock is taken, which it may hold
	}
	if err := s.tryLock(file); err != nil {
		file.Close()
		return err
	}
	trouble := s.refresh(file, readOnly)
	readOnly = readOnly || trouble != nil
	h, found, err := s.take(file, readOnly, s.ours)
	if err != nil {
		return now(err)
	}
	if replaced := s.handle.Swap(h); replaced != nil {
		replaced.close() //nolint:errcheck // nothing was in progress on it
	}
	s.txid, s.space.until = found.txid, 0
	if trouble = cmp.Or(trouble, h.unready); trouble != nil {
		return trouble
	}
	if readOnly {
		return problem(rollout.Unavailable, ProblemReadOnly, s.path)
	}
	return nil
}

// discard closes the handle. Readers ask the writer from now on.
func (s *Store) discard(h *handle) {
	s.handle.Store(nil)
	if h != nil {
		s.doubt = s.doubt || h.doubtful()
		h.close() //nolint:errcheck // it failed already, or is about to be opened again
	}
}

// refresh forgets what the kernel believes to be in the file, where that is in doubt. After a failed sync it may take
// pages for written that are not: what still waits is written first, then all pages are dropped, so that the disk itself
// is read. While it fails, the file may be read and not written.
func (s *Store) refresh(file *os.File, readOnly bool) error {
	if !s.doubt {
		return nil
	}
	var err error
	if !readOnly {
		err = s.o.syncFile(file)
	}
	if err = errors.Join(err, dropCache(file)); err != nil {
		return s.failure(err)
	}
	s.doubt = false
	return nil
}

// ours returns why what was found must not take the place of what was open.
func (s *Store) ours(found identity) error {
	if found.ID != s.id || found.txid < s.txid {
		return problem(rollout.Unavailable, ProblemReplaced, s.path)
	}
	return nil
}

// openFile opens the file for writing or, where that is not allowed, for reading. It never creates it.
func (s *Store) openFile() (file *os.File, readOnly bool, err error) {
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), err == nil && !named(info):
		return nil, false, problem(rollout.Unavailable, ProblemGone, s.path)
	case err == nil && !info.Mode().IsRegular(): // opening a pipe would block forever
		return nil, false, problem(rollout.Invalid, ProblemNotAFile, s.path)
	}
	file, err = s.o.openFile(s.path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		readOnly = true
		file, err = s.o.openFile(s.path, os.O_RDONLY, 0)
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, false, problem(rollout.Invalid, ProblemNotPermitted, s.path).Because(err)
	case err != nil:
		return nil, false, problem(rollout.Unavailable, ProblemNotOpened, s.path).Because(err)
	}
	return file, readOnly, nil
}

// now returns the error of opening the file under a running store: whatever it is, it is Unavailable, because the file
// may be well again at the next call.
func now(err error) error {
	if rollout.CodeOf(err) == rollout.Unavailable {
		return err
	}
	return rollout.Refuse(rollout.Unavailable, rollout.ProblemOf(err)).Because(err)
}

// failure returns the error of a disk that failed, for people.
func (s *Store) failure(err error) error {
	var coded *rollout.Error
	if errors.As(err, &coded) && coded.Code == rollout.Unavailable {
		return err
	}
	p := rollout.Problem{Code: ProblemFailed, Key: s.path, Words: "its pages cannot be read, or contradict each other"}
	switch errno := errnoOf(err); {
	case full(err):
		p = rollout.Problem{Code: ProblemFull, Key: s.path}
	case errno == syscall.EROFS:
		p = rollout.Problem{Code: ProblemReadOnly, Key: s.path}
	case errno != 0:
		p.Words = errno.Error()
	}
	return rollout.Refuse(rollout.Unavailable, p).Because(err)
}

// full reports whether there was no room for a write.
func full(err error) bool {
	switch errnoOf(err) {
	case syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG:
		return true
	}
	return false
}

// errnoOf returns what the kernel said; 0 if it is unknown. bbolt flattens some errors to text.
func errnoOf(err error) syscall.Errno {
	var errno syscall.Errno
	if err == nil || errors.As(err, &errno) {
		return errno
	}
	for _, known := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EIO, syscall.EROFS} {
		if strings.HasSuffix(err.Error(), known.Error()) {
			return known
		}
	}
	return 0
}
