package processor

import (
	"errors"
	"fmt"

	"restorebench/stores"
	"restorebench/stores/memory"
	"restorebench/stores/rocks"
)

// staged is a byte store in RocksDB whose bulk load can be read: it is collected in
// memory, and loaded into RocksDB when it is over, or when its room is used up; then the
// rest is written in batches. A versioned store reads what is there before each write.
type staged struct {
	*rocks.Store
	stage *memory.Store // nil: all is in RocksDB
	limit int64         // bytes of the stage
}

var _ stores.BulkLoader = (*staged)(nil)

// BeginBulk takes half of the memory for the stage and half for loading it.
func (s *staged) BeginBulk(memoryBytes int64) error {
	if _, ok := s.Store.Offset(); ok {
		return fmt.Errorf("stage: %w", stores.ErrNotEmpty)
	}
	s.stage, s.limit = memory.New(), memoryBytes/2
	return nil
}

func (s *staged) EndBulk() error {
	if s.stage == nil {
		return s.Store.Flush()
	}
	return s.load()
}

// load moves the stage into RocksDB, where its offset follows the last record. What a kill
// leaves before that has no offset or 0, which openVersioned refuses.
func (s *staged) load() (err error) {
	next, _ := s.stage.Offset()
	stage := s.stage
	s.stage = nil
	defer func() { err = errors.Join(err, stage.Close()) }()
	if err := s.Store.BeginBulk(2 * (s.limit + stage.Stats().Mapped)); err != nil {
		return err
	}
	b := &stores.Batch{Arena: make([]byte, 0, 1<<20)}
	it := stage.Range(nil, nil)
	for it.Next() && err == nil {
		if b.Append(it.Key(), it.Value(), 0, 0); len(b.Arena) > 1<<20-1<<10 {
			b.Next = 0 // until all is there, it stands for nothing
			err = s.Store.Apply(b)
			b.Reset()
		}
	}
	if err = errors.Join(err, it.Err(), it.Close()); err != nil {
		return err
	}
	b.Next = next
	if err := s.Store.Apply(b); err != nil {
		return err
	}
	return s.Store.EndBulk()
}

func (s *staged) Apply(b *stores.Batch) error {
	if s.stage == nil {
		return s.Store.Apply(b)
	}
	if err := s.stage.Apply(b); err != nil {
		return err
	}
	if s.stage.Stats().Mapped <= s.limit {
		return nil
	}
	return s.load()
}

// present is where the records are.
func (s *staged) present() stores.Ordered {
	if s.stage != nil {
		return s.stage
	}
	return s.Store
}

func (s *staged) Offset() (stores.Offset, bool)         { return s.present().Offset() }
func (s *staged) Get(key []byte) ([]byte, error)        { return s.present().Get(key) }
func (s *staged) Range(from, to []byte) stores.Iterator { return s.present().Range(from, to) }
func (s *staged) ReverseRange(from, to []byte) stores.Iterator {
	return s.present().ReverseRange(from, to)
}
func (s *staged) ApproximateCount() (int64, error) { return s.present().ApproximateCount() }

// Flush makes what is in RocksDB durable; a stage is not.
func (s *staged) Flush() error {
	if s.stage != nil {
		return nil
	}
	return s.Store.Flush()
}

func (s *staged) Close() error {
	var err error
	if s.stage != nil {
		err = s.stage.Close()
		s.stage = nil
	}
	return errors.Join(err, s.Store.Close())
}
