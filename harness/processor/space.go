package processor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"restorebench/stores"
	"restorebench/stores/rocks"
)

// space remembers the byte stores that a store has opened, to reach what their engine
// can do and a type does not show.
type space struct {
	stores.Space
	bulk int64 // memory for each byte store that is opened, to load in bulk; 0: not
	// readable byte stores can be read while they are loaded in bulk; see staged.
	readable bool

	mu     sync.Mutex // snapshots are taken beside the one writer
	opened map[string]stores.Store
}

func newSpace(s stores.Space) *space { return &space{Space: s, opened: map[string]stores.Store{}} }

func (s *space) Open(name string) (stores.Store, error) {
	bytes, err := s.Space.Open(name)
	if err != nil {
		return nil, err
	}
	if inRocks, ok := bytes.(*rocks.Store); ok && s.readable {
		bytes = &staged{Store: inRocks}
	}
	if s.bulk > 0 {
		if err := beginBulk(bytes, s.bulk); err != nil {
			return nil, errors.Join(err, bytes.Close())
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened[name] = bytes
	return bytes, nil
}

func (s *space) Remove(name string) error {
	s.mu.Lock()
	delete(s.opened, name)
	s.mu.Unlock()
	return s.Space.Remove(name)
}

// byteStores are those that are open.
func (s *space) byteStores() []stores.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.opened))
}

// beginBulk makes the byte stores, and those opened from now on, load in bulk, with so
// many bytes of memory for each.
func (s *space) beginBulk(memory int64) error {
	s.bulk = memory
	for _, bytes := range s.byteStores() {
		if err := beginBulk(bytes, memory); err != nil {
			return err
		}
	}
	return nil
}

func beginBulk(bytes stores.Store, memory int64) error {
	loader, ok := bytes.(stores.BulkLoader)
	if !ok {
		return fmt.Errorf("a store of type %T does not load in bulk", bytes)
	}
	return loader.BeginBulk(memory)
}

// endBulk makes all that was loaded readable and durable.
func (s *space) endBulk() error {
	s.bulk = 0
	for _, bytes := range s.byteStores() {
		if err := bytes.(stores.BulkLoader).EndBulk(); err != nil {
			return err
		}
	}
	return nil
}

// holder can keep what is applied from becoming durable by itself.
type holder interface{ HoldFlush(bytes int) error }

// holdFlush keeps the store from making so many bytes durable by itself: the store where
// it can, since only it knows which byte stores it will open, else those it has opened.
func (part *partition) holdFlush(bytes int) error {
	part.held.Store(true)
	if h, ok := part.store.(holder); ok {
		return h.HoldFlush(bytes)
	}
	for _, opened := range part.space.byteStores() {
		if h, ok := opened.(holder); ok {
			if err := h.HoldFlush(bytes); err != nil {
				return err
			}
		}
	}
	return nil
}

// snapshotter writes its contents to a file while it is written to.
type snapshotter interface {
	Snapshot(ctx context.Context) error
}

// snapshot writes a snapshot of each byte store that has any, unless that is held. One
// that was closed meanwhile, with its segment, needs none. taken says that all of them are written.
func (part *partition) snapshot(ctx context.Context) (taken bool, err error) {
	taken = true
	for _, bytes := range part.space.byteStores() {
		s, ok := bytes.(snapshotter)
		if !ok || part.held.Load() {
			taken = false
			continue
		}
		err := s.Snapshot(ctx)
		if err != nil && ctx.Err() == nil && !errors.Is(err, stores.ErrClosed) {
			return false, fmt.Errorf("snapshot of partition %d: %w", part.id, err)
		}
		taken = taken && err == nil
	}
	return taken, nil
}
