package subject

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// lastWords reads a pipe that we hold open for writing too, so that it has no end. Once the deadline that is set behind the process's
// death is over, it reads what is there and ends. Whoever reads may be late by then: a deadline that is over keeps it from what
// is in the pipe, and with it from why the process ended.
type lastWords struct {
	pipe *os.File
	over bool
}

func (l *lastWords) Read(b []byte) (n int, err error) {
	if !l.over {
		n, err = l.pipe.Read(b)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		l.over = true
	}
	if err := l.pipe.SetReadDeadline(time.Time{}); err != nil {
		return 0, err
	}
	raw, err := l.pipe.SyscallConn()
	if err != nil {
		return 0, err
	}
	err = raw.Read(func(fd uintptr) bool {
		n, _ = syscall.Read(int(fd), b) // EAGAIN when nothing is there
		return true
	})
	if err == nil && n <= 0 {
		return 0, io.EOF
	}
	return max(n, 0), err
}
