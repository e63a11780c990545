package ceilings

import (
	"context"
	"slices"
	"time"

	"restorebench/harness/workload"
	"restorebench/stores"
)

// The sizes of prepared batches.
const (
	// OwnBatch is how many records the changelog reader takes at a time.
	OwnBatch = 4096
	// KafkaStreamsBatch is how many records Kafka Streams restores at a time: one poll's
	// (max.poll.records of KafkaConsumer, which StreamsConfig sets to 1000 too).
	KafkaStreamsBatch = 1000
)

// arenaBytes is the most that a prepared batch holds, as one of the changelog reader.
const arenaBytes = 1 << 20

// Prepare returns the records of a load in batches of up to perBatch records and 1 MiB.
// They hold keys, values and 32 bytes for each record.
func Prepare(w workload.Spec, perBatch int) []*stores.Batch {
	scratch := stores.Batch{Arena: make([]byte, 0, arenaBytes), Entries: make([]stores.Entry, 0, perBatch)}
	var batches []*stores.Batch
	next := stores.Offset(0)
	for i := int64(0); i < w.Load(); {
		scratch.Reset()
		scratch.Next = next
		i = w.Append(&scratch, i, w.Load())
		next = scratch.Next
		batches = append(batches, &stores.Batch{
			Partition: w.Partition, Next: next,
			Arena: slices.Clone(scratch.Arena), Entries: slices.Clone(scratch.Entries),
		})
	}
	return batches
}

// Apply applies prepared batches to one store per partition, side by side, and
// makes them durable: the ceiling of a store, with no Kafka. The stores belong to
// the caller.
func Apply(ctx context.Context, into []stores.Store, batches [][]*stores.Batch) (Result, error) {
	var done tally
	start := time.Now()
	err := sideBySide(ctx, len(into), func(ctx context.Context, i int) error {
		for _, b := range batches[i] {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := into[i].Apply(b); err != nil {
				return err
			}
			done.add(int64(b.Len()), b.Bytes())
		}
		return into[i].Flush()
	})
	return done.result(start), err
}
