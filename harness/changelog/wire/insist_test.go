package wire_test

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"restorebench/harness/changelog/wire"
)

// late is a context that learns of its deadline later than others do.
type late struct {
	context.Context
	deadline time.Time
}

func (l late) Deadline() (time.Time, bool) { return l.deadline, true }

// Why a broker can't be reached is not that the last try was cut short.
func TestLastTryIsCutShort(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	l := late{ctx, time.Now().Add(100 * time.Millisecond)}
	err := wire.Insist(l, func(again bool) error {
		if !again {
			return syscall.ECONNREFUSED
		}
		time.Sleep(time.Until(l.deadline))
		return os.ErrDeadlineExceeded
	})
	if !errors.Is(err, wire.ErrAway) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v, want that the connection was refused", err)
	}
}
