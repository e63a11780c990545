//go:build unix

package memory

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"restorebench/internal/lockholder"
	"restorebench/stores"
)

// lockFile makes and locks a file, until it is closed or the process ends. The error
// wraps stores.ErrLocked while another one has it.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("memory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = fmt.Errorf("%w%s", stores.ErrLocked, lockholder.Of(path))
		}
		return nil, errors.Join(fmt.Errorf("memory: lock %s: %w", path, err), f.Close())
	}
	return f, nil
}
