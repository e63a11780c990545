package lockholder

import "testing"

func TestIn(t *testing.T) {
	const locks = `1: POSIX  ADVISORY  WRITE 11 fe:01:77 0 EOF
1: -> POSIX  ADVISORY  WRITE 12 fe:01:78 0 EOF
2: FLOCK  ADVISORY  WRITE 13 00:0a:78 0 EOF
3: POSIX  ADVISORY  WRITE 14 fe:01:78 0 EOF
`
	for inode, want := range map[uint64]string{77: " (pid 11)", 78: " (pid 14)", 79: ""} {
		if got := in(locks, 0xfe01, inode); got != want {
			t.Errorf("the holder of inode %d is %q, want %q", inode, got, want)
		}
	}
}

// The lock's holder is a process, or nobody.
func FuzzHolder(f *testing.F) {
	f.Add("1: POSIX  ADVISORY  WRITE 123 fe:01:4567 0 EOF\n1: -> POSIX ADVISORY WRITE 9 fe:01:4567 0 EOF\n", uint64(0xfe01), uint64(4567))
	f.Fuzz(func(t *testing.T, locks string, dev, inode uint64) {
		if who := in(locks, dev, inode); who != "" && len(who) < len(" (pid 1)") {
			t.Errorf("%q", who)
		}
	})
}
