//go:build cgo && !norocksdb

package rocks

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/linxGnu/grocksdb"

	"restorebench/stores"
)

// families are the column families of a store, with their options: the last is the
// offsets', the one before it holds the records.
func (o *Options) families(options *openOptions) ([]string, []*grocksdb.Options) {
	if o.Family == "" || o.Family == defaultFamily {
		return []string{defaultFamily, offsetsFamily}, []*grocksdb.Options{options.db, options.offsets}
	}
	return []string{defaultFamily, o.Family, offsetsFamily},
		[]*grocksdb.Options{options.db, options.db, options.offsets}
}

// checkFamilies finds out, before anything is written to it, whether the store in
// dir is of another type: whether it has a column family that this one doesn't, or
// the other way round. (RocksDB would add what is missing.) The offsets' family is
// left to RocksDB: stores from before KIP-1035 lack it.
func checkFamilies(dir string, want []string, options *grocksdb.Options) error {
	if _, err := os.Stat(filepath.Join(dir, "CURRENT")); err != nil {
		return nil // an empty directory: checkFiles was here
	}
	got, err := grocksdb.ListColumnFamilies(options, dir)
	if err != nil {
		return classify("open", dir, err)
	}
	records := func(names []string) []string {
		return slices.DeleteFunc(slices.Sorted(slices.Values(names)), func(s string) bool { return s == offsetsFamily })
	}
	if g, w := records(got), records(want); !slices.Equal(g, w) && !isUnfinished(dir, got) {
		return fmt.Errorf("rocks: open %s: %w: its records are in the column families %s, want %s",
			dir, stores.ErrLayout, strings.Join(g, ", "), strings.Join(w, ", "))
	}
	return nil
}

// isUnfinished tells a store that was killed while it was created, before all of its
// column families were there: RocksDB makes the default one first, and the files hold
// nothing. Its creation can go on.
func isUnfinished(dir string, families []string) bool {
	if !slices.Equal(families, []string{defaultFamily}) {
		return false
	}
	entries, err := os.ReadDir(dir)
	return err == nil && !slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		info, err := e.Info()
		switch filepath.Ext(e.Name()) {
		case ".sst":
			return true
		case ".log": // the write-ahead log
			return err != nil || info.Size() > 0
		}
		return false
	})
}

// checkDefault makes sure that nothing is in the default column family when another
// one holds the records. Kafka Streams reads both then (its upgrade mode).
func (s *Store) checkDefault() error {
	if s.families[0] == s.data {
		return nil
	}
	it := s.db.NewIteratorCF(s.options.read, s.families[0])
	defer it.Close()
	if it.SeekToFirst(); it.Valid() {
		return fmt.Errorf("rocks: open %s: %w: key %x is in the default column family, want all in %s",
			s.dir, stores.ErrLayout, it.Key().Data(), s.data.Name())
	}
	return classify("open", s.dir, it.Err())
}
