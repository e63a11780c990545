package memory

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"restorebench/stores"
)

// NewSpace returns a space whose byte stores are in memory alone. A byte store exists
// as long as it is open, and comes back empty.
func NewSpace() stores.Space { return &space{open: map[string]*Store{}} }

// NewSpaceIn returns a space whose byte stores have their snapshots in dir, which is
// made when the first of them is opened. Open loads the snapshot, or makes an empty one
// without an offset, so that the store exists from then on. Its error wraps
// stores.ErrCorrupt where that is not a whole one of this store and changelog, and
// stores.ErrLocked while another process has stores of the directory open.
func NewSpaceIn(dir string, o Options) stores.Space {
	return &space{open: map[string]*Store{}, dir: &directory{path: dir}, options: o}
}

type space struct {
	open    map[string]*Store
	dir     *directory // nil for none
	options Options
}

func (s *space) Open(name string) (stores.Store, error) {
	s.forget()
	if s.open[name] != nil {
		return nil, fmt.Errorf("memory: store %q is open already", name)
	}
	store := New()
	if s.dir != nil {
		if err := s.load(store, name); err != nil {
			return nil, err
		}
	}
	s.open[name] = store
	return store, nil
}

func (s *space) load(store *Store, name string) error {
	if err := s.dir.checkName(name); err != nil {
		return err
	}
	if err := s.dir.acquire(); err != nil {
		return err
	}
	store.saver = newSaver(s.dir, name, s.options)
	if err := store.load(); err != nil {
		return errors.Join(err, store.Close())
	}
	return nil
}

// Names lists the stores that are open or have a snapshot.
func (s *space) Names() ([]string, error) {
	s.forget()
	names := slices.Collect(maps.Keys(s.open))
	if s.dir != nil {
		saved, err := s.dir.names()
		if err != nil {
			return nil, err
		}
		names = append(names, saved...)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func (s *space) Remove(name string) error {
	s.forget()
	if s.open[name] != nil {
		return fmt.Errorf("memory: remove store %q: it is still open", name)
	}
	if s.dir == nil {
		return nil
	}
	if err := s.dir.checkName(name); err != nil {
		return err
	}
	return s.dir.remove(name)
}

// forget drops the stores that were closed.
func (s *space) forget() {
	maps.DeleteFunc(s.open, func(_ string, store *Store) bool { return store.closed })
}
