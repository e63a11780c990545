// Package cache is the record cache in front of a store (Kafka Streams 4.3:
// ThreadCache, NamedCache, CachingKeyValueStore, CachingWindowStore,
// CachingSessionStore). Writes stay in it, and only the last one of a key reaches the
// store, its changelog and what is downstream: at a commit, or earlier when the cache
// is full.
//
// It works on the bytes of keys as they lie in the store, of key-value, window and
// session stores alike, and on values as the store's reads give them: of a timestamped
// store `timestamp(8) value`. Versioned stores are not cached, as in Kafka Streams
// (VersionedKeyValueStoreBuilder.withCachingEnabled fails, and a table with a versioned
// store is not cached whatever it asks for): the older writes that a cache holds back
// are just what such a store is to keep.
//
// # Order
//
// Entries are flushed in the order of their keys' last writes. What a flush wrote
// stays for reads; deletes go.
//
// # Size
//
// Of an entry counts what Kafka Streams counts (NamedCache.LRUNode, LRUCacheEntry,
// ProcessorRecordContext), so that the same budget evicts at the same record:
//
//	key + value
//	+ 24  three references
//	+  1  whether it is dirty
//	+ 20  timestamp, offset and partition of its record
//	+ the name of its record's topic, unless a read put it here
//	+  8  for the segment in front of the keys of window and session stores
//
// # Crash
//
// What is not flushed is gone with the process. Nothing of it was in the store, in its
// changelog or downstream, and the input that made it was not committed, so that it is
// processed again.
//
// # Differences
//
// Window and session stores are iterated in byte order, as the stores below; there
// the cache is sorted by segment. A plain key-value store gives no timestamps, cached
// or not; the tables of Kafka Streams' DSL keep them in the cache even where the store
// below drops them (KeyValueToTimestampedKeyValueByteStoreAdapter).
package cache
