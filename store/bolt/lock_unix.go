//go:build unix

package bolt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"canarybot.io/rollout"
)

const lockPause = 50 * time.Millisecond

// lockDir locks the directory, which outlives a file that is deleted, moved or opened anew in it. Where directories
// cannot be locked, the lock of the file has to do.
func (s *Store) lockDir(ctx context.Context) error {
	dir, err := os.Open(filepath.Dir(s.path))
	if err != nil {
		return problem(rollout.Invalid, ProblemBadDirectory, filepath.Dir(s.path)).Because(err)
	}
	s.dir = dir
	err = s.lock(ctx, dir)
	if rollout.ProblemOf(err).Code == ProblemNotLocked {
		return nil
	}
	s.dirLocked = err == nil
	return err
}

// lock waits for a process that is shutting down, then names the process that holds the lock.
func (s *Store) lock(ctx context.Context, file *os.File) error {
	end := time.Now().Add(s.o.Wait)
	pause := time.NewTicker(lockPause)
	defer pause.Stop()
	for {
		err := s.tryLock(file)
		if !locked(err) || !time.Now().Before(end) {
			return err
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tryLock takes the same lock as bbolt, on the same descriptor.
func (s *Store) tryLock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		return inUse(s.path, holder(file))
	}
	return problem(rollout.Unavailable, ProblemNotLocked, s.path).Because(err)
}

// unlock releases the lock.
func unlock(file *os.File) error { return syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }

// locked reports whether the error says that another process has the lock.
func locked(err error) bool {
	code := rollout.ProblemOf(err).Code
	return code == ProblemInUse || code == ProblemInUseBy
}

// named reports whether the file still has a name in some directory.
func named(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || stat.Nlink > 0
}
