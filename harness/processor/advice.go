package processor

import (
	"errors"
	"fmt"
	"syscall"

	"restorebench/harness/changelog"
	"restorebench/harness/subject"
)

// hint is what to do about an error of the disk.
type hint struct {
	code   string // for the event protocol
	errnos []syscall.Errno
	advice string // of the state directory
}

var hints = []hint{
	{"disk_full", []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT}, "make room on the disk of %s, and start again: what was saved last is still good"},
	{"disk_read_only", []syscall.Errno{syscall.EROFS}, "make %s writable, and start again: what was saved last is still good"},
	{"disk_failed", []syscall.Errno{syscall.EIO}, "see to the disk of %s, and start again; on another one, without these files, the changelog is replayed"},
	{"no_access", []syscall.Errno{syscall.EACCES, syscall.EPERM}, "give this user access to %s, and start again"},
}

// ofDisk is nil for other errors.
func ofDisk(err error) *hint {
	for i, h := range hints {
		for _, errno := range h.errnos {
			if errors.Is(err, errno) {
				return &hints[i]
			}
		}
	}
	return nil
}

// advised says what to do about an error of the disk, and of a broker, which it names. (A connection may fail with an errno that a
// disk has, too, as where a firewall does not permit it.)
func advised(err error, task *subject.Task) error {
	switch h := ofDisk(err); {
	case errors.Is(err, changelog.ErrAway):
		return fmt.Errorf("%s: %w; see that it runs and can be reached from here, and start again: what was saved last is still good", task.Brokers, err)
	case errors.Is(err, changelog.ErrExpired):
		return fmt.Errorf("%s: %w; unless another processor has taken over, start again: what was saved last is still good", task.Brokers, err)
	case h != nil:
		return fmt.Errorf("%w; "+h.advice, err, task.StateDir)
	}
	return err
}
