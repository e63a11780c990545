//go:build unix && !linux

package broker

import "syscall"

// childAttributes cannot tie the child's life to ours here: no such signal exists.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
