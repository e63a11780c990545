// Package window is the window store of Kafka Streams (WindowStore and, with
// timestamps, TimestampedWindowStore), on any engine. A window is a key and a start;
// its bytes are those of format.AppendWindowKey, in the store as in the changelog.
// Values lie as they are or, in a timestamped store, behind the timestamp of their
// record; the changelog has the bare value and the record's timestamp.
//
// All times are milliseconds since the epoch. A window expires with its start: it can
// be read as long as start > stream time - retention, where stream time is the latest
// start written. Package segments says how that is kept, and what a restart forgets.
// Whether a record is too late for its window is up to the topology, by its grace.
//
// Differences to Kafka Streams: duplicates are not retained, the sequence number is
// always 0. Several keys are iterated in the order of their bytes, key before start
// (there: by segment with RocksDB, by start in memory), and none is missed where one
// key begins another. What is written expired is counted by both engines alike.
package window

import (
	"fmt"
	"math"

	"restorebench/stores"
	"restorebench/stores/format"
	"restorebench/stores/segments"
)

// Options says which store to open. All but Log must be as the store was written.
type Options struct {
	Name string
	// Retention is how long a window can be read after its start, in ms: no less than
	// WindowSize.
	Retention int64
	// WindowSize is the length of a window in ms: what End adds to Start.
	WindowSize int64
	// Timestamped keeps the timestamp of each value's record.
	Timestamped bool
	// Log receives what Put adds to the changelog; nil drops it.
	Log stores.Log
}

// Store is a window store, safe for use as stores.Store says: Put counts as an Apply.
// Its methods as a stores.Store take the changelog's keys and values; Get and Range
// return timestamped values as they are kept.
type Store struct {
	*segments.Store
	options Options
	key     []byte // of the window being put
}

var _ stores.Ordered = (*Store)(nil)

// New opens the store in space. Its errors wrap stores.ErrLayout when something else
// is there.
func New(space stores.Space, o Options) (*Store, error) {
	if o.WindowSize < 0 || o.Retention < o.WindowSize {
		return nil, fmt.Errorf("window: store %q has windows of %d ms and a retention of %d ms; want a size of 0 or more and a retention of no less",
			o.Name, o.WindowSize, o.Retention)
	}
	s, err := segments.Open(space, segments.Options{
		Name: o.Name, Retention: o.Retention, Timestamped: o.Timestamped, Time: startOf,
	})
	if err != nil {
		return nil, err
	}
	return &Store{Store: s, options: o}, nil
}

func startOf(stored []byte) (int64, error) {
	_, start, _, err := format.SplitWindowKey(stored)
	return start, err
}

// Put writes the value of a window; nil removes the window. timestamp is that of the
// changelog's record. A window that is expired already is counted in Stats and can't
// be read, yet logged as in Kafka Streams.
func (s *Store) Put(key, value []byte, start, timestamp int64) error {
	s.key = format.AppendWindowKey(s.key[:0], key, start, 0)
	return s.Write(s.key, value, timestamp, s.options.Log)
}

// Fetch returns the value of a window, nil when it is absent or expired, and the
// timestamp of its record, 0 when the store keeps none.
func (s *Store) Fetch(key []byte, start int64) (value []byte, timestamp int64, err error) {
	stored := format.AppendWindowKey(nil, key, start, 0)
	if s.options.Timestamped {
		return s.GetTimestamped(stored)
	}
	value, err = s.Get(stored)
	return value, 0, err
}

// Entry is a window and its value. End is the first ms behind it, at most
// math.MaxInt64. Timestamp is 0 when the store keeps none.
type Entry struct {
	Key        []byte
	Start, End int64
	Value      []byte
	Timestamp  int64
}

// Iterator walks windows.
type Iterator = segments.Entries[Entry]

// FetchRange iterates over the windows of a key that begin from fromTime to toTime,
// both inclusive, the earliest first.
func (s *Store) FetchRange(key []byte, fromTime, toTime int64) *Iterator {
	return s.fetch(segments.Only(key), fromTime, toTime, false)
}

// BackwardFetchRange is FetchRange with the latest first.
func (s *Store) BackwardFetchRange(key []byte, fromTime, toTime int64) *Iterator {
	return s.fetch(segments.Only(key), fromTime, toTime, true)
}

// FetchKeys iterates over the windows of the keys from fromKey to toKey that begin
// from fromTime to toTime, all inclusive; a nil key is unbounded.
func (s *Store) FetchKeys(fromKey, toKey []byte, fromTime, toTime int64) *Iterator {
	return s.fetch(segments.Keys{From: fromKey, To: toKey}, fromTime, toTime, false)
}

// BackwardFetchKeys is FetchKeys from the last window to the first.
func (s *Store) BackwardFetchKeys(fromKey, toKey []byte, fromTime, toTime int64) *Iterator {
	return s.fetch(segments.Keys{From: fromKey, To: toKey}, fromTime, toTime, true)
}

// All iterates over all windows.
func (s *Store) All() *Iterator { return s.fetch(segments.Keys{}, 0, math.MaxInt64, false) }

// BackwardAll is All from the last window to the first.
func (s *Store) BackwardAll() *Iterator { return s.fetch(segments.Keys{}, 0, math.MaxInt64, true) }

func (s *Store) fetch(keys segments.Keys, fromTime, toTime int64, reverse bool) *Iterator {
	q := segments.Query{Earliest: fromTime, Latest: toTime, Reverse: reverse}
	q.From, q.To = format.WindowRange(keys.From, keys.To, fromTime, toTime)
	q.Keep = func(stored []byte) bool {
		return keys.Has(stored[:len(stored)-format.WindowSuffix])
	}
	return segments.NewEntries(s.Scan(q), s.entry)
}

func (s *Store) entry(stored, value []byte) (e Entry, err error) {
	if e.Key, e.Start, _, err = format.SplitWindowKey(stored); err != nil {
		return Entry{}, err
	}
	if e.End = e.Start + s.options.WindowSize; e.End < 0 {
		e.End = math.MaxInt64
	}
	e.Value = value
	if s.options.Timestamped {
		e.Timestamp, e.Value, err = format.SplitTimestamped(stored, value)
	}
	return e, err
}
