package processor

import (
	"errors"
	"fmt"
	"syscall"
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

// advised says what to do about an error of the disk.
func advised(err error, stateDir string) error {
	h := ofDisk(err)
	if h == nil {
		return err
	}
	return fmt.Errorf("%w; "+h.advice, err, stateDir)
}
