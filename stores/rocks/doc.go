// Package rocks keeps a store in RocksDB, set up and laid out as Kafka Streams
// 4.3 does it, so that either side opens the other's directory.
//
// A directory is one RocksDB with two column families. "default" holds the
// records, key -> value, as persistentKeyValueStore (RocksDBStore) writes them; a
// timestamped store has them in a third one, "keyValueWithTimestamp", and "default"
// empty (RocksDBTimestampedStore).
// "offsets" (KIP-1035, AbstractColumnFamilyAccessor) holds "<topic>-<partition>"
// -> the changelog offset as 8 bytes big-endian, and "status" -> 1 while the
// store is open, 0 after a clean close, in the same format. The write-ahead log
// is off: data and offset live in memtables until a flush, which takes both
// families at once (atomic_flush), so that a kill loses the newest batches but
// never parts data from offset.
//
// A restore from nothing is better loaded in bulk (BeginBulk): records are collected
// outside of Go's heap, sorted, and written round by round as files that RocksDB takes
// in as they are. These wait in ".bulk", which Open empties. The offset follows them, so
// here a kill may leave more data than the offset says, never less.
//
// Only this package imports grocksdb. With the build tag norocksdb, or without
// cgo, Open returns an error that wraps stores.ErrUnavailable.
package rocks
