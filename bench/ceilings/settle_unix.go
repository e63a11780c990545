//go:build unix

package ceilings

import "golang.org/x/sys/unix"

// settle waits until what was written to files is on the disk.
func settle() { unix.Sync() }
