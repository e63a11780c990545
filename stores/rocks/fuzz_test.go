package rocks

import (
	"encoding/binary"
	"testing"
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

// The lock's holder is a process, or nobody.
func FuzzHolder(f *testing.F) {
	f.Add("1: POSIX  ADVISORY  WRITE 123 fe:01:4567 0 EOF\n1: -> POSIX ADVISORY WRITE 9 fe:01:4567 0 EOF\n", uint64(0xfe01), uint64(4567))
	f.Fuzz(func(t *testing.T, locks string, dev, inode uint64) {
		if who := holderIn(locks, dev, inode); who != "" && len(who) < len(" (pid 1)") {
			t.Errorf("%q", who)
		}
	})
}
