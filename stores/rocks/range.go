//go:build cgo && !norocksdb

package rocks

import (
	"bytes"
	"slices"

	"github.com/linxGnu/grocksdb"

	"restorebench/stores"
)

// Range iterates over RocksDB's own order, on an implicit snapshot.
func (s *Store) Range(from, to []byte) stores.Iterator {
	if s.db == nil {
		return &iterator{err: errClosed}
	}
	s.iterators.Add(1)
	it := &iterator{store: s, raw: s.db.NewIterator(s.options.read), to: slices.Clone(to)}
	if from == nil {
		it.raw.SeekToFirst()
	} else {
		it.raw.Seek(from)
	}
	return it
}

type iterator struct {
	store      *Store
	raw        *grocksdb.Iterator // nil once closed, or when the store was
	to         []byte
	started    bool
	key, value []byte // in RocksDB's memory
	err        error
}

func (it *iterator) Next() bool {
	it.key, it.value = nil, nil
	if it.raw == nil {
		return false
	}
	if it.started && it.raw.Valid() {
		it.raw.Next()
	}
	it.started = true
	if !it.raw.Valid() {
		return false
	}
	key := it.raw.Key().Data()
	if it.to != nil && bytes.Compare(key, it.to) >= 0 {
		return false
	}
	it.key, it.value = key, it.raw.Value().Data()
	return true
}

func (it *iterator) Key() []byte   { return it.key }
func (it *iterator) Value() []byte { return it.value }

func (it *iterator) Err() error {
	if it.raw == nil {
		return it.err
	}
	return classify("iterate over", it.store.dir, it.raw.Err())
}

func (it *iterator) Close() error {
	if it.raw == nil {
		return nil
	}
	it.err = it.Err()
	it.raw.Close()
	it.raw, it.key, it.value = nil, nil, nil
	it.store.iterators.Add(-1)
	return nil
}
