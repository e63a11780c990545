package stores

import "errors"

// Errors of bulk loading.
var (
	// ErrNotEmpty: only a store that holds no records and has no saved offset can be
	// bulk loaded.
	ErrNotEmpty = errors.New("store is not empty")
	// ErrBulk: between BeginBulk and EndBulk a store can't be read, nor BeginBulk be
	// called again.
	ErrBulk = errors.New("store is being bulk loaded")
)

// BulkLoader is a Store that can take a restore from nothing as sorted files instead
// of single writes: the last write of a key wins before anything is written.
type BulkLoader interface {
	Store
	// BeginBulk makes Apply collect, until EndBulk. It returns an error that wraps
	// ErrNotEmpty, and changes nothing, when there is something in the store already.
	//
	// memory bounds, in bytes, what is collected; a single record that is larger
	// exceeds it. Whenever it is used up, a round of files is written and becomes
	// durable, then its offset, while the next round is collected. So after a kill the
	// store comes back at the offset of its last finished round, or without one, and
	// may hold more than the changelog up to there: applying the changelog from there
	// on makes it whole, since the last write of a key wins.
	//
	// Meanwhile Get returns an error that wraps ErrBulk, and so does Err of an iterator.
	// Offset moves with each Apply. Flush ends a round early and waits for it. Close
	// forgets what no round has taken yet.
	BeginBulk(memory int64) error
	// EndBulk makes all that was collected readable and, with its offset, durable.
	// After an error the store can only be closed.
	EndBulk() error
}
