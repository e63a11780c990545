package changelog

/*
#include <stdlib.h>
#include "batch.h"
*/
import "C"

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"restorebench/harness/changelog/wire"
	"restorebench/stores"
)

// maxPoll is how many records one call takes out of librdkafka.
const maxPoll = 4096

// libReader is a Reader through librdkafka.
type libReader struct {
	topic    string
	settings Settings
	client   *C.rb_client
}

func newLibReader(bootstrap, topic string, overrides Settings) (*libReader, error) {
	settings := ReplaySettings().with(bootstrap, overrides)
	c, err := newClient(bootstrap, topic, settings, false)
	if err != nil {
		return nil, err
	}
	return &libReader{topic: topic, settings: settings, client: c}, nil
}

func (r *libReader) Fetcher() string { return FetcherLibrdkafka }

func (r *libReader) Topic() string { return r.topic }

// admin is a client for what the thin layer of C does not know, over a connection of its own.
func (r *libReader) admin() (*Admin, error) { return newAdmin(r.settings) }

func (r *libReader) Identity(timeout time.Duration) (Identity, error) {
	admin, err := r.admin()
	if err != nil {
		return Identity{}, err
	}
	defer admin.Close()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	d, err := admin.describe(ctx, r.topic)
	if err != nil {
		return Identity{}, unanswered(err)
	}
	id := binary.BigEndian.AppendUint64(nil, uint64(d.TopicID.GetMostSignificantBits()))
	id = binary.BigEndian.AppendUint64(id, uint64(d.TopicID.GetLeastSignificantBits()))
	return wire.IdentityOf(id, len(d.Partitions)), nil
}

func (r *libReader) KeepsTombstones(timeout time.Duration) (ms int64, err error) {
	admin, err := r.admin()
	if err != nil {
		return 0, err
	}
	defer admin.Close()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	policy, err := admin.Config(ctx, r.topic, wire.CleanupPolicy)
	if err != nil {
		return 0, unanswered(err)
	}
	retention, err := admin.Config(ctx, r.topic, wire.DeleteRetention)
	if err != nil {
		return 0, unanswered(err)
	}
	return wire.Kept(policy, retention)
}

// EndOffsets is given the last stable offset as the end by librdkafka, if only committed records are read: an open
// transaction is waited for, as the wire does.
func (r *libReader) EndOffsets(partition int32, timeout time.Duration) (begin, end stores.Offset, err error) {
	deadline := time.Now().Add(timeout)
	begin, stable, err := endOffsets(r.client, r.topic, partition, timeout)
	if err != nil || r.settings[isolationLevel] != readCommitted {
		return begin, stable, err
	}
	if end, err = r.highWatermark(partition, deadline); err != nil {
		return 0, 0, err
	}
	for answered := time.Now(); stable < end; {
		time.Sleep(leaderPause)
		var now stores.Offset
		begin, now, err = endOffsets(r.client, r.topic, partition, time.Until(deadline))
		switch {
		case time.Now().After(deadline) && (err == nil || time.Since(answered) < wire.AnswerLimit):
			return 0, 0, fmt.Errorf("end offset of %s-%d: %w", r.topic, partition,
				wire.OpenTransaction(r.settings["bootstrap.servers"], r.topic, partition, stable, end)) // librdkafka does not know the questions
		case err != nil:
			return 0, 0, err
		}
		stable, answered = now, time.Now()
	}
	return begin, end, nil
}

func (r *libReader) highWatermark(partition int32, deadline time.Time) (stores.Offset, error) {
	admin, err := r.admin()
	if err != nil {
		return 0, err
	}
	defer admin.Close()
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	at := kafka.TopicPartition{Topic: &r.topic, Partition: partition}
	res, err := admin.client.ListOffsets(ctx, map[kafka.TopicPartition]kafka.OffsetSpec{at: kafka.LatestOffsetSpec},
		kafka.SetAdminIsolationLevel(kafka.IsolationLevelReadUncommitted))
	if err != nil {
		return 0, fmt.Errorf("end offset of %s-%d: %w", r.topic, partition, unanswered(err))
	}
	for _, info := range res.ResultInfos { // of the one partition
		if info.Error.Code() != kafka.ErrNoError {
			return 0, fmt.Errorf("end offset of %s-%d: %w", r.topic, partition, unanswered(info.Error))
		}
		return stores.Offset(info.Offset), nil
	}
	return 0, fmt.Errorf("end offset of %s-%d: the broker did not answer for it", r.topic, partition)
}

