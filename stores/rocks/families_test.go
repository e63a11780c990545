//go:build cgo && !norocksdb

package rocks

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/linxGnu/grocksdb"

	"restorebench/stores"
	"restorebench/stores/storetest"
)

var timestamped = Options{Topic: "app-store-changelog", CreateIfMissing: true, Family: TimestampedFamily}

func TestTimestampedFamily(t *testing.T) {
	storetest.Seldom(t, 30)
	storetest.Run(t, storetest.Harness{
		Open:    func(dir string) (stores.Store, error) { return Open(dir, timestamped) },
		Durable: true,
	})
}

// A directory of another type is refused and stays as it was.
func TestOtherFamily(t *testing.T) {
	for name, c := range map[string]struct {
		wrote, opens Options
		want         []string
	}{
		"plain opened as timestamped": {options, timestamped, []string{"column families default, want", TimestampedFamily}},
		"timestamped opened as plain": {timestamped, options, []string{TimestampedFamily, "want default"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, c.wrote)
			apply(t, s, 10)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			before := listing(t, dir)
			_, err := Open(dir, c.opens)
			wantError(t, err, stores.ErrLayout, append(c.want, dir)...)
			if after := listing(t, dir); !slices.Equal(before, after) {
				t.Errorf("the refused directory changed from %q to %q", before, after)
			}
			if _, ok := open(t, dir, c.wrote).Offset(); !ok {
				t.Error("its own type finds no offset there any more")
			}
		})
	}
}

// Kafka Streams would open this one in its upgrade mode and read both families.
func TestRecordsInDefaultFamily(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, timestamped)
	if err := s.db.PutCF(s.options.write, s.families[0], []byte("old"), []byte("v")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir, timestamped)
	wantError(t, err, stores.ErrLayout, dir, "key 6f6c64", "want all in "+TimestampedFamily)
}

// listing is the names and contents of a directory's data files.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	for _, pattern := range []string{"*.sst", "MANIFEST-*", "CURRENT"} {
		files, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, file+" "+string(text))
		}
	}
	return list
}

// A kill while a store is created leaves the default column family alone, with nothing in
// it. Such a store is completed; one with records in its log is of another type.
func TestCreationThatWasKilled(t *testing.T) {
	create := func(dir string, record, flush bool) {
		o := grocksdb.NewDefaultOptions()
		defer o.Destroy()
		o.SetCreateIfMissing(true)
		db, err := grocksdb.OpenDb(o, dir)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if record {
			w := grocksdb.NewDefaultWriteOptions()
			defer w.Destroy()
			if err := db.Put(w, []byte("k"), []byte("v")); err != nil {
				t.Fatal(err)
			}
		}
		if flush {
			f := grocksdb.NewDefaultFlushOptions()
			defer f.Destroy()
			if err := db.Flush(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	killed := t.TempDir()
	create(killed, false, false)
	s := open(t, killed, timestamped)
	if _, ok := s.Offset(); ok {
		t.Error("an empty store has an offset")
	}
	apply(t, s, 10)
	for _, flush := range []bool{false, true} {
		other := t.TempDir()
		create(other, true, flush)
		if flush { // and its log has been deleted, as RocksDB does in its own time
			logs, _ := filepath.Glob(filepath.Join(other, "*.log"))
			for _, log := range logs {
				if err := os.Remove(log); err != nil {
					t.Fatal(err)
				}
			}
		}
		before := listing(t, other)
		_, err := Open(other, timestamped)
		wantError(t, err, stores.ErrLayout, other)
		if after := listing(t, other); !slices.Equal(before, after) {
			t.Errorf("the refused directory changed from %q to %q", before, after)
		}
	}
}
