package ceilings

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"restorebench/harness/changelog"
	"restorebench/stores"
)

// Wire reads the fetch responses off the socket and looks at the headers of their
// record batches only: nothing is decompressed, no record is touched, no checksum
// computed. No client can be faster with one connection per partition. Bytes are those of the
// responses, as compressed as the topic is. Records are those that the restore would
// get: no markers, and under read_committed none of aborted transactions.
//
// One request is under way per connection: the position behind a response is only
// known at its end. The pause costs little, since the broker writes a response while we
// read it; see fetchBytes.
func Wire(ctx context.Context, s Source) (Result, error) {
	var partitions []int32
	for _, span := range s.Spans {
		partitions = append(partitions, span.Partition)
	}
	addresses, err := leaders(ctx, s.Brokers, s.Topic, partitions)
	if err != nil {
		return Result{}, because(ctx, err)
	}
	var fetchers []*fetcher
	defer func() {
		for _, f := range fetchers {
			f.conn.Close()
		}
	}()
	for i, span := range s.Spans {
		f, err := newFetcher(ctx, addresses[i], s, span)
		if err != nil {
			return Result{}, because(ctx, fmt.Errorf("wire: %w", err))
		}
		fetchers = append(fetchers, f)
	}
	var done tally
	start := time.Now()
	err = sideBySide(ctx, len(fetchers), func(ctx context.Context, i int) error { return fetchers[i].run(ctx, &done) })
	return done.result(start), err
}

// fetcher reads one span over one connection.
type fetcher struct {
	conn *conn
	span changelog.Span
	req  *kmsg.FetchRequest
	resp kmsg.FetchResponse
}

// fetchBytes is what one request asks for. Medians of 5 on 2 cores with a local broker,
// in million records of 116 B a second: 256 KiB 6.5, 1 MiB 6.3, 4 MiB 10.4, 16 MiB 15.1,
// 50 MiB 14.0. Less costs round trips, more falls out of the processor's caches.
const fetchBytes = 16 << 20

func newFetcher(ctx context.Context, address string, s Source, span changelog.Span) (*fetcher, error) {
	c, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	if err := c.checkVersions(); err != nil {
		c.Close()
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	f := &fetcher{conn: c, span: span, req: kmsg.NewPtrFetchRequest()}
	f.req.Version = fetchVersion
	f.req.MaxWaitMillis, f.req.MinBytes, f.req.MaxBytes = 500, 1, fetchBytes
	if s.Consumer["isolation.level"] == "read_committed" { // ReplaySettings has the other one
		f.req.IsolationLevel = 1
	}
	partition := kmsg.NewFetchRequestTopicPartition()
	partition.Partition, partition.PartitionMaxBytes = span.Partition, fetchBytes
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.Partitions = s.Topic, append(topic.Partitions, partition)
	f.req.Topics = append(f.req.Topics, topic)
	return f, nil
}

// run fetches until the position reaches the span's end.
func (f *fetcher) run(ctx context.Context, done *tally) error {
	at, moved := f.span.From, time.Now()
	for at < f.span.To && ctx.Err() == nil {
		next, err := f.step(at, done)
		switch {
		case err != nil:
		case next > at:
			at, moved = next, time.Now()
		case time.Since(moved) > stallLimit:
			err = fmt.Errorf("%w: nothing came for %v", ErrStalled, stallLimit)
		}
		if err != nil {
			return fmt.Errorf("wire: %s-%d at offset %d: %w", f.req.Topics[0].Topic, f.span.Partition, at, err)
		}
	}
	return nil
}

// step fetches once and returns the position behind it.
func (f *fetcher) step(at stores.Offset, done *tally) (next stores.Offset, err error) {
	part, bytes, err := f.fetch(at)
	if err != nil {
		return at, err
	}
	w := walk{span: f.span, aborted: abortedIn(part)}
	next, err = w.batches(part.RecordBatches, at)
	done.add(w.records, bytes)
	return next, err
}

// fetch asks for what follows offset at.
func (f *fetcher) fetch(at stores.Offset) (*kmsg.FetchResponseTopicPartition, int64, error) {
	f.req.Topics[0].Partitions[0].FetchOffset = int64(at)
	bytes, err := f.conn.ask(f.req, &f.resp)
	if err != nil {
		return nil, 0, err
	}
	if err := kerr.ErrorForCode(f.resp.ErrorCode); err != nil {
		return nil, 0, err
	}
	if len(f.resp.Topics) != 1 || len(f.resp.Topics[0].Partitions) != 1 {
		return nil, 0, fmt.Errorf("a response of %d topics", len(f.resp.Topics))
	}
	p := &f.resp.Topics[0].Partitions[0]
	if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
		return nil, 0, err
	}
	if p.HighWatermark < int64(f.span.To) {
		return nil, 0, fmt.Errorf("the partition ends at %d, before %d", p.HighWatermark, f.span.To)
	}
	return p, bytes, nil
}
