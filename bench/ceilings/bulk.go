package ceilings

import (
	"fmt"

	"restorebench/stores"
)

// bulk is a store whose flush ends its bulk load, so that Apply times it to where the
// records can be read and are durable.
type bulk struct{ stores.BulkLoader }

func (b bulk) Flush() error { return b.EndBulk() }

// InBulk makes an empty store load in bulk, with so many bytes of memory, until it is
// flushed.
func InBulk(s stores.Store, memory int64) (stores.Store, error) {
	loader, ok := s.(stores.BulkLoader)
	if !ok {
		return nil, fmt.Errorf("a store of type %T does not load in bulk", s)
	}
	return bulk{loader}, loader.BeginBulk(memory)
}
