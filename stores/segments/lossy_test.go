package segments_test

import (
	"bytes"
	"errors"
	"maps"
	"slices"

	"restorebench/stores"
	"restorebench/stores/memory"
)

var errKilled = errors.New("killed")

// lossySpace stands for the files of a process that is killed: what a byte store has
// not flushed is gone when the space is opened again. Each flushes for itself.
type lossySpace struct {
	files map[string]*lossyFile
	life  int // changes of files until the kill; negative: endless
}

type lossyFile struct{ durable, pending []*stores.Batch }

func newLossySpace() *lossySpace { return &lossySpace{files: map[string]*lossyFile{}, life: -1} }

// kill loses what is not durable, and starts a new process.
func (s *lossySpace) kill() {
	s.life = -1
	for _, f := range s.files {
		f.pending = nil
	}
}

// change is each moment at which a kill makes a difference.
func (s *lossySpace) change() error {
	if s.life == 0 {
		return errKilled
	}
	s.life--
	return nil
}

func (s *lossySpace) Open(name string) (stores.Store, error) {
	f := s.files[name]
	if f == nil {
		if err := s.change(); err != nil {
			return nil, err
		}
		f = &lossyFile{}
		s.files[name] = f
	}
	store := &lossyStore{memory.New(), f, s}
	for _, b := range f.durable {
		if err := store.Store.Apply(b); err != nil {
			return nil, err
		}
	}
	return store, nil
}

func (s *lossySpace) Names() ([]string, error) { return slices.Sorted(maps.Keys(s.files)), nil }

func (s *lossySpace) Remove(name string) error {
	if err := s.change(); err != nil {
		return err
	}
	delete(s.files, name)
	return nil
}

// flush is what an engine does by itself when a byte store's memory is full.
func (f *lossyFile) flush() {
	f.durable = append(f.durable, f.pending...)
	f.pending = nil
}

type lossyStore struct {
	*memory.Store
	file  *lossyFile
	space *lossySpace
}

func (s *lossyStore) Apply(b *stores.Batch) error {
	if err := s.space.change(); err != nil {
		return err
	}
	clone := *b
	clone.Arena, clone.Entries = bytes.Clone(b.Arena), slices.Clone(b.Entries)
	s.file.pending = append(s.file.pending, &clone)
	return s.Store.Apply(b)
}

func (s *lossyStore) Flush() error {
	if err := s.space.change(); err != nil {
		return err
	}
	s.file.flush()
	return nil
}
