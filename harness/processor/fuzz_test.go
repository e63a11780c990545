package processor

import (
	"bytes"
	"testing"

	"restorebench/harness/changelog"
	"restorebench/internal/alloctest"
	"restorebench/stores"
)

// What is taken for a file that says which changelog the files beside it are of is one that was written, byte for byte, for this one
// only; and whatever is written is read as it was, or not at all.
func FuzzSource(f *testing.F) {
	const id = "bX5i2Q-_RKqk0cM7cTeBzA"
	s := source{topic: "app-store-changelog", partition: 3}
	f.Add(s.text(origin{changelog.Identity{ID: id, Partitions: 12}, 1_700_000_000_123, 4567, unknown, 0x1f}), id, int32(12), int64(1_700_000_000_123), int64(4567), int64(unknown), uint64(0x1f))
	f.Add([]byte("3\n"), "a b", int32(-1), int64(-1), int64(-1), int64(-2), uint64(0))
	f.Add([]byte("1\napp-store-changelog 3 "+id+" 12\n1700000000123 -1\n0123456789abcdef\n"), "", int32(0), int64(0), int64(0), int64(0), uint64(0))
	f.Fuzz(func(t *testing.T, text []byte, id string, partitions int32, at, next, kept int64, incarnation uint64) {
		var o origin
		var ok bool
		alloctest.AtMost(t, noteBytes(text), func() { o, ok = s.parse(text) })
		if ok {
			if !bytes.Equal(s.text(o), text) {
				t.Errorf("%q is %+v, which is written as %q", text, o, s.text(o))
			}
			other := source{topic: s.topic, partition: s.partition + 1}
			if _, ok := other.parse(text); ok {
				t.Errorf("%q is of partition %d and of %d", text, s.partition, other.partition)
			}
		}
		want := origin{changelog.Identity{ID: id, Partitions: int(partitions)}, at, stores.Offset(next), kept, incarnation}
		if o, ok := s.parse(s.text(want)); ok && o != want {
			t.Errorf("%+v is read as %+v", want, o)
		}
	})
}

// What is taken for a checkpoint is one that was written, byte for byte, with an offset to go on from, and no shorter.
func FuzzCheckpoint(f *testing.F) {
	c := checkpoint{topic: "app-store-changelog", partition: 3}
	f.Add(c.text(1235), int64(1235))
	f.Add([]byte("0\n2\napp-store-changelog 3 1\napp-other-changelog 3 1\n"), int64(1))
	f.Add([]byte("0\n1\napp-store-changelog 3 9223372036854775807\n"), int64(1<<63-1))
	f.Fuzz(func(t *testing.T, text []byte, n int64) {
		var next stores.Offset
		var ok bool
		alloctest.AtMost(t, noteBytes(text), func() { next, ok = c.parse(text) })
		if ok {
			if next < 1 || !bytes.Equal(c.text(next), text) {
				t.Errorf("%q is %d, which is written as %q", text, next, c.text(next))
			}
			if cut, ok := c.parse(text[:len(text)-1]); ok {
				t.Errorf("%q is %d, and without its end it is %d", text, next, cut)
			}
		}
		if n < 1 {
			return
		}
		if next, ok := c.parse(c.text(stores.Offset(n))); !ok || int64(next) != n {
			t.Errorf("%d is read as %d, %v", n, next, ok)
		}
	})
}

// What is taken for a store's number is one that was written, byte for byte.
func FuzzIncarnation(f *testing.F) {
	f.Add(incarnationText(0x0123456789abcdef), uint64(0xf00d))
	f.Add([]byte("0x00000000000000f\n"), uint64(0))
	f.Add([]byte("0000000000000001\n\n"), uint64(1<<64-1))
	f.Fuzz(func(t *testing.T, text []byte, n uint64) {
		var got uint64
		alloctest.AtMost(t, noteBytes(text), func() { got = parseIncarnation(text) })
		if got != 0 && !bytes.Equal(incarnationText(got), text) {
			t.Errorf("%q is %x, which is written as %q", text, got, incarnationText(got))
		}
		if got := parseIncarnation(incarnationText(n)); got != n {
			t.Errorf("%x is read as %x", n, got)
		}
	})
}

// noteBytes is what a file beside the stores may take to be parsed: its text, the token that is being read, which grows by doubling, and
// what was found.
func noteBytes(text []byte) int { return 32*len(text) + 64<<10 }
