//go:build !unix

package bolt

import (
	"context"
	"os"
)

// lockDir, lock, tryLock and unlock leave the locking to bbolt.
func (s *Store) lockDir(context.Context) error        { return nil }
func (s *Store) lock(context.Context, *os.File) error { return nil }
func (s *Store) tryLock(*os.File) error               { return nil }
func unlock(*os.File) error                           { return nil }

// named returns true: unknown on this system.
func named(os.FileInfo) bool { return true }
