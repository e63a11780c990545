// Package segments is what window and session stores share: their records lie in
// byte stores of one time range each, the segments, so that what expires goes away a
// whole segment at a time (AbstractRocksDBSegmentedBytesStore and AbstractSegments of
// Kafka Streams 4.3). All times are milliseconds since the epoch.
//
// A record belongs to the segment of its time: a window's start, a session's end.
// Stream time is the latest time that a store has seen. A record is expired once its
// time <= stream time - retention: reads hide it from then on. A segment is dropped
// when even its latest possible record is expired; what comes for it later is skipped.
//
// As in Kafka Streams, stream time is not saved: after a restart it is unknown until
// the first record. Until then what had expired, and not yet gone with its segment,
// can be read again. RecoverStreamTime looks for it.
//
// # Offsets
//
// Each segment saves the changelog's offset with its own data, and after a kill each
// comes back as of its own last flush. The store's offset is the smallest of them:
// replaying from there is right for all, since the last write of a key wins. So every
// Apply moves the offset of every segment, of those it has no record for too, or an
// idle one would hold the store back; and a new segment saves the offset at which it
// begins before anything is written to it. (Kafka Streams 4.3.1 takes the offset of
// the newest segment that has one, AbstractSegments.committedOffset. A kill after that
// one's flush, before an older one's, loses what the older one had in memory.)
package segments

import (
	"errors"
	"fmt"

	"restorebench/internal/defect"
	"restorebench/stores"
	"restorebench/stores/format"
)

var errClosed = fmt.Errorf("segments: %w", stores.ErrClosed)

// Options says which store to open. Name, Retention and Time must be those that the
// segments were written with.
type Options struct {
	// Name of the store; its segments are called NAME.START, with their first ms.
	Name string
	// Retention is how long a record can be read after its time, in ms.
	Retention int64
	// Timestamped: values lie in the segments with the timestamp of their record
	// before them, as format.AppendTimestamped makes them.
	Timestamped bool
	// Time takes a key apart and returns its time, which is not negative. Its error
	// wraps stores.ErrLayout.
	Time func(key []byte) (int64, error)
}

// minInterval is the shortest segment, in ms (Stores.persistentWindowStore).
const minInterval = 60_000

// Interval is the length of a segment in ms.
func (o *Options) Interval() int64 { return max(o.Retention/2, minInterval) }

// Store is a store in segments, safe for use as stores.Store says. Its keys and
// values are those of the changelog, but for values of timestamped stores, which Get
// and Range return as they are kept.
type Store struct {
	space    stores.Space
	options  Options
	interval int64

	live       []*segment // by id
	doomed     []*segment // dropped, but an iterator still reads them
	streamTime int64      // unknownTime before the first record
	stats      Stats

	next  stores.Offset
	known bool // next

	times  []int64 // of the records being applied
	single stores.Batch
	hold   int // bytes, see HoldFlush
	closed bool
}

var _ stores.Ordered = (*Store)(nil)

const unknownTime = -1 // ConsumerRecord.NO_TIMESTAMP

// Stats is what a store has met, in records.
type Stats struct {
	// Expired records could not be read any more when they came.
	Expired int64
	// Dropped are those of them whose segment was gone, so that they were not even
	// written: what Kafka Streams counts as dropped records with RocksDB. (In memory
	// it counts all expired ones.)
	Dropped int64
}

// Open opens the segments that exist in space. Its errors wrap stores.ErrLayout when
// something else is there, as far as names and a record tell, and are else those of the
// space.
func Open(space stores.Space, o Options) (*Store, error) {
	if o.Name == "" || o.Retention < 0 {
		return nil, fmt.Errorf("segments: store %q with a retention of %d ms; want a name, and 0 ms or more", o.Name, o.Retention)
	}
	s := &Store{space: space, options: o, interval: o.Interval(), streamTime: unknownTime}
	err := s.openExisting()
	if err == nil {
		err = s.checkType()
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	for i, seg := range s.live {
		next, ok := seg.store.Offset()
		if !ok {
			s.next, s.known = 0, false
			break
		}
		if i == 0 || next < s.next != defect.Is(defect.NewestSegmentOffset) {
			s.next, s.known = next, true
		}
	}
	return s, nil
}

// Offset is the smallest of the segments' offsets, or where the last Apply moved them
// all. It is unknown when that of any segment is.
func (s *Store) Offset() (stores.Offset, bool) { return s.next, s.known }

// Stats counts from Open on.
func (s *Store) Stats() Stats { return s.stats }

// StreamTime is the latest time seen since Open; false when there was none.
func (s *Store) StreamTime() (int64, bool) { return s.streamTime, s.streamTime != unknownTime }

// firstLive is the earliest time that is not expired.
func (s *Store) firstLive() int64 {
	if defect.Is(defect.ExpiredShown) {
		return 0
	}
	return s.streamTime - s.options.Retention + 1
}

// Get returns the value of a key, nil when the key is absent or expired. Its error
// wraps stores.ErrLayout when the key has no time.
func (s *Store) Get(key []byte) ([]byte, error) {
	if s.closed {
		return nil, errClosed
	}
	time, err := s.options.Time(key)
	if err != nil || time < s.firstLive() {
		return nil, err
	}
	if seg := s.find(time / s.interval); seg != nil {
		return seg.store.Get(key)
	}
	return nil, nil
}

// GetTimestamped is Get for a timestamped store, with the value taken apart. Its
// error wraps stores.ErrLayout when there is no timestamp.
func (s *Store) GetTimestamped(key []byte) (value []byte, timestamp int64, err error) {
	return format.GetTimestamped(s.Get, key)
}
