//go:build cgo && !norocksdb

// Package installed has no other purpose than to say what to do when RocksDB's
// header is missing: grocksdb's own compilation only says which file it misses.
package installed

/*
#if defined(__has_include)
#if !__has_include("rocksdb/c.h")
#error RocksDB is not installed. Run scripts/setup (or: make setup), then build again; with RocksDB in .deps build through make. Without RocksDB: -tags norocksdb
#endif
#endif
*/
import "C"
