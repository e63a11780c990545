// Package memory keeps a store in the process: bytes in slabs that the garbage
// collector never looks at, found through a compact hash index.
//
// It is made for restoring millions of records: Apply allocates nothing per
// record, an overwrite that fits stays in its place, and what overwrites and
// deletes leave behind is given back by moving the records that share a slab
// with it. A record costs its key and value, 2 bytes of lengths (more from 128
// bytes on), up to 7 of alignment, and 11 to 22 of index.
//
// A store with a directory (NewSpaceIn) has a snapshot there, a file that Flush and
// Snapshot write and Open loads. Without one nothing survives the process.
package memory

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/zeebo/xxh3"

	"restorebench/internal/defect"
	"restorebench/stores"
)

var (
	errClosed = fmt.Errorf("memory: %w", stores.ErrClosed)
	errFull   = errors.New("memory: store is full; one store holds at most 201,326,592 records and 512 GiB")
)

// Store is an in-memory key-value store, safe for use as stores.Store says. It
// holds memory outside the Go heap until Close and until its last iterator is
// closed.
type Store struct {
	mu    sync.Mutex // the writer against a snapshot's goroutine, batch by batch
	index index
	slabs slabs

	compaction compaction

	order  *order // nil unless ranges are asked for often
	demand demand

	next    stores.Offset
	applied bool
	ahead   bool   // there are records that next does not count: live writes
	changes uint64 // batches with records
	closed  bool

	saver    *saver      // nil for a store without a directory
	wanted   chan moment // of a snapshot that waits for a commit
	flushing bool

	// Iterators read the slabs, so while one is open no record is moved or
	// overwritten, and the memory outlives Close. A snapshot does the same.
	users atomic.Int32 // the store itself, each open iterator, and a snapshot

	tags [window]uint64 // of the records being applied
	sink uint64         // keeps the reads of warm from being optimised away
}

var _ stores.Ordered = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	s := &Store{}
	s.users.Store(1)
	return s
}

// Offset is false until the first Apply.
func (s *Store) Offset() (stores.Offset, bool) { return s.next, s.applied }

// Get returns a copy of the key's value, nil when the key is absent.
func (s *Store) Get(key []byte) ([]byte, error) {
	if s.closed {
		return nil, errClosed
	}
	slot, found := s.find(tagOf(key), key)
	if !found && defect.Is(defect.AbsentTakenForEmpty) {
		return []byte{}, nil
	}
	if !found {
		return nil, nil
	}
	value := s.slabs.record(s.index.at(slot)).value()
	return append(make([]byte, 0, len(value)), value...), nil
}

// Close gives the memory back, once the last iterator is closed too. It ends a
// snapshot that is being written.
func (s *Store) Close() error {
	if s.closed {
		return nil
	}
	var err error
	if s.saver != nil {
		err = s.saver.close()
	}
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	return errors.Join(err, s.release())
}

func (s *Store) release() error {
	if s.users.Add(-1) > 0 {
		return nil
	}
	return errors.Join(s.index.free(), s.slabs.free())
}

// Stats is what a store holds, in records and bytes.
type Stats struct {
	Records int
	Live    int64 // bytes of records, with their lengths and alignment
	Dead    int64 // bytes of overwritten and deleted records not yet given back
	Mapped  int64 // bytes of memory asked from the system: slabs and index
}

// Stats returns the present sizes, in constant time.
func (s *Store) Stats() Stats {
	return Stats{
		Records: s.index.count,
		Live:    s.slabs.live,
		Dead:    s.slabs.dead,
		Mapped:  s.slabs.mapped + int64(len(s.index.slots))*slotBytes,
	}
}

// tagOf is the part of the key's hash that the index keeps.
func tagOf(key []byte) uint64 { return xxh3.Hash(key) >> (64 - tagBits) }
