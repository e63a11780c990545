//go:build cgo && !norocksdb

package rocks

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"restorebench/stores"
)

var _ stores.BulkLoader = (*Store)(nil)

const (
	// minBuffer is the least memory for a buffer, in bytes.
	minBuffer = 4096

	// Each of the first rounds gets a level of its own, if the settings are Kafka
	// Streams', where any number of files are one run to be searched and compacted.
	// Later ones go to level 0, where each file is.
	levels, filesOnLevel, filesOnLevel0 = 6, 4, 2

	// compactionTrigger is how many runs make RocksDB compact while it is bulk loaded,
	// instead of 4: as many as it would slow down writes at. So only a large load is
	// compacted meanwhile, and none leaves more behind than writes can go on with.
	compactionTrigger = 20
)

// bulk is what a store has while it is bulk loaded: two buffers, of which one is
// collected in while the other is written.
type bulk struct {
	collecting, spare *buffer // spare is nil while a round has it
	running           *round  // or nil
	err               error   // of the last round; there won't be another one
	rounds            int     // that had records
	dir               string
	file, lastLevel   fileOptions
}

// BeginBulk is stores.BulkLoader's. The memory is outside of Go's heap; RocksDB needs
// about 10 bytes per record more for a round's filters and indexes. What a round wrote
// is durable even where HoldFlush holds single writes back.
func (s *Store) BeginBulk(memory int64) error {
	if err := s.readable(); err != nil {
		return err
	}
	empty, err := s.empty()
	if err != nil {
		return err
	}
	if s.known || !empty {
		return fmt.Errorf("rocks: bulk load %s: %w", s.dir, stores.ErrNotEmpty)
	}
	b := &bulk{dir: filepath.Join(s.dir, bulkDir)}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return fmt.Errorf("rocks: %w", err)
	}
	size := max(memory/2, minBuffer)
	if b.collecting, err = newBuffer(size); err != nil {
		return err
	}
	if b.spare, err = newBuffer(size); err != nil {
		b.collecting.free()
		return err
	}
	b.file = newFileOptions(s.settings, s.settings.BloomBitsPerKey)
	b.lastLevel = newFileOptions(s.settings, s.lastLevelBits())
	if err := s.setCompactionTrigger(compactionTrigger); err != nil {
		b.free()
		return err
	}
	s.bulk = b
	return nil
}

// lastLevelBits is the filter of the last level, which the first round gets to.
func (s *Store) lastLevelBits() float64 {
	if s.settings.OptimizeFiltersForHits {
		return 0
	}
	return s.settings.BloomBitsPerKey
}

func (s *Store) setCompactionTrigger(runs int) error {
	err := s.db.SetOptionsCF(s.data, []string{"level0_file_num_compaction_trigger"}, []string{strconv.Itoa(runs)})
	return classify("set when to compact", s.dir, err)
}

// EndBulk writes the last round, and lets RocksDB compact as it normally does.
func (s *Store) EndBulk() error {
	if s.db == nil {
		return errClosed
	}
	if s.bulk == nil {
		return fmt.Errorf("rocks: end the bulk load of %s: it has not begun", s.dir)
	}
	if err := s.flushBulk(); err != nil {
		return err
	}
	if err := s.setCompactionTrigger(s.options.db.GetLevel0FileNumCompactionTrigger()); err != nil {
		return err
	}
	return s.dropBulk()
}

// dropBulk leaves the bulk load, with whatever has not been written.
func (s *Store) dropBulk() error {
	b := s.bulk
	_ = s.endRound() // an error was reported, or concerns what is forgotten anyway
	b.free()
	s.bulk = nil
	return cleanBulk(s.dir)
}

// free gives the memory back when no round is running.
func (b *bulk) free() {
	b.collecting.free()
	b.spare.free()
	b.file.free()
	b.lastLevel.free()
}

// cleanBulk removes the files of a round that was cut short.
func cleanBulk(dir string) error {
	if err := os.RemoveAll(filepath.Join(dir, bulkDir)); err != nil {
		return fmt.Errorf("rocks: %w", err)
	}
	return nil
}

// readable says why the store can't be read, if it can't.
func (s *Store) readable() error {
	switch {
	case s.db == nil:
		return errClosed
	case s.bulk != nil:
		return fmt.Errorf("rocks: %s: %w", s.dir, stores.ErrBulk)
	}
	return nil
}

// empty finds out whether there is no record.
func (s *Store) empty() (bool, error) {
	it := s.Range(nil, nil)
	some := it.Next()
	return !some, errors.Join(it.Err(), it.Close())
}
