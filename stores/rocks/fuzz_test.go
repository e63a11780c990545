package rocks

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"restorebench/stores"
)

// Saved bytes are an offset behind which the changelog can go on, unknown, or an error.
func FuzzSavedOffset(f *testing.F) {
	for _, saved := range []int64{0, 41, offsetUnknown, -1, 1<<63 - 1} {
		f.Add(binary.BigEndian.AppendUint64(nil, uint64(saved)))
	}
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, saved []byte) {
		next, ok, err := nextOffset(saved)
		switch {
		case !ok && next != 0, ok && err != nil, ok && next < 1:
			t.Errorf("%d, %v, %v", next, ok, err)
		case ok && uint64(savedOffset(next)) != binary.BigEndian.Uint64(saved):
			t.Errorf("%x is %d, which is saved as %d", saved, next, savedOffset(next))
		}
	})
}

// Whatever a MANIFEST holds, it is looked through to its end.
func FuzzCheckLog(f *testing.F) {
	f.Add([]byte{})
	f.Add(append(make([]byte, logBlock-3), 1, 2, 3, 4, 5, 6, 7, 8))
	f.Add([]byte{0, 0, 0, 0, 0xff, 0xff, 1, 'a'})
	f.Fuzz(func(t *testing.T, log []byte) {
		if at, ok := checkLog(log); !ok && (at < 0 || at >= len(log)) {
			t.Errorf("a wrong record at byte %d of %d", at, len(log))
		}
	})
}

// Whatever CURRENT is, it names a MANIFEST or the store is corrupt; and none that is there but the newest, behind which records were written.
func FuzzCurrent(f *testing.F) {
	dir := f.TempDir()
	for _, name := range []string{"MANIFEST-000005", "MANIFEST-000011", "000012.sst"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			f.Fatal(err)
		}
	}
	for _, current := range []string{"MANIFEST-000005\n", "MANIFEST-000011\n", "MANIFEST-11", "MANIFEST-000012\n", "MANIFEST-\x00\n", "000011\n", ""} {
		f.Add([]byte(current))
	}
	f.Fuzz(func(t *testing.T, current []byte) {
		if err := os.WriteFile(filepath.Join(dir, "CURRENT"), current, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, check := range []func(string) error{checkManifest, checkCurrent} {
			if err := check(dir); err != nil {
				if !errors.Is(err, stores.ErrCorrupt) {
					t.Errorf("CURRENT is %q: %v, which is not stores.ErrCorrupt", current, err)
				}
				return
			}
		}
		if newest := int64(11); numberOf(string(current)) < newest {
			t.Errorf("CURRENT is %q, and passes for %d or newer", current, newest)
		}
	})
}
