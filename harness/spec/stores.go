package spec

import (
	"slices"
	"strings"
)

// Engines, which say where a store keeps its bytes, and types, which say what it
// makes of them. A store's name is ENGINE-TYPE, or ENGINE alone for a plain key-value
// store.
const (
	EngineMemory = "memory"
	EngineRocks  = "rocksdb"

	TypeKeyValue          = ""
	TypeTimestamped       = "timestamped"
	TypeVersioned         = "versioned"
	TypeWindow            = "window"
	TypeTimestampedWindow = "timestamped-window"
	TypeSession           = "session"
	TypeLRU               = "lru" // in memory only
)

// The plain key-value stores, and the LRU map.
const (
	StoreMemory = EngineMemory
	StoreRocks  = EngineRocks
	StoreLRU    = EngineMemory + "-" + TypeLRU
)

// types are those that every engine has.
var types = []string{TypeKeyValue, TypeTimestamped, TypeVersioned, TypeWindow, TypeTimestampedWindow, TypeSession}

// VoteStores lists the names of the stores that the vote stream goes through: all but
// the LRU map, which needs more keys than it holds to be another than the plain one.
func VoteStores() []string {
	var names []string
	for _, t := range types {
		for _, e := range []string{EngineMemory, EngineRocks} {
			names = append(names, strings.TrimSuffix(e+"-"+t, "-"))
		}
	}
	return names
}

// Stores lists the names of all stores.
func Stores() []string { return append(VoteStores(), StoreLRU) }

// ParseStore splits a store's name; ok is false for one that doesn't exist.
func ParseStore(name string) (engine, typ string, ok bool) {
	engine, typ, _ = strings.Cut(name, "-")
	return engine, typ, slices.Contains(Stores(), name)
}
