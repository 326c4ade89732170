//go:build !unix

package bolt

import (
	"context"
	"os"
)

// lock leaves the locking to bbolt.
func (s *Store) lock(context.Context, *os.File) error { return nil }
