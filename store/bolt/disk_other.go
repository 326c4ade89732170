//go:build !linux

package bolt

import (
	"errors"
	"os"
)

// network returns empty: unknown on this system.
func network(string) string { return "" }

// holder returns empty: unknown on this system.
func holder(*os.File) string { return "" }

// dropCache does nothing: unknown on this system.
func dropCache(*os.File) error { return nil }

// statfs fails: unknown on this system.
func statfs(string) (volume, error) { return volume{}, errors.ErrUnsupported }

// allocate fails: unknown on this system.
func allocate(*os.File, int64, int64) error { return errors.ErrUnsupported }
