//go:build cgo && !norocksdb

package rocks

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"

	"github.com/linxGnu/grocksdb"
)

// HoldFlush makes the memtables of data and offsets as large as bytes, from now
// on, so that less than this can be applied without a flush by itself: it stays in
// memory until Flush, Close or a kill. 0 goes back to the settings' sizes.
func (s *Store) HoldFlush(bytes int) error {
	if s.db == nil {
		return errClosed
	}
	data, offsets := uint64(bytes), uint64(bytes)
	if bytes == 0 {
		data, offsets = s.options.db.GetWriteBufferSize(), s.options.offsets.GetWriteBufferSize()
	}
	for family, size := range map[*grocksdb.ColumnFamilyHandle]uint64{s.data: data, s.offsets: offsets} {
		err := s.db.SetOptionsCF(family, []string{"write_buffer_size"}, []string{strconv.FormatUint(size, 10)})
		if err != nil {
			return classify("set the memtable size of", s.dir, err)
		}
	}
	return nil
}

// DiskBytes is the size of the store's live files, without what is still in
// memory; 0 after Close.
func (s *Store) DiskBytes() int64 {
	if s.db == nil {
		return 0
	}
	var sum uint64
	for _, family := range []*grocksdb.ColumnFamilyHandle{s.data, s.offsets} {
		n, _ := s.db.GetIntPropertyCF("rocksdb.live-sst-files-size", family)
		sum += n
	}
	return int64(sum)
}

// Version is the version of the RocksDB that is loaded, such as "10.1.3". Its C
// API does not tell, but it writes its version into each database that it opens:
// so the first call opens one in a temporary directory.
func Version() (string, error) { return version() }

var version = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "restorebench-rocksdb-version-")
	if err != nil {
		return "", fmt.Errorf("rocks: %w", err)
	}
	defer os.RemoveAll(dir)
	s, err := Open(dir, Options{CreateIfMissing: true})
	if err != nil {
		return "", err
	}
	defer s.Close()
	files, _ := filepath.Glob(filepath.Join(dir, "OPTIONS-*"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("rocks: %w", err)
		}
		if m := regexp.MustCompile(`(?m)^\s*rocksdb_version=(\S+)`).FindSubmatch(text); m != nil {
			return string(m[1]), nil
		}
	}
	return "", fmt.Errorf("rocks: no file of %s names RocksDB's version", dir)
})
