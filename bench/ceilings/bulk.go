package ceilings

import (
	"fmt"

	"restorebench/stores"
	"restorebench/stores/rocks"
)

// bulkLoader is what a store that loads sorted files adds to its interface.
type bulkLoader interface {
	stores.Store
	BeginBulk(memory int64) error
	EndBulk() error
}

// rocksLoadsInBulk tells whether this build's RocksDB store does.
func rocksLoadsInBulk() bool {
	_, ok := any((*rocks.Store)(nil)).(bulkLoader)
	return ok
}

// bulk is a store whose flush ends its bulk load, so that Apply times it to where the
// records can be read and are durable.
type bulk struct{ bulkLoader }

func (b bulk) Flush() error { return b.EndBulk() }

// inBulk makes an empty store load in bulk, with so many bytes of memory.
func inBulk(s stores.Store, memory int64) (stores.Store, error) {
	loader, ok := s.(bulkLoader)
	if !ok {
		return nil, fmt.Errorf("a store of type %T does not load in bulk", s)
	}
	return bulk{loader}, loader.BeginBulk(memory)
}
