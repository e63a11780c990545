// Package versioned is Kafka Streams' VersionedKeyValueStore (KIP-889,
// RocksDBVersionedStore), live and restored, over any engine: of each key the latest
// value and those that were valid within a history, with the time from which each
// was.
//
// All is in one byte store, under `segmentId(8) key`. Segment -1 holds the latest
// values, `timestamp(8) value`. A value that was replaced or deleted moves to the
// segment of the time when it ended, time / Interval, where all versions of a key
// share a row; see row.go. Segments whose end lies before the history are deleted.
//
// # Where it differs from Kafka Streams 4.3
//
// The rows and the changelog are the same byte for byte, but:
//
//   - The stream time observed so far is kept, in segment -2, and segments are found
//     again after opening. Kafka Streams forgets both with the process: it finds no
//     old version then, and a record of the changelog that it had refused for being
//     late is taken when it is read again.
//   - Restoring takes record by record, each at the stream time of its own moment,
//     so that the bytes are those that live writes leave, in whatever batches they
//     come. Kafka Streams advances the time to the batch's end first, and then skips
//     tombstones that will have expired, and with it what they keep away: a late
//     value that they had deleted comes back as the latest one.
//   - History sees versions that were valid in its range and ended after it. Kafka
//     Streams looks for them in segments up to the range's end only, and misses those
//     in later ones. It returns versions beyond the history too, until their segment
//     is deleted.
//
// One thing is kept as it is there: a tombstone with the very timestamp of the latest
// value removes it and leaves no trace, unless another version ended at that time. A
// value that comes late then is the latest one. Written again over the same state, as
// after a kill between write and commit, such a tombstone finds no value, and stays.
package versioned

import (
	"errors"
	"fmt"

	"restorebench/stores"
	"restorebench/stores/format"
)

var errNilKey = errors.New("the key is nil")

// Options says what a store keeps. All times are milliseconds.
type Options struct {
	// History is how long after the end of its validity a version can be read, and how
	// late a record may come, in stream time: from 0 on.
	History int64
	// SegmentInterval is how much time shares a row and is deleted together; 0 for
	// Kafka Streams' choice, which Interval tells. It can't change from one opening to
	// the next.
	SegmentInterval int64
}

// Interval is the segment interval that Kafka Streams chooses for a history, both in
// milliseconds (Stores.persistentVersionedKeyValueStore).
func Interval(history int64) int64 {
	const second, minute = 1000, 60 * 1000
	switch {
	case history <= minute:
		return max(history/3, 2*second)
	case history <= 5*minute:
		return max(history/5, 20*second)
	case history <= 60*minute:
		return max(history/12, minute)
	}
	return max(history/24, 5*minute)
}

// Store is a versioned store: the stores.Store that a restore fills, and the live
// reads and writes. Live writes count as the one writer that stores.Store allows.
// They change the store at once and leave its offset where it is; see stores.Log.
//
// As a stores.Store it shows all versions within the history; see Range.
type Store struct {
	name     string
	history  int64
	interval int64
	rows     stores.Store
	log      stores.Log
	buffer   buffer

	time      int64   // observed stream time, -1 before the first record
	savedTime int64   // as the engine has it
	segments  []int64 // that may hold rows, ascending, all live
	unswept   bool    // the engine holds rows of expired segments
	scratch   [2]row
}

var _ stores.Store = (*Store)(nil)

// Open opens the store called name in space, or creates it. log may be nil, for a
// store without a changelog. The error wraps stores.ErrLayout where the bytes there
// are not those of a versioned store with this segment interval, as far as a row of
// each segment tells.
//
// In a store that Kafka Streams wrote, all rows are read once, for the stream time.
func Open(space stores.Space, name string, o Options, log stores.Log) (*Store, error) {
	if o.History < 0 || o.SegmentInterval < 0 {
		return nil, fmt.Errorf("versioned: %s: a history of %d ms and a segment interval of %d ms, want both from 0 on",
			name, o.History, o.SegmentInterval)
	}
	if o.SegmentInterval == 0 {
		o.SegmentInterval = Interval(o.History)
	}
	if log == nil {
		log = func([]byte, []byte, int64) {}
	}
	if err := format.Alone(space, name); err != nil {
		return nil, fmt.Errorf("versioned: %w", err)
	}
	rows, err := space.Open(name)
	if err != nil {
		return nil, err
	}
	s := &Store{name: name, history: o.History, interval: o.SegmentInterval, rows: rows, log: log, time: -1, savedTime: -1}
	s.buffer.init(rows)
	if err := s.discover(); err != nil {
		return nil, errors.Join(s.wrap(err), rows.Close())
	}
	return s, nil
}

// wrap says where an error is from.
func (s *Store) wrap(err error) error {
	if err == nil {
		return nil
	}
	if s.name == "" {
		return fmt.Errorf("versioned: %w", err)
	}
	return fmt.Errorf("versioned: %s: %w", s.name, err)
}

// Offset is the engine's.
func (s *Store) Offset() (stores.Offset, bool) { return s.rows.Offset() }

// Flush is the engine's.
func (s *Store) Flush() error { return s.rows.Flush() }

// Close closes the engine.
func (s *Store) Close() error { return s.rows.Close() }

// StreamTime is the largest timestamp of all records so far, -1 before the first
// (observedStreamTime).
func (s *Store) StreamTime() int64 { return s.time }

// segmentOf is the segment of the versions that ended at a time.
func (s *Store) segmentOf(time int64) int64 { return time / s.interval }

// row reads the row that a segment holds of a key; false when it has none.
func (s *Store) row(r *row, segment int64, key []byte) (found bool, err error) {
	b, err := s.buffer.get(segment, key)
	if err != nil || b == nil {
		return false, err
	}
	return true, s.parse(r, segment, key, b)
}

// parse reads a row and makes sure that it belongs where it is.
func (s *Store) parse(r *row, segment int64, key, b []byte) error {
	if err := r.parse(b); err != nil {
		return format.Bad(appendKey(nil, segment, key), "%v", err)
	}
	if s.segmentOf(r.next) != segment {
		return format.Bad(appendKey(nil, segment, key), "has a segment row that ends at %d, which is in segment %d of %d ms, want segment %d",
			r.next, s.segmentOf(r.next), s.interval, segment)
	}
	return nil
}

// latest reads the latest value; nil when there is none.
func (s *Store) latest(key []byte) (value []byte, from int64, err error) {
	b, err := s.buffer.get(latestValues, key)
	if err != nil || b == nil {
		return nil, 0, err
	}
	return splitLatest(key, b)
}

func splitLatest(key, b []byte) (value []byte, from int64, err error) {
	from, value, err = format.SplitTimestamped(appendKey(nil, latestValues, key), b)
	if err == nil && from < 0 {
		err = format.Bad(appendKey(nil, latestValues, key), "has the timestamp %d, want 0 or later", from)
	}
	return value, from, err
}
