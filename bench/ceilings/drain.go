package ceilings

import (
	"context"

	"restorebench/stores"
)

// nothing is a store that applies nothing.
type nothing struct{ stores.Store }

func (nothing) Apply(*stores.Batch) error { return nil }
func (nothing) Flush() error              { return nil }

// Drain is a Restore with nothing applied: what is left is librdkafka and the way into
// flat batches. It is the ceiling of every store here.
func Drain(ctx context.Context, s Source) (Result, error) {
	into := make([]stores.Store, len(s.Spans))
	for i := range into {
		into[i] = nothing{}
	}
	return Restore(ctx, s, into)
}
