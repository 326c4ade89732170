//go:build unix

package bolt

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"canarybot.io/rollout"
)

const lockPause = 50 * time.Millisecond

// lock takes the same lock as bbolt, on the same descriptor. It waits for a process that is shutting down, then names
// the process that holds it.
func (s *Store) lock(ctx context.Context, file *os.File) error {
	end := time.Now().Add(s.o.Wait)
	pause := time.NewTicker(lockPause)
	defer pause.Stop()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return problem(rollout.Unavailable, ProblemNotLocked, s.path).Because(err)
		case !time.Now().Before(end):
			return inUse(s.path, holder(file))
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
