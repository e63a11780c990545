//go:build cgo && !norocksdb

package rocks

import (
	"bytes"
	"slices"

	"github.com/linxGnu/grocksdb"

	"restorebench/internal/defect"
	"restorebench/stores"
)

// Range iterates over RocksDB's own order, on an implicit snapshot.
func (s *Store) Range(from, to []byte) stores.Iterator {
	it := s.iterator()
	if it.raw == nil {
		return it
	}
	end := slices.Clone(to)
	it.outside = func(key []byte) bool { return end != nil && bytes.Compare(key, end) >= 0 }
	if from == nil {
		it.raw.SeekToFirst()
		if defect.Is(defect.FirstKeyMissed) {
			it.raw.Next()
		}
	} else {
		it.raw.Seek(from)
	}
	return it
}

// ReverseRange is Range from the last key to the first.
func (s *Store) ReverseRange(from, to []byte) stores.Iterator {
	it := s.iterator()
	if it.raw == nil {
		return it
	}
	it.advance = (*grocksdb.Iterator).Prev
	end := slices.Clone(from)
	it.outside = func(key []byte) bool { return bytes.Compare(key, end) < 0 }
	if to == nil {
		it.raw.SeekToLast()
		return it
	}
	it.raw.SeekForPrev(to)
	if it.raw.Valid() && bytes.Equal(it.raw.Key().Data(), to) {
		it.raw.Prev()
	}
	return it
}

// ApproximateCount is RocksDB's estimate, which counts a key twice where an
// overwrite or a delete has not been compacted yet.
func (s *Store) ApproximateCount() (int64, error) {
	if err := s.readable(); err != nil {
		return 0, err
	}
	n, _ := s.db.GetIntPropertyCF("rocksdb.estimate-num-keys", s.data)
	return int64(n), nil
}

// iterator is one over the data that has yet to be placed; without raw when the
// store can't be read.
func (s *Store) iterator() *iterator {
	if err := s.readable(); err != nil {
		return &iterator{err: err}
	}
	s.iterators.Add(1)
	return &iterator{store: s, raw: s.db.NewIteratorCF(s.options.read, s.data), advance: (*grocksdb.Iterator).Next}
}

type iterator struct {
	store      *Store
	raw        *grocksdb.Iterator // nil once closed, or when the store can't be read
	advance    func(*grocksdb.Iterator)
	outside    func(key []byte) bool // the range, on the side that is iterated to
	started    bool
	key, value []byte // in RocksDB's memory
	err        error
}

func (it *iterator) Next() bool {
	again := defect.Is(defect.EntryTwice) && it.key == nil
	it.key, it.value = nil, nil
	if it.raw == nil {
		return false
	}
	if it.started && it.raw.Valid() {
		it.advance(it.raw)
	}
	it.started = !again
	if !it.raw.Valid() {
		return false
	}
	key := it.raw.Key().Data()
	if it.outside(key) {
		return false
	}
	it.key, it.value = key, it.raw.Value().Data()
	if defect.Is(defect.LastKeyMissed) {
		it.raw.Next()
		more := it.raw.Valid()
		it.raw.Prev()
		return more
	}
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
