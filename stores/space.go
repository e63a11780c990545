package stores

import "errors"

// ErrLayout means that bytes in a store don't have the layout of its type: a value
// too short for its timestamp, a segment row that does not parse, a directory of
// another type. It comes with the path, the key in hexadecimal and what was
// expected; nothing is deleted and nothing is guessed.
var ErrLayout = errors.New("store has another layout")

// Space is where a store of any type keeps its bytes: ordered byte stores by name,
// as directories of RocksDB files or in memory. Most types need one, window and
// session stores one per segment. So each type exists once, for every engine.
//
// A Space has one user, who closes what it opened before Remove.
type Space interface {
	// Open opens the byte store called name, or creates it.
	Open(name string) (Store, error)
	// Names lists the byte stores that exist, in byte order.
	Names() ([]string, error)
	// Remove deletes a byte store that is closed, with its files.
	Remove(name string) error
}

// Log receives what live writes add to the changelog, in order. The bytes are only
// borrowed; a nil value is a tombstone.
//
// A live write changes the store at once; its record reaches the changelog at the
// next commit, which then moves the store's offset with an Apply of a batch that
// holds no records, only Next.
type Log func(key, value []byte, timestamp int64)
