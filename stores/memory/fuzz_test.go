package memory

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/zeebo/xxh3"

	"restorebench/internal/alloctest"
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

// mappedBytes is the memory of a store that is not Go's.
func mappedBytes(s *Store) int64 { return s.slabs.mapped + int64(len(s.index.slots))*slotBytes }

// tooLongSlabs is a snapshot whose slabs' lengths, and whose numbers of blocks, are right once they have overflowed: no byte, and two.
func tooLongSlabs() []byte {
	c := `{"Slabs":[{"Used":4611686018427387904},{"Used":4611686018427387904},{"Used":9223372036854775744},{"Used":64}],"Blocks":[0,0]}`
	m := mark{sequence: 2, next: 1, contentsAt: dataStart, contentsLen: int64(len(c))}
	file := m.append(make([]byte, 0, dataStart+len(c)))[:dataStart]
	return append(file, c...)
}

// Any file is a snapshot that can be read, or stores.ErrCorrupt: no panic, and no more
// memory than the file explains: what is mapped is as long, but for a slab that has room for more.
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
	f.Add(tooLongSlabs(), true)
	f.Fuzz(func(t *testing.T, file []byte, sealed bool) {
		file = append([]byte{}, file...)
		if sealed {
			sealSnapshot(file)
		}
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		var s stores.Store
		var err error
		// Three bytes of the contents, {}, are a slab of 16, twice so in memory, and lists are copied as they grow.
		alloctest.AtMost(t, 256*len(file)+512<<10, func() { s, err = NewSpaceIn(dir, Options{}).Open("") })
		if err != nil {
			if !errors.Is(err, stores.ErrCorrupt) {
				t.Errorf("%v, which is not stores.ErrCorrupt", err)
			}
			return
		}
		if mapped := mappedBytes(s.(*Store)); mapped > int64(len(file))+slabBytes {
			t.Errorf("%d bytes are mapped for a file of %d", mapped, len(file))
		}
		it := s.Range(nil, nil)
		for it.Next() {
		}
		if err := errors.Join(it.Err(), it.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
}
