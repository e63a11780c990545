package memory

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/zeebo/xxh3"

	"restorebench/stores"
)

// sealSnapshot sets the checksums over contents and marks, so that what lies behind them is looked
// into.
func sealSnapshot(file []byte) {
	for place := 0; place+markBytes <= min(len(file), 2*markRoom); place += markRoom {
		word := func(i int) []byte { return file[place+8*i:] }
		at, n := binary.NativeEndian.Uint64(word(4)), binary.NativeEndian.Uint64(word(5))
		if at <= uint64(len(file)) && n <= uint64(len(file))-at {
			binary.NativeEndian.PutUint64(word(6), xxh3.Hash(file[at:at+n]))
		}
		binary.NativeEndian.PutUint64(word(7), xxh3.Hash(file[place:place+markBytes-8]))
	}
}

// Any file is a snapshot that can be read, or stores.ErrCorrupt: no panic, and no more
// memory than the file is long.
func FuzzSnapshot(f *testing.F) {
	dir := f.TempDir()
	s, err := NewSpaceIn(dir, Options{}).Open("")
	if err != nil {
		f.Fatal(err)
	}
	var b stores.Batch
	b.Append([]byte("key"), []byte("value"), 0, 0)
	if err := errors.Join(s.Apply(&b), s.Flush(), s.Close()); err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(dir, fileName)
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, false)
	f.Add(whole, true)
	f.Add(whole[:dataStart], true)
	f.Fuzz(func(t *testing.T, file []byte, sealed bool) {
		file = append([]byte{}, file...)
		if sealed {
			sealSnapshot(file)
		}
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := NewSpaceIn(dir, Options{}).Open("")
		if err != nil {
			if !errors.Is(err, stores.ErrCorrupt) {
				t.Errorf("%v, which is not stores.ErrCorrupt", err)
			}
			return
		}
		it := s.Range(nil, nil)
		for it.Next() {
		}
		if err := errors.Join(it.Err(), it.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
}
