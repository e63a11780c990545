package trial

import (
	"context"
	"errors"
	"testing"
	"time"

	"restorebench/harness/spec"
	"restorebench/harness/workload"
)

// The model of many keys takes longer than anybody waits for an interrupted run.
func TestModelIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	specs := []workload.Spec{workload.New(1, 0, 1, 2_000_000, 16, 100, 1, 0, 0)}
	var c modelCache
	if _, err := c.get(ctx, spec.StoreMemory, specs); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want an interruption", err)
	}
}
