package rocks

// Debt is what RocksDB has done for what was written, since the store was opened, and
// what it still has to do.
type Debt struct {
	BytesWritten      int64 // to files: by flushes, compactions and bulk loading, to about 10 MB
	Files             []int // live ones per level, from 0 on
	RunningJobs       int   // compactions
	CompactionPending bool  // one is due
	PendingBytes      int64 // to be rewritten by those that are due, as RocksDB estimates it
}
