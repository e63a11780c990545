package rocks

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"restorebench/stores"
)

// checkCurrent refuses a CURRENT that names an older MANIFEST than there is, as from a backup, where a store has a write-ahead log: what
// the newer one had of the log's records is in no file that the older one knows, and the logs behind it go on without them; RocksDB
// finds a hole between two logs only if the same process wrote both. A kill leaves a newer MANIFEST too, just before CURRENT is to name
// it: then nothing was written behind that, and the records of all logs have just gone into files, which have higher numbers.
func checkCurrent(dir string) error {
	current, err := os.ReadFile(filepath.Join(dir, "CURRENT"))
	if err != nil {
		return ignoreMissing(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ignoreMissing(err)
	}
	named, newest, table, log := numberOf(string(current)), int64(0), int64(0), int64(0)
	for _, e := range entries {
		n := numberOf(e.Name())
		switch {
		case strings.HasPrefix(e.Name(), manifestPrefix):
			newest = max(newest, n)
		case strings.HasSuffix(e.Name(), ".sst"):
			table = max(table, n)
		case strings.HasSuffix(e.Name(), ".log"):
			if info, err := e.Info(); err == nil && info.Size() > 0 {
				log = max(log, n)
			}
		}
	}
	if newest > named && (log > table || table > newest) {
		return fmt.Errorf("rocks: open %s: %w: its CURRENT names %s%06d, want %06d, behind which file %06d was written",
			dir, stores.ErrCorrupt, manifestPrefix, named, newest, max(log, table))
	}
	return nil
}

// numberOf is the number in the name of a file, 0 for none.
func numberOf(name string) int64 {
	name = strings.TrimPrefix(strings.TrimSpace(name), manifestPrefix)
	name, _, _ = strings.Cut(name, ".")
	n, err := strconv.ParseInt(name, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
