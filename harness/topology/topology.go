package topology

import (
	"encoding/binary"
	"fmt"

	"restorebench/stores"
)

// Record is what a topology reads and emits. A nil value is Kafka's null.
type Record struct {
	Key, Value []byte
	Timestamp  int64 // ms
}

// Topology computes what a record of its input changes and emits. Its state is in
// the stores that it was made with.
type Topology interface {
	// Process changes the state and emits, in order, what is to be sent on at once. A
	// record that is dropped, because it came too late or has no key, emits nothing.
	Process(r Record, emit Emit) error
}

// Emit takes what a topology emits. The bytes are only borrowed.
type Emit func(Record) error

// The Put of the stores here tells whether the change is to be sent on now. It is not
// when a cache holds it back; the cache then sends it on itself, once it lets it go
// (TimestampedTupleForwarder, TimestampedCacheFlushListener).

// counted is a count and the latest timestamp that went into it. A store that
// keeps no timestamps returns 0 for it.
type counted struct {
	n         int64
	timestamp int64
}

// Counts are 8 bytes big-endian in stores and topics, as Kafka's LongSerializer
// writes them.

func encodeCount(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

func decodeCount(key, value []byte) (int64, error) {
	if len(value) != 8 {
		return 0, fmt.Errorf("%w: count of key %x has %d bytes (%x), want 8", stores.ErrLayout, key, len(value), value)
	}
	return int64(binary.BigEndian.Uint64(value)), nil
}

// counter reads what is there of a count and adds to it.
func counter(key, value []byte, timestamp int64) (counted, error) {
	if value == nil {
		return counted{}, nil
	}
	n, err := decodeCount(key, value)
	return counted{n, timestamp}, err
}

// plus adds to a count as Kafka Streams' aggregations do: the result is as new as
// the newest record in it.
func (c counted) plus(n, timestamp int64) counted {
	return counted{c.n + n, max(c.timestamp, timestamp)}
}
