// Package stores is the contract between a changelog and the state that it
// restores: batches of records go in, a position comes out, and every byte can
// be read back in key order.
//
// The engines live below: memory keeps everything in the process, rocks keeps
// it in RocksDB files. Both pass the suite in storetest.
package stores

import "errors"

// Offset is a position in one changelog partition: always the NEXT offset to
// read, never the last one read. A store whose Offset is 0 stands for an empty
// changelog; one whose Offset equals the partition's end offset is current.
type Offset int64

// Errors that callers tell apart with errors.Is.
var (
	// ErrLocked: another process holds the store's directory.
	ErrLocked = errors.New("store is locked by another process")
	// ErrCorrupt: local files exist but can't be trusted. The caller decides
	// whether to wipe them and replay; a store never deletes anything itself.
	ErrCorrupt = errors.New("store files are corrupt")
	// ErrClosed: the store was closed before.
	ErrClosed = errors.New("store is closed")
	// ErrUnavailable: this build lacks the engine.
	ErrUnavailable = errors.New("store engine is not available")
)

// Store holds the state of one partition. It has one writer: Apply, Flush and
// Close are never called concurrently with each other. Get and Range may be
// called by any goroutine as long as no Apply is running.
type Store interface {
	// Apply makes the records of b visible in order, the last write of a key
	// winning and a null value deleting it, and moves Offset to b.Next. Data
	// and offset become durable together or not at all. The batch is only
	// borrowed: the store keeps no reference into it.
	Apply(b *Batch) error
	// Offset is the next changelog offset to read, so that contents + changelog
	// from there = the whole state. ok is false for a store that has never
	// applied anything and found no saved offset.
	Offset() (next Offset, ok bool)
	// Get returns the value of key, nil when the key is absent (an empty value
	// is not nil). The caller owns the bytes.
	Get(key []byte) (value []byte, err error)
	// Range iterates in byte order over from <= key < to; nil means unbounded.
	Range(from, to []byte) Iterator
	// Flush makes everything applied so far survive SIGKILL. For a store
	// without files it does nothing.
	Flush() error
	// Close releases the store. It does not flush: what Flush has not made
	// durable may be gone.
	Close() error
}

// Iterator walks a snapshot of a store in key order. Key and Value are valid
// until the next call of Next; callers check Err after Next returns false and
// always Close.
type Iterator interface {
	Next() bool
	Key() []byte
	Value() []byte
	Err() error
	Close() error
}
