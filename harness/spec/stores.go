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
)

// The plain key-value stores.
const (
	StoreMemory = EngineMemory
	StoreRocks  = EngineRocks
)

// tableTypes hold one value per key: what a run can load and verify.
var tableTypes = []string{TypeKeyValue, TypeTimestamped}

// storeTypes are all of them.
var storeTypes = append(tableTypes, TypeVersioned, TypeWindow, TypeTimestampedWindow, TypeSession)

// TableStores lists the names of the stores that a run can measure.
func TableStores() []string { return namesOf(tableTypes) }

// Stores lists the names of all stores.
func Stores() []string { return namesOf(storeTypes) }

func namesOf(types []string) []string {
	var names []string
	for _, t := range types {
		for _, e := range []string{EngineMemory, EngineRocks} {
			names = append(names, strings.TrimSuffix(e+"-"+t, "-"))
		}
	}
	return names
}

// ParseStore splits a store's name; ok is false for one that doesn't exist.
func ParseStore(name string) (engine, typ string, ok bool) {
	engine, typ, _ = strings.Cut(name, "-")
	return engine, typ, slices.Contains(Stores(), name)
}
