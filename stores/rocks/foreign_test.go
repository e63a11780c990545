//go:build cgo && !norocksdb

package rocks

import (
	"os"
	"path/filepath"
	"testing"

	"restorebench/stores"
)

// The write-ahead log of another partition's store, of the same number, is replayed by RocksDB: then the store is refused.
func TestForeignLog(t *testing.T) {
	dirs := map[int32]string{}
	logged := options
	logged.Settings = KafkaStreams()
	logged.Settings.WAL = true
	for partition := range int32(2) {
		dirs[partition] = t.TempDir()
		logged.Partition = partition
		s := open(t, dirs[partition], logged)
		apply(t, s, 10)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	logs, err := filepath.Glob(filepath.Join(dirs[0], "*.log"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("%v, %v: want one log", logs, err)
	}
	foreign, err := os.ReadFile(filepath.Join(dirs[1], filepath.Base(logs[0])))
	if err != nil || len(foreign) == 0 {
		t.Fatalf("%d bytes, %v", len(foreign), err)
	}
	if err := os.WriteFile(logs[0], foreign, 0o600); err != nil {
		t.Fatal(err)
	}
	logged.Partition = 0
	s, err := Open(dirs[0], logged)
	wantError(t, err, stores.ErrCorrupt, dirs[0], string(offsetKey(logged.Topic, 1)), string(offsetKey(logged.Topic, 0)))
	if s != nil {
		t.Errorf("it is open all the same: %v", s.Close())
	}
}
