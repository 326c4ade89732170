//go:build !linux

package bolt

import "os"

// network returns empty: unknown on this system.
func network(string) string { return "" }

// holder returns empty: unknown on this system.
func holder(*os.File) string { return "" }
