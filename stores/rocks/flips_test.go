//go:build cgo && !norocksdb

package rocks

import (
	"errors"
	flags "flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"restorebench/stores"
)

var stride = flags.Int("stride", 97, "of TestDamagedFiles: which places are damaged; 1 is every bit and every truncation")

// steps of a small store, each flushed: its contents by the offset behind.
func smallStore(t *testing.T, dir string) (states map[string]bool, last string) {
	t.Helper()
	states = map[string]bool{"0 false": true}
	s := open(t, dir, options)
	for step := range 3 {
		var b stores.Batch
		for i := range 4 {
			b.Append(fmt.Append(nil, "key-", i+step), fmt.Append(nil, "value-", step), 0, stores.Offset(4*step+i))
		}
		b.Append([]byte("key-1"), nil, 0, stores.Offset(4*step+4))
		if err := errors.Join(s.Apply(&b), s.Flush()); err != nil {
			t.Fatal(err)
		}
		last = all(t, s)
		states[last] = true
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return states, last
}

// read is a store's offset and records.
func read(s *Store) (string, error) {
	next, ok := s.Offset()
	text := fmt.Sprint(next, ok)
	it := s.Range(nil, nil)
	for it.Next() {
		text += fmt.Sprintf(" %q=%q", it.Key(), it.Value())
	}
	return text, errors.Join(it.Err(), it.Close())
}

func all(t *testing.T, s *Store) string {
	t.Helper()
	text, err := read(s)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A bit that is wrong, or an end that is missing, in any file: the store is refused, or it is
// one that it was, with the offset that it had then.
func TestDamagedFiles(t *testing.T) {
	dir := t.TempDir()
	states, last := smallStore(t, dir)
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var refused, same, earlier int
	for _, file := range files {
		whole, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(file.Name(), "LOG") || strings.HasPrefix(file.Name(), "OPTIONS") {
			continue // RocksDB's diary, which nobody reads
		}
		try := func(damaged []byte, how string, at int) {
			switch got, err := opened(t, dir, file.Name(), damaged); {
			case err != nil:
				refused++
			case got == last:
				same++
			case states[got]:
				earlier++
			default:
				t.Errorf("%s, %s %d of %d: taken for %s, want %s", file.Name(), how, at, len(whole), got, last)
			}
		}
		// A flipped bit in a MANIFEST can make RocksDB search it without an end, before it has compared the checksum; only the
		// trial's --stall-timeout ends that.
		for bit := 0; bit < 8*len(whole) && !strings.HasPrefix(file.Name(), "MANIFEST"); bit += *stride {
			damaged := append([]byte{}, whole...)
			damaged[bit/8] ^= 1 << (bit % 8)
			try(damaged, "bit", bit)
		}
		for n := 0; n < len(whole); n += *stride {
			try(whole[:n], "cut to", n)
		}
	}
	t.Logf("%d damaged files: %d refused, %d as before, %d as at an earlier flush", refused+same+earlier, refused, same, earlier)
}

// opened reads a copy of a directory with one file changed.
func opened(t *testing.T, dir, name string, contents []byte) (string, error) {
	t.Helper()
	copied, err := os.MkdirTemp("", "rocks-damaged-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(copied)
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(copied, name), contents, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(copied, options)
	if err != nil {
		return "", err
	}
	text, err := read(s)
	return text, errors.Join(err, s.Close())
}
