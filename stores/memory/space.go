package memory

import (
	"fmt"
	"maps"
	"slices"

	"restorebench/stores"
)

// NewSpace returns a space whose byte stores are in memory. A byte store exists as
// long as it is open, and comes back empty.
func NewSpace() stores.Space { return &space{open: map[string]*Store{}} }

type space struct{ open map[string]*Store }

func (s *space) Open(name string) (stores.Store, error) {
	s.forget()
	if s.open[name] != nil {
		return nil, fmt.Errorf("memory: store %q is open already", name)
	}
	store := New()
	s.open[name] = store
	return store, nil
}

func (s *space) Names() ([]string, error) {
	s.forget()
	return slices.Sorted(maps.Keys(s.open)), nil
}

func (s *space) Remove(name string) error {
	s.forget()
	if s.open[name] != nil {
		return fmt.Errorf("memory: remove store %q: it is still open", name)
	}
	return nil
}

// forget drops the stores that were closed, whose contents are gone.
func (s *space) forget() {
	maps.DeleteFunc(s.open, func(_ string, store *Store) bool { return store.closed })
}
