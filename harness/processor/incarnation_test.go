package processor

import (
	"bytes"
	"strings"
	"testing"
)

// Every truncation of the number's file is as good as none, and so is every flipped bit but one that makes another digit. That is another
// number, never the one that was written; of either the store is another one than the file beside it is of, and its files are not used.
func TestIncarnationIsWhole(t *testing.T) {
	for _, n := range []uint64{0x0123456789abcdef, 1, 0xf00d, 1<<64 - 1} {
		text := incarnationText(n)
		noted := origin{incarnation: n}
		judge := func(bad []byte, number bool) {
			t.Helper()
			got := parseIncarnation(bad)
			if got == n || got != 0 && !number {
				t.Errorf("%x: %q is %x", n, bad, got)
			}
			if number && !bytes.Equal(incarnationText(got), bad) {
				t.Errorf("%x: %q is %x, which is written otherwise", n, bad, got)
			}
			if why := noted.older(got, 0); !strings.Contains(why, "another one") {
				t.Errorf("%x: the files of %q are used: %q", n, bad, why)
			}
		}
		for at := range text {
			judge(text[:at], false)
			for bit := range 8 {
				bad := append([]byte{}, text...)
				bad[at] ^= 1 << bit
				judge(bad, at < 16 && strings.IndexByte("0123456789abcdef", bad[at]) >= 0)
			}
		}
		judge(append(text[:len(text):len(text)], '\n'), false)
		judge(append(text[:len(text):len(text)], text...), false)
		if got := parseIncarnation(text); got != n || noted.older(got, 0) != "" {
			t.Errorf("%q is %x, want %x", text, got, n)
		}
	}
}
