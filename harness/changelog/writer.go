package changelog

/*
#include <stdlib.h>
#include "batch.h"
*/
import "C"

import (
	"context"
	"fmt"
	"time"
	"unsafe"

	"restorebench/stores"
)

// Writer writes one partition of a changelog topic, idempotently and with
// acks=all. It is the partition's only writer. One goroutine uses it.
type Writer struct {
	topic     string
	partition int32
	next      stores.Offset // behind the last acknowledged record
	client    *C.rb_client
	pending   []*C.rb_ticket
}

// NewWriter creates the writer of a partition and finds out where it ends, which
// takes at most timeout. Settings override LoadSettings.
//
// librdkafka asks for the producer id that idempotence needs half a second after
// the client was made, and half a second later again if it has no connection
// then; so the first batch waits that long, and the question for the end offset
// also makes the connection.
func NewWriter(bootstrap, topic string, partition int32, timeout time.Duration, overrides Settings) (*Writer, error) {
	c, err := newClient(bootstrap, topic, LoadSettings().with(bootstrap, overrides), true)
	if err != nil {
		return nil, err
	}
	_, end, err := endOffsets(c, topic, partition, timeout)
	if err != nil {
		C.rb_client_close(c)
		return nil, err
	}
	return &Writer{topic: topic, partition: partition, next: end, client: c}, nil
}

// Next is the changelog's offset behind the last acknowledged record.
func (w *Writer) Next() stores.Offset { return w.next }

// Ticket stands for a batch that was sent and is not yet known to be
// acknowledged.
type Ticket struct {
	t       *C.rb_ticket
	records int64
	next    stores.Offset // behind it, of a transaction's
}

// Send hands a batch to the producer, which copies it, and returns at once
// unless the producer's queue is full. Tickets are waited for in the order in
// which they were given out. librdkafka writes a timestamp of 0 as the current
// time.
func (w *Writer) Send(b *stores.Batch) (Ticket, error) {
	t := (*C.rb_ticket)(C.calloc(1, C.size_t(unsafe.Sizeof(C.rb_ticket{}))))
	t.last = -1
	w.pending = append(w.pending, t)
	ticket := Ticket{t: t, records: int64(b.Len())}
	if b.Len() == 0 {
		return ticket, nil
	}
	// An empty key or value needs an address too: a null pointer means null.
	if cap(b.Arena) == 0 {
		b.Arena = make([]byte, 0, 1)
	}
	var code C.int32_t
	C.rb_producer_send(w.client, C.int32_t(w.partition),
		(*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(b.Arena))),
		(*C.rb_entry)(unsafe.Pointer(unsafe.SliceData(b.Entries))),
		C.int32_t(b.Len()), t, &code)
	if code != 0 {
		return ticket, fmt.Errorf("write %s-%d: %w", w.topic, w.partition, codeError(code))
	}
	return ticket, nil
}

// Wait blocks until the broker has acknowledged every record of the ticket's
// batch, and returns the changelog's next offset behind that batch.
func (w *Writer) Wait(ctx context.Context, ticket Ticket) (stores.Offset, error) {
	for ticket.t.pending > 0 {
		if err := ctx.Err(); err != nil {
			return w.next, err
		}
		if code := C.rb_producer_wait(w.client, ticket.t, 100); code != 0 {
			return w.next, fmt.Errorf("write %s-%d: %w", w.topic, w.partition, codeError(code))
		}
	}
	if ticket.t.failed > 0 {
		return w.next, fmt.Errorf("write %s-%d: %d of %d records were not acknowledged: %w",
			w.topic, w.partition, int64(ticket.t.failed), ticket.records, codeError(ticket.t.err))
	}
	// A record that was retried may be acknowledged without its offset. The
	// writer is alone and idempotent, so its records lie side by side.
	w.next += stores.Offset(ticket.records)
	if last := ticket.t.last; last >= 0 {
		w.next = stores.Offset(last) + 1
	}
	w.release(ticket.t)
	return w.next, nil
}

func (w *Writer) release(t *C.rb_ticket) {
	for i, p := range w.pending {
		if p == t {
			w.pending = append(w.pending[:i], w.pending[i+1:]...)
			C.free(unsafe.Pointer(t))
			return
		}
	}
}

// Close gives records that are still on their way a moment to arrive, drops
// what remains and ends the producer. Closing twice does nothing.
func (w *Writer) Close() {
	if w.client == nil {
		return
	}
	C.rd_kafka_flush(w.client.rk, C.int((2 * time.Second).Milliseconds()))
	C.rd_kafka_purge(w.client.rk, 3) // queued and in flight
	C.rd_kafka_flush(w.client.rk, 1000)
	C.rb_client_close(w.client)
	w.client = nil
	// Only now can no acknowledgement refer to a ticket any more.
	for _, t := range w.pending {
		C.free(unsafe.Pointer(t))
	}
	w.pending = nil
}