func (r *libReader) Partition(partition int32, from stores.Offset) (PartitionReader, error) {
	errbuf := (*C.char)(C.calloc(1, errLen))
	defer C.free(unsafe.Pointer(errbuf))
	p := C.rb_partition_open(r.client, C.int32_t(partition), C.int64_t(from), maxPoll, errbuf, errLen)
	if p == nil {
		return nil, fmt.Errorf("read %s-%d: %s", r.topic, partition, C.GoString(errbuf))
	}
	return &libPartition{topic: r.topic, partition: partition, next: from, p: p}, nil
}

func (r *libReader) Close() {
	C.rb_client_close(r.client)
	r.client = nil
}

// libPartition is a PartitionReader through librdkafka.
type libPartition struct {
	topic     string
	partition int32
	next      stores.Offset
	p         *C.rb_partition
	stats     ReadStats
	closeOnce sync.Once
}

// Read copies at most cap(b.Entries) records and cap(b.Arena) bytes, and grows the arena
// only for a single record that is larger.
func (r *libPartition) Read(ctx context.Context, b *stores.Batch, stop stores.Offset, wait time.Duration) error {
	b.Reset()
	b.Partition = r.partition
	b.Next = r.next
	if err := ctx.Err(); err != nil || r.next >= stop {
		return err
	}
	fill := r.fill(b, stop, wait)
	if fill.need > 0 { // one record larger than the whole arena
		b.Arena = make([]byte, 0, int(fill.need))
		fill = r.fill(b, stop, wait)
	}
	r.stats.Holes += max(int64(r.next-b.Next)-int64(b.Len())-b.NullKeys, 0)
	b.Next = r.next
	if fill.err != 0 {
		return fmt.Errorf("read %s-%d at offset %d: %w", r.topic, r.partition, r.next, codeError(fill.err))
	}
	return nil
}

// fill makes the one call to C and adds what it brought to b.
func (r *libPartition) fill(b *stores.Batch, stop stores.Offset, wait time.Duration) C.rb_fill {
	if cap(b.Arena) == 0 || cap(b.Entries) == 0 {
		*b = *NewBatch()
		b.Partition, b.Next = r.partition, r.next
	}
	var out C.rb_fill
	C.rb_partition_fill(r.p, C.int64_t(stop), C.int(wait.Milliseconds()),
		(*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(b.Arena[:cap(b.Arena)]))), C.uint32_t(min(cap(b.Arena), 1<<31)),
		(*C.rb_entry)(unsafe.Pointer(unsafe.SliceData(b.Entries[:cap(b.Entries)]))), C.int32_t(cap(b.Entries)), &out)
	b.Arena = b.Arena[:out.bytes]
	b.Entries = b.Entries[:out.records]
	b.NullKeys += int64(out.null_keys)
	if out.next >= 0 {
		r.next = stores.Offset(out.next)
	}
	r.stats.Wait += time.Duration(out.wait_ns)
	r.stats.Decode += time.Duration(out.decode_ns)
	return out
}

func (r *libPartition) Stats() ReadStats { return r.stats }

func (r *libPartition) Close() {
	r.closeOnce.Do(func() { C.rb_partition_close(r.p) })
}

// NewBatch returns a batch with room for maxPoll records of up to 1 MiB together.
func NewBatch() *stores.Batch {
	return &stores.Batch{
		Arena:   make([]byte, 0, 1<<20),
		Entries: make([]stores.Entry, 0, maxPoll),
	}
}
