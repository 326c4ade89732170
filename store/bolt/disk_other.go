//go:build !linux

package bolt

import "os"

// network returns empty: unknown on this system.
func network(string) string { return "" }

// holder returns empty: unknown on this system.
func holder(*os.File) string { return "" }

// dropCache does nothing: unknown on this system.
func dropCache(*os.File) error { return nil }
