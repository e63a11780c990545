package child

import "syscall"

// Attributes are those of a child process in a group of its own, so that a
// terminal's Ctrl-C is ours to handle and a kill reaches all that it starts. It
// dies with us in any case.
func Attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
