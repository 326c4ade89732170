//go:build !linux

package bolt

import "os"

// network cannot tell here.
func network(string) string { return "" }

// holder cannot tell here.
func holder(*os.File) string { return "" }
