package changelog

/*
#include <stdlib.h>
#include "batch.h"
*/
import "C"

import (
	"context"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"restorebench/stores"
)

// maxPoll is how many records one call takes out of librdkafka.
const maxPoll = 4096

// Reader reads the partitions of one changelog topic, without a consumer group.
type Reader struct {
	topic  string
	client *C.rb_client
}

// NewReader creates a reader for topic. It connects in the background; a broker
// that can't be reached shows in the first call that needs one. Settings
// override ReplaySettings.
func NewReader(bootstrap, topic string, overrides Settings) (*Reader, error) {
	c, err := newClient(bootstrap, topic, ReplaySettings().with(bootstrap, overrides), false)
	if err != nil {
		return nil, err
	}
	return &Reader{topic: topic, client: c}, nil
}

// Topic is the topic's name.
func (r *Reader) Topic() string { return r.topic }

// EndOffsets captures the first offset that exists and the end offset (the high
// watermark: the next offset to be written) of a partition.
func (r *Reader) EndOffsets(partition int32, timeout time.Duration) (begin, end stores.Offset, err error) {
	return endOffsets(r.client, r.topic, partition, timeout)
}

// Partition starts to fetch a partition from offset from on.
func (r *Reader) Partition(partition int32, from stores.Offset) (*PartitionReader, error) {
	errbuf := (*C.char)(C.calloc(1, errLen))
	defer C.free(unsafe.Pointer(errbuf))
	p := C.rb_partition_open(r.client, C.int32_t(partition), C.int64_t(from), maxPoll, errbuf, errLen)
	if p == nil {
		return nil, fmt.Errorf("read %s-%d: %s", r.topic, partition, C.GoString(errbuf))
	}
	return &PartitionReader{topic: r.topic, partition: partition, next: from, p: p}, nil
}

// Close ends the reader; its partitions must have been closed.
func (r *Reader) Close() {
	C.rb_client_close(r.client)
	r.client = nil
}

// ReadStats says where a PartitionReader's time went.
type ReadStats struct {
	Wait   time.Duration // for records to arrive
	Decode time.Duration // copying them into batches
}

// PartitionReader reads one partition in order. One goroutine uses it.
type PartitionReader struct {
	topic     string
	partition int32
	next      stores.Offset
	p         *C.rb_partition
	stats     ReadStats
	closeOnce sync.Once
}

// Read fills b, which it resets first, with the records that follow, all of them
// below stop, and sets b.Next. It returns as soon as there is something or the
// position has moved, and after wait at the latest; b may then be empty with an
// unchanged Next. The position can move without records: over transaction
// markers, aborted and compacted records. It reads at most cap(b.Entries) records
// and cap(b.Arena) bytes, and grows the arena only for a single record that is
// larger.
func (r *PartitionReader) Read(ctx context.Context, b *stores.Batch, stop stores.Offset, wait time.Duration) error {
	b.Reset()
	b.Partition = r.partition
	b.Next = r.next
	if err := ctx.Err(); err != nil {
		return err
	}
	fill := r.fill(b, stop, wait)
	if fill.need > 0 { // one record larger than the whole arena
		b.Arena = make([]byte, 0, int(fill.need))
		fill = r.fill(b, stop, wait)
	}
	b.Next = r.next
	if fill.err != 0 {
		return fmt.Errorf("read %s-%d at offset %d: %w", r.topic, r.partition, r.next, codeError(fill.err))
	}
	return nil
}

// fill makes the one call to C and adds what it brought to b.
func (r *PartitionReader) fill(b *stores.Batch, stop stores.Offset, wait time.Duration) C.rb_fill {
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

// Stats says where the time went so far.
func (r *PartitionReader) Stats() ReadStats { return r.stats }

// Close stops fetching.
func (r *PartitionReader) Close() {
	r.closeOnce.Do(func() { C.rb_partition_close(r.p) })
}

// NewBatch returns a batch with room for maxPoll records of up to 1 MiB together.
func NewBatch() *stores.Batch {
	return &stores.Batch{
		Arena:   make([]byte, 0, 1<<20),
		Entries: make([]stores.Entry, 0, maxPoll),
	}
}
