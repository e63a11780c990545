package memory

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A capture that is read bit by bit while the index changes, and is resized, is the
// index of the moment at which it began.
func TestCapture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := &index{}
		check := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		defer func() { check(x.free()) }()
		tags := rapid.Uint64Range(0, 1<<tagBits-1)
		change := func(most int) {
			for range rapid.IntRange(0, most).Draw(t, "changes") {
				slot := 0
				if len(x.slots) > 0 {
					slot = x.home(tags.Draw(t, "tag"))
				}
				switch {
				case len(x.slots) == 0 || x.slots[slot] == 0:
					check(x.reserve())
					tag := tags.Draw(t, "new tag")
					for slot = x.home(tag); x.slots[slot] != 0; {
						slot = (slot + 1) & x.mask()
					}
					x.set(slot, tag, 1+uint64(x.count))
					x.count++
				case rapid.Bool().Draw(t, "remove"):
					check(x.remove(slot))
				default:
					x.set(slot, x.slots[slot]>>addressBits, 1<<30)
				}
			}
		}
		change(1000)
		want := slices.Clone(x.slots)
		copies, err := spare(rapid.SampledFrom([]int{0, len(x.slots), 2048}).Draw(t, "spare"))
		check(err)
		c, err := x.freeze(copies)
		check(err)
		var got []uint64
		part := make([]uint64, pageSlots)
		for {
			change(300)
			if rapid.IntRange(0, 3).Draw(t, "resize") == 0 && len(x.slots) > 0 {
				check(x.resize(x.bits + 1))
			}
			n := c.take(part)
			if n == 0 {
				break
			}
			got = append(got, part[:n]...)
		}
		x.release(c)
		check(c.free())
		if !slices.Equal(got, want) {
			t.Fatalf("read %d slots, want the %d of the beginning", len(got), len(want))
		}
	})
}

// All memory of an index, of slabs, of captures and of what is kept for them goes back to the system.
func TestNoMemoryIsLeft(t *testing.T) {
	const bits, rounds = 20, 64 // 8 MiB of slots
	mapped := func() int64 {
		text, err := os.ReadFile("/proc/self/statm")
		if errors.Is(err, fs.ErrNotExist) {
			t.Skip("only Linux tells what a process has mapped: ", err)
		} else if err != nil {
			t.Fatal(err)
		}
		var pages int64
		if _, err := fmt.Sscan(string(text), &pages); err != nil {
			t.Fatal(err)
		}
		return pages * int64(os.Getpagesize())
	}
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, use := range map[string]func(){
		"resized": func() {
			x := &index{}
			check(x.resize(bits))
			check(x.resize(bits + 1))
			check(x.free())
		},
		"captured": func() {
			x := &index{}
			check(x.resize(bits))
			copies, err := spare(1 << minBits)
			check(err)
			c, err := x.freeze(copies) // which are of another size
			check(err)
			x.release(c)
			check(c.free())
			check(x.free())
		},
		"resized while it is captured": func() {
			x := &index{}
			check(x.resize(bits))
			c, err := x.freeze(nil)
			check(err)
			check(x.resize(bits - 1))
			x.release(c)
			check(c.free())
			check(x.free())
		},
		"spare that is of another size": func() {
			x := &index{}
			check(x.resize(minBits))
			copies, err := mapSlots(1 << bits)
			check(err)
			c, err := x.freeze(copies)
			check(err)
			x.release(c)
			check(c.free())
			check(x.free())
		},
		"slabs that are on their way": func() {
			for range slotBytes << bits / slabBytes {
				s := &slabs{}
				for range 3 {
					_, err := s.add(slabBytes)
					check(err)
				}
				check(s.free())
			}
		},
		"spare that nobody takes": func() {
			copies, err := mapSlots(1 << bits)
			check(err)
			w := &saver{copies: copies}
			check(w.freeCopies())
			check(w.freeCopies()) // and not the same ones twice
		},
	} {
		use()
		before := mapped()
		for range rounds {
			use()
		}
		if left := mapped() - before; left > rounds/2*slotBytes<<bits {
			t.Errorf("%s: %d rounds leave %d MiB", name, rounds, left>>20)
		}
	}
}
