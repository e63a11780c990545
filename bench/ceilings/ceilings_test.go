package ceilings

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

func TestWhileMoving(t *testing.T) {
	var count atomic.Int64
	ctx, stop := whileMoving(t.Context(), 200*time.Millisecond, &count)
	defer stop()
	for range 20 { // twice the limit
		count.Add(1)
		time.Sleep(20 * time.Millisecond)
	}
	if err := context.Cause(ctx); err != nil {
		t.Fatalf("%v while records arrived", err)
	}
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, ErrStalled) {
		t.Errorf("%v, want ErrStalled", err)
	}
}

// The first error ends the others and is the one that is returned.
func TestSideBySide(t *testing.T) {
	bad := errors.New("bad")
	err := sideBySide(t.Context(), 3, func(ctx context.Context, i int) error {
		if i == 1 {
			return bad
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, bad) {
		t.Errorf("%v, want the first error", err)
	}
}
