//go:build cgo && !norocksdb

package rocks

import (
	"fmt"
	"regexp"

	"restorebench/stores"
)

// ofChangelog is a key of the offsets, of some changelog's partition.
var ofChangelog = regexp.MustCompile(`^.+-[0-9]+$`)

// checkForeign refuses a store that has the offset of another changelog, or of another partition, beside its own. Each write comes
// with its offset: so records of that one have got in here. RocksDB replays a write-ahead log whatever store it is of, if its number fits.
func (s *Store) checkForeign() error {
	it := s.db.NewIteratorCF(s.options.read, s.offsets)
	defer it.Close()
	for it.SeekToFirst(); it.Valid(); it.Next() {
		key := it.Key()
		name := string(key.Data())
		key.Free()
		if ofChangelog.MatchString(name) && name != string(s.offsetKey) {
			return fmt.Errorf("rocks: open %s: %w: it has an offset of %s, want one of %s only", s.dir, stores.ErrCorrupt, name, s.offsetKey)
		}
	}
	return classify("open", s.dir, it.Err())
}
