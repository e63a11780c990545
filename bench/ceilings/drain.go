package ceilings

import (
	"context"

	"restorebench/harness/changelog"
	"restorebench/stores"
)

// nothing is a store that applies nothing.
type nothing struct{ stores.Store }

func (nothing) Apply(*stores.Batch) error { return nil }
func (nothing) Flush() error              { return nil }

// Drain is a restore through librdkafka with nothing applied: what the client library
// and the way into flat batches take.
func Drain(ctx context.Context, s Source) (Result, error) {
	s.Fetcher = changelog.FetcherLibrdkafka
	return drain(ctx, s)
}

// Fetch is a Restore with nothing applied, as the restore reads the topic: the ceiling of
// every store here.
func Fetch(ctx context.Context, s Source) (Result, error) { return drain(ctx, s) }

func drain(ctx context.Context, s Source) (Result, error) {
	into := make([]stores.Store, len(s.Spans))
	for i := range into {
		into[i] = nothing{}
	}
	return Restore(ctx, s, into)
}
