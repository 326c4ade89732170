//go:build unix

package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"canarybot.io/rollout"
)

const lockPause = 50 * time.Millisecond

// lock takes the same lock as bbolt, on the same descriptor. It waits for a process that is shutting down, then says
// who holds it.
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
			return rollout.Wrap(rollout.Unavailable, err, fmt.Sprintf("The store %s could not be locked.", s.path))
		case !time.Now().Before(end):
			return rollout.Errorf(rollout.Unavailable, "%s is in use by another process%s: one Canarybot works on one "+
				"store. Stop the other one, or give this one a store.path of its own.", s.path, holder(file))
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
