//go:build unix && !linux

package child

import "syscall"

// Attributes are those of a child process in a group of its own. Its life can't be
// tied to ours here: no such signal exists.
func Attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
