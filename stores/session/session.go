// Package session is the session store of Kafka Streams (SessionStore), on any
// engine. A session is a key, a start and an end, both inclusive; its bytes are those
// of format.AppendSessionKey, in the store as in the changelog. Values are aggregates,
// the same in both; a removal is a tombstone.
//
// All times are milliseconds since the epoch. A session expires with its end: it can
// be read as long as end > stream time - retention, where stream time is the latest
// end written. Package segments says how that is kept, and what a restart forgets.
// Whether a record is too late for its session is up to the topology, by its grace.
//
// Differences to Kafka Streams: several keys are iterated in the order of their bytes,
// key before end (there: by segment with RocksDB, by end in memory), and none is
// missed where one key begins another. A session that is expired when it is written
// is counted by both engines alike.
package session

import (
	"math"

	"restorebench/internal/defect"
	"restorebench/stores"
	"restorebench/stores/format"
	"restorebench/stores/segments"
)

// Options says which store to open. All but Log must be as the store was written.
type Options struct {
	Name string
	// Retention is how long a session can be read after its end, in ms.
	Retention int64
	// Log receives what Put and Remove add to the changelog; nil drops it.
	Log stores.Log
}

// Store is a session store, safe for use as stores.Store says: Put and Remove count
// as an Apply. Its methods as a stores.Store take the changelog's keys and values.
type Store struct {
	*segments.Store
	log stores.Log
	key []byte // of the session being put
}

var _ stores.Ordered = (*Store)(nil)

// New opens the store in space. Its errors wrap stores.ErrLayout when something else
// is there.
func New(space stores.Space, o Options) (*Store, error) {
	s, err := segments.Open(space, segments.Options{Name: o.Name, Retention: o.Retention, Time: endOf})
	if err != nil {
		return nil, err
	}
	return &Store{Store: s, log: o.Log}, nil
}

func endOf(stored []byte) (int64, error) {
	_, _, end, err := format.SplitSessionKey(stored)
	return end, err
}

// Session is from Start to End, both inclusive.
type Session struct {
	Key        []byte
	Start, End int64
}

func (s *Session) bytes(dst []byte) []byte {
	return format.AppendSessionKey(dst, s.Key, s.Start, s.End)
}

// Put writes the aggregate of a session; nil removes the session. timestamp is that of
// the changelog's record. A session that is expired already is counted in Stats and
// can't be read, yet logged as in Kafka Streams.
func (s *Store) Put(session Session, aggregate []byte, timestamp int64) error {
	if defect.Is(defect.MergedSessionLeft) && aggregate == nil {
		return nil
	}
	s.key = session.bytes(s.key[:0])
	return s.Write(s.key, aggregate, timestamp, s.log)
}

// Remove removes a session.
func (s *Store) Remove(session Session, timestamp int64) error { return s.Put(session, nil, timestamp) }

// FetchSession returns the aggregate of a session, nil when it is absent or expired.
func (s *Store) FetchSession(session Session) ([]byte, error) { return s.Get(session.bytes(nil)) }

// Entry is a session and its aggregate.
type Entry struct {
	Session
	Aggregate []byte
}

// Iterator walks sessions.
type Iterator = segments.Entries[Entry]

// FindSessions iterates over a key's sessions that end at earliestEnd or later and
// begin at latestStart or before, in the order of their ends: those that a record
// touches when these are its time less and plus the gap.
func (s *Store) FindSessions(key []byte, earliestEnd, latestStart int64) *Iterator {
	return s.find(segments.Only(key), earliestEnd, latestStart, false)
}

// BackwardFindSessions is FindSessions with the last end first.
func (s *Store) BackwardFindSessions(key []byte, earliestEnd, latestStart int64) *Iterator {
	return s.find(segments.Only(key), earliestEnd, latestStart, true)
}

// FindKeys is FindSessions for the keys from fromKey to toKey, both inclusive; a nil
// key is unbounded.
func (s *Store) FindKeys(fromKey, toKey []byte, earliestEnd, latestStart int64) *Iterator {
	return s.find(segments.Keys{From: fromKey, To: toKey}, earliestEnd, latestStart, false)
}

// BackwardFindKeys is FindKeys from the last session to the first.
func (s *Store) BackwardFindKeys(fromKey, toKey []byte, earliestEnd, latestStart int64) *Iterator {
	return s.find(segments.Keys{From: fromKey, To: toKey}, earliestEnd, latestStart, true)
}

// Fetch iterates over all sessions of a key, in the order of their ends.
func (s *Store) Fetch(key []byte) *Iterator { return s.FindSessions(key, 0, math.MaxInt64) }

// BackwardFetch is Fetch with the last end first.
func (s *Store) BackwardFetch(key []byte) *Iterator {
	return s.BackwardFindSessions(key, 0, math.MaxInt64)
}

// FetchKeys iterates over all sessions of the keys from fromKey to toKey, both
// inclusive; a nil key is unbounded.
func (s *Store) FetchKeys(fromKey, toKey []byte) *Iterator {
	return s.FindKeys(fromKey, toKey, 0, math.MaxInt64)
}

// BackwardFetchKeys is FetchKeys from the last session to the first.
func (s *Store) BackwardFetchKeys(fromKey, toKey []byte) *Iterator {
	return s.BackwardFindKeys(fromKey, toKey, 0, math.MaxInt64)
}

func (s *Store) find(keys segments.Keys, earliestEnd, latestStart int64, reverse bool) *Iterator {
	q := segments.Query{Earliest: earliestEnd, Latest: math.MaxInt64, Reverse: reverse}
	q.From, q.To = format.SessionRange(keys.From, keys.To, earliestEnd, latestStart)
	q.Keep = func(stored []byte) bool {
		key, start, _, err := format.SplitSessionKey(stored)
		return err == nil && start <= latestStart && keys.Has(key)
	}
	return segments.NewEntries(s.Scan(q), entry)
}

func entry(stored, aggregate []byte) (e Entry, err error) {
	e.Key, e.Start, e.End, err = format.SplitSessionKey(stored)
	e.Aggregate = aggregate
	return e, err
}
