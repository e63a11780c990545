// Package keyvalue is Kafka Streams' key-value stores, live and restored, over any
// engine: KeyValue, TimestampedKeyValue, and the LRU map.
//
//	type                 in Stores                                        a value, as Get and Range give it
//	KeyValue             inMemoryKeyValueStore, persistentKeyValueStore   value
//	TimestampedKeyValue  persistentTimestampedKeyValueStore               timestamp(8) value
//	LRU map              lruMap                                           value
//
// All of them log key, value and record timestamp
// (ChangeLoggingKeyValueBytesStore, ChangeLoggingTimestampedKeyValueBytesStore).
package keyvalue

import (
	"errors"
	"fmt"

	"restorebench/stores"
	"restorebench/stores/format"
	"restorebench/stores/timestamped"
)

var errNilKey = errors.New("keyvalue: the key is nil")

// KeyValue is a key-value store: the stores.Store that a restore fills, and the live
// reads and writes. Live writes count as the one writer that stores.Store allows:
// they never run concurrently with each other, nor with reads.
//
// A live write changes the store at once and leaves its offset where it is; see
// stores.Log.
type KeyValue struct {
	stores.Ordered
	log   stores.Log
	write func(b *stores.Batch) error // a live write, one record
	batch stores.Batch                // it, reused
}

// Open opens the plain store called name in space, or creates it. log may be nil,
// for a store without a changelog. Its errors wrap stores.ErrLayout when the space holds
// another type, as far as that can be told, and are else those of the space.
func Open(space stores.Space, name string, log stores.Log) (*KeyValue, error) {
	rows, err := open(space, name)
	if err != nil {
		return nil, err
	}
	return live(rows, rows.Apply, log), nil
}

func live(rows stores.Ordered, write func(*stores.Batch) error, log stores.Log) *KeyValue {
	if log == nil {
		log = func([]byte, []byte, int64) {}
	}
	return &KeyValue{Ordered: rows, write: write, log: log}
}

func open(space stores.Space, name string) (stores.Ordered, error) {
	if err := format.Alone(space, name); err != nil {
		return nil, fmt.Errorf("keyvalue: %w", err)
	}
	rows, err := space.Open(name)
	if err != nil {
		return nil, err
	}
	ordered, ok := rows.(stores.Ordered)
	if !ok {
		return nil, errors.Join(fmt.Errorf("keyvalue: %s: engine %T neither iterates backwards nor counts", name, rows), rows.Close())
	}
	return ordered, nil
}

// Put writes a record and logs it; a nil value deletes the key. The timestamp is the
// record's, in milliseconds since the epoch. A plain store keeps it in the changelog
// only.
func (s *KeyValue) Put(key, value []byte, timestamp int64) error {
	if key == nil {
		return errNilKey
	}
	next, _ := s.Offset()
	s.batch.Reset()
	if !s.batch.Append(key, value, timestamp, next) {
		return fmt.Errorf("keyvalue: a record of %d bytes is too large, want a value of less than 2 GiB, and less than 4 GiB with its key", len(key)+len(value))
	}
	s.batch.Next = next
	if err := s.write(&s.batch); err != nil {
		return err
	}
	s.log(key, value, timestamp)
	return nil
}

// PutIfAbsent writes and logs a record unless the key has a value, which it returns
// as Get does.
func (s *KeyValue) PutIfAbsent(key, value []byte, timestamp int64) (previous []byte, err error) {
	if previous, err = s.Get(key); err != nil || previous != nil {
		return previous, err
	}
	return nil, s.Put(key, value, timestamp)
}

// Delete removes a key, logs that even when it is absent, and returns its value as
// Get does.
func (s *KeyValue) Delete(key []byte, timestamp int64) (previous []byte, err error) {
	if previous, err = s.Get(key); err != nil {
		return nil, err
	}
	return previous, s.Put(key, nil, timestamp)
}

// PrefixScan iterates in byte order over the keys that begin with prefix.
func (s *KeyValue) PrefixScan(prefix []byte) stores.Iterator {
	return s.Range(prefix, behind(prefix))
}

// behind is the first key after all that begin with prefix, nil when there is none.
func behind(prefix []byte) []byte {
	for n := len(prefix); n > 0; n-- {
		if prefix[n-1] != 0xff {
			end := append([]byte{}, prefix[:n]...)
			end[n-1]++
			return end
		}
	}
	return nil
}

// TimestampedKeyValue is a KeyValue that keeps each record's timestamp: Get, Range
// and the others return `timestamp(8) value` (TimestampedBytesStore). In RocksDB the
// records are in the column family rocks.TimestampedFamily, which is an option of the
// space.
type TimestampedKeyValue struct{ *KeyValue }

// OpenTimestamped is Open for a timestamped store. Reads return an error that wraps
// stores.ErrLayout for a value that is too short for its timestamp.
func OpenTimestamped(space stores.Space, name string, log stores.Log) (*TimestampedKeyValue, error) {
	rows, err := open(space, name)
	if err != nil {
		return nil, err
	}
	rows = timestamped.New(name, rows)
	return &TimestampedKeyValue{live(rows, rows.Apply, log)}, nil
}

// GetWithTimestamp returns the value of key and its timestamp, a nil value when the
// key is absent.
func (s *TimestampedKeyValue) GetWithTimestamp(key []byte) (value []byte, timestamp int64, err error) {
	return format.GetTimestamped(s.Get, key)
}
