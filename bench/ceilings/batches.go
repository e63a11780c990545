package ceilings

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"restorebench/harness/changelog"
	"restorebench/stores"
)

// walk goes over the record batches of one response and counts the data records
// that lie in a span.
type walk struct {
	span    changelog.Span
	aborted aborted
	records int64
}

// Layout of a record batch (DefaultRecordBatch in Kafka's clients).
const (
	lengthAt    = 8  // int32, bytes that follow it
	magicAt     = 16 // int8
	batchHeader = 61 // bytes before the first record

	transactional = 1 << 4 // attributes
	control       = 1 << 5
)

// batches counts what is in raw and returns the position behind it. A batch that the
// response's size has cut off is left to the next one.
func (w *walk) batches(raw []byte, at stores.Offset) (next stores.Offset, err error) {
	for len(raw) >= batchHeader {
		if magic := raw[magicAt]; magic != 2 {
			return at, fmt.Errorf("record batch of format %d; only 2 is known", magic)
		}
		size := int64(lengthAt+4) + int64(int32(binary.BigEndian.Uint32(raw[lengthAt:])))
		if size < batchHeader {
			return at, fmt.Errorf("record batch of %d bytes", size)
		}
		if size > int64(len(raw)) {
			return at, nil
		}
		var b kmsg.RecordBatch
		if err := b.ReadFrom(raw[:size]); err != nil {
			return at, fmt.Errorf("record batch: %w", err)
		}
		if err := w.count(&b, raw[:size]); err != nil {
			return at, err
		}
		at = max(at, stores.Offset(b.FirstOffset)+stores.Offset(b.LastOffsetDelta)+1)
		raw = raw[size:]
	}
	return at, nil
}

// count adds the records of one batch that are data and in the span.
func (w *walk) count(b *kmsg.RecordBatch, raw []byte) error {
	if b.Attributes&control != 0 {
		w.aborted.marker(b.ProducerID, b.FirstOffset)
		return nil
	}
	if b.Attributes&transactional != 0 && w.aborted.covers(b.ProducerID, b.FirstOffset) {
		return nil
	}
	first, last := stores.Offset(b.FirstOffset), stores.Offset(b.FirstOffset)+stores.Offset(b.LastOffsetDelta)
	from, to := max(first, w.span.From), min(last+1, w.span.To)
	switch {
	case from >= to:
	case from == first && to == last+1:
		w.records += int64(b.NumRecords)
	case b.NumRecords == b.LastOffsetDelta+1: // an offset each
		w.records += int64(to - from)
	default:
		n, err := countBetween(raw, from, to)
		w.records += n
		return err
	}
	return nil
}

// countBetween decodes a batch that compaction has made holes in and that an end of the span
// cuts: only its records tell how many are on this side. There are two of these
// at most.
func countBetween(raw []byte, from, to stores.Offset) (n int64, err error) {
	part := kmsg.NewFetchResponseTopicPartition()
	part.RecordBatches = raw
	got, _ := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Offset: int64(from)}, &part, kgo.DefaultDecompressor(), nil)
	for _, r := range got.Records {
		if r.Offset < int64(to) {
			n++
		}
	}
	if got.Err != nil {
		return 0, errors.Join(errors.New("decode a record batch"), got.Err)
	}
	return n, nil
}

// aborted are the aborted transactions of one response: the offsets where they begin,
// by producer, in order. The broker only lists them under read_committed.
type aborted map[int64][]int64

func abortedIn(p *kmsg.FetchResponseTopicPartition) aborted {
	a := aborted{}
	for _, t := range p.AbortedTransactions {
		a[t.ProducerID] = append(a[t.ProducerID], t.FirstOffset)
	}
	return a
}

// covers tells whether a producer's transactional batch is part of an aborted
// transaction.
func (a aborted) covers(producer, offset int64) bool {
	begins := a[producer]
	return len(begins) > 0 && begins[0] <= offset
}

// marker ends a producer's present transaction. One that was committed is not listed:
// it ends before the next aborted one begins.
func (a aborted) marker(producer, offset int64) {
	if a.covers(producer, offset) {
		a[producer] = a[producer][1:]
	}
}
