//go:build unix

package child

import (
	"os/exec"
	"sync"
	"syscall"
)

// private is a umask under which nobody else can read what a process makes.
const private = 0o077

var forking sync.Mutex

// Start starts a process whose files are for its user only: directories 0700, files 0600, whatever program it is. The umask that it
// inherits is ours for the moment of its creation; ours is the user's, by which results are made.
func Start(cmd *exec.Cmd) error {
	forking.Lock()
	defer forking.Unlock()
	defer syscall.Umask(syscall.Umask(private))
	return cmd.Start()
}
