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

// advised says what to do about an error that a processor ends with, where there is something; the advice fits the error's code. Of a
// broker it names the address. (A connection may fail with an errno that a disk has, too, as where a firewall does not permit it.)
func advised(err error, task *subject.Task) error {
	switch code(err) {
	case "locked":
		return fmt.Errorf("%w; end that process, or take another state directory than %s, and start again", err, task.StateDir)
	case "corrupt":
		return fmt.Errorf("%w; remove the directories 0_* in %s, and start again: the changelog is replayed", err, task.StateDir)
	case "open_transaction": // which says how to end it
		return fmt.Errorf("%w; then start again: what was saved last is still good", err)
	case "fenced":
		if errors.Is(err, changelog.ErrExpired) {
			return fmt.Errorf("%s: %w; unless another processor has taken over, start again: what was saved last is still good", task.Brokers, err)
		}
		return fmt.Errorf("%w; that one goes on with the work: once it has ended, start again: what was saved last is still good", err)
	case "broker_away":
		return fmt.Errorf("%s: %w; see that it runs and can be reached from here, and start again: what was saved last is still good", task.Brokers, err)
	}
	if h := ofDisk(err); h != nil {
		return fmt.Errorf("%w; "+h.advice, err, task.StateDir)
	}
	return err
}
