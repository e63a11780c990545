package memory

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zeebo/xxh3"

	"restorebench/stores"
)

// A record takes what recordSize says, to the byte, around each length that takes one byte more to say.
func TestRecordSizes(t *testing.T) {
	var lengths []int
	for _, around := range []int{9, 0x80, 1 << 14} {
		for n := around - 9; n <= around+9; n++ {
			lengths = append(lengths, n)
		}
	}
	for _, keyLen := range lengths {
		for _, valueLen := range lengths {
			key, value := bytes.Repeat([]byte{'k'}, keyLen), bytes.Repeat([]byte{'v'}, valueLen)
			place := make([]byte, recordSize(keyLen, valueLen))
			writeRecord(place, key, value)
			r := parse(place)
			if !bytes.Equal(r.key(), key) || !bytes.Equal(r.value(), value) || r.size() != len(place) {
				t.Fatalf("a record of %d and %d bytes has %d and %d, in %d of %d", keyLen, valueLen, len(r.key()), len(r.value()), r.size(), len(place))
			}
			if waste := len(place) - r.key0 - keyLen - valueLen; len(place)%unit != 0 || waste < 0 || waste >= unit {
				t.Fatalf("a record of %d and %d bytes has %d, %d of them too many", keyLen, valueLen, len(place), waste)
			}
		}
	}
}

// The index doubles when three quarters are taken, and is halved when less than an eighth is.
func TestIndexSize(t *testing.T) {
	s := New()
	defer s.Close()
	for _, step := range []struct{ from, to, valueBytes, slots int }{
		{0, 768, 8, 1024},
		{768, 769, 8, 2048},
		{769, 1536, 8, 2048},
		{1536, 1537, 8, 4096},
		{512, 1537, -1, 4096},
		{511, 512, -1, 2048},
		{256, 511, -1, 2048},
		{255, 256, -1, 1024},
		{0, 255, -1, 1024}, // the least
	} {
		if restore(t, s, step.from, step.to, step.valueBytes); len(s.index.slots) != step.slots || 1<<s.index.bits != step.slots {
			t.Errorf("after %+v there are %d slots for %d records", step, len(s.index.slots), s.index.count)
		}
	}
	x := &index{slots: make([]uint64, 4), bits: maxBits, count: 3}
	if err := x.reserve(); !errors.Is(err, errFull) {
		t.Errorf("an index that can't grow: %v", err)
	}
}

// checkRoom compares a store's sums with its slabs.
func checkRoom(t *testing.T, s *Store) {
	t.Helper()
	var used, dead, mapped int64
	for number, f := range s.slabs.fill {
		used += int64(f.used)
		dead += int64(f.dead)
		mapped += int64(len(s.slabs.memory[number]))
		if f.used > len(s.slabs.memory[number]) || f.dead > f.used || (f.used == 0) != (s.slabs.memory[number] == nil) {
			t.Errorf("slab %d of %d bytes has %+v", number, len(s.slabs.memory[number]), f)
		}
	}
	mapped += int64(8 * len(s.index.slots))
	if got, want := s.Stats(), (Stats{Records: s.index.count, Live: used - dead, Dead: dead, Mapped: mapped}); got != want {
		t.Errorf("stats are %+v, want %+v", got, want)
	}
	if slices.Contains(s.slabs.spare, 0) {
		t.Error("slab 0 is to be used, where no record may lie")
	}
}

// A slab is filled to its last byte, a record that would waste much of one has one to itself, and numbers of slabs are used again.
func TestSlabs(t *testing.T) {
	s := New()
	defer s.Close()
	const perSlab = slabBytes / 128
	restore(t, s, 0, perSlab, 128-16-2)
	if n := len(s.slabs.memory); n != 2 || s.slabs.fill[1].used != slabBytes { // with number 0
		t.Errorf("%d records of 128 bytes take slabs up to %d: %+v", perSlab, n-1, s.slabs.fill)
	}
	if s.slabs.next != nil {
		t.Error("a second slab is prepared for a store that may never need it")
	}
	restore(t, s, perSlab, perSlab+1, 128-16-2)
	if n := len(s.slabs.memory); n != 3 {
		t.Errorf("one record more takes slabs up to %d", n-1)
	}
	const fits = largeBytes - 16 - 4
	restore(t, s, perSlab+1, perSlab+2, fits)
	if n := len(s.slabs.memory); n != 3 {
		t.Errorf("a record of %d bytes takes a slab to itself", largeBytes)
	}
	restore(t, s, perSlab+2, perSlab+3, fits+1)
	if n := len(s.slabs.memory); n != 4 || len(s.slabs.memory[3]) != largeBytes+unit || s.slabs.tail != 2 {
		t.Errorf("a record of more has slab %d, the tail is %d", n-1, s.slabs.tail)
	}
	checkRoom(t, s)

	full := &slabs{memory: make([][]byte, maxSlabs), fill: make([]fill, maxSlabs)}
	if _, err := full.add(slabBytes); !errors.Is(err, errFull) {
		t.Errorf("one slab too many: %v", err)
	}
	full.spare = []uint32{5, 7}
	for _, want := range []uint32{7, 5} {
		if number, err := full.add(slabBytes); number != want || err != nil || len(full.memory[number]) != slabBytes {
			t.Errorf("slab %d is used again, %v, want %d", number, err, want)
		}
	}
	if err := full.free(); err != nil {
		t.Fatal(err)
	}
	unmapped := &slabs{memory: [][]byte{nil, make([]byte, 8), make([]byte, 16)}}
	if err := unmapped.free(); err == nil || !strings.Contains(err.Error(), "can't give 8 bytes back") {
		t.Errorf("slabs that the system does not know are given back: %v", err)
	}
}

// The number of a slab that a snapshot has nothing of is used for the next one; 0 is that of no slab.
func TestEmptySlabsAreSpare(t *testing.T) {
	var s slabs
	for range 3 {
		if _, err := s.restore(contentsSlab{}, false); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(s.spare, []uint32{1, 2}) {
		t.Errorf("spare are %v, want 1 and 2", s.spare)
	}
	if number, err := s.add(slabBytes); number != 2 || err != nil {
		t.Errorf("the next slab has the number %d (%v), want 2", number, err)
	}
	if err := s.free(); err != nil {
		t.Error(err)
	}
}

// Dead room is given back from half of the live room and a slab on, in steps that are as large as what has just died asks for.
func TestCompactionIsGradual(t *testing.T) {
	s := New()
	defer s.Close()
	const perSlab = slabBytes / 128
	restore(t, s, 0, 2*perSlab, 128-16-2)
	restore(t, s, 0, 10, -1) // some of the first slab
	real := s.slabs.dead
	s.slabs.dead = s.slabs.live/2 + slabBytes
	if err := s.compact(0); err != nil || s.compaction != (compaction{}) {
		t.Errorf("compaction begins too early: %+v, %v", s.compaction, err)
	}
	s.slabs.dead++
	pretended := s.slabs.dead - real
	scanned := 0
	for _, step := range []struct{ died, scans int }{{0, compactBytes}, {compactBytes / 8, compactBytes}, {compactBytes * 3 / 8, compactBytes * 3 / 2}} {
		scanned += step.scans
		if err := s.compact(int64(step.died)); err != nil || s.compaction != (compaction{1, scanned}) {
			t.Errorf("after %d bytes have died: %+v, %v; want %d scanned of slab 1", step.died, s.compaction, err, scanned)
		}
	}
	s.slabs.dead -= pretended
	checkRoom(t, s)
	if err := s.compact(0); err != nil || s.compaction != (compaction{}) || s.slabs.memory[1] != nil || !slices.Equal(s.slabs.spare, []uint32{1}) {
		t.Errorf("at the end: %+v, %v, spare %d", s.compaction, err, s.slabs.spare)
	}
	checkRoom(t, s)
	if s.slabs.dead != 0 || s.index.count != 2*perSlab-10 {
		t.Errorf("%+v", s.Stats())
	}
}

// What a slab has lost is counted in it, also where its records move to a slab that makes the list of slabs longer.
func TestCompactionMakesRoom(t *testing.T) {
	s := New()
	defer s.Close()
	const n = slabBytes / 128
	restore(t, s, 0, n, 128-16-2)
	s.slabs.tail, s.slabs.fill = 0, slices.Clip(s.slabs.fill)
	c := &compaction{number: 1}
	if _, err := s.evacuate(c, slabBytes/2); err != nil {
		t.Fatal(err)
	}
	if f := s.slabs.fill[1]; c.scanned != slabBytes/2 || f != (fill{slabBytes, slabBytes / 2}) || len(s.slabs.fill) != 3 {
		t.Errorf("after half of slab 1 %+v, it is %+v, of %d slabs", *c, f, len(s.slabs.fill)-1)
	}
	checkRoom(t, s)
}

// The slab that is appended to may be the one that goes; the next record begins another.
func TestTailIsCompacted(t *testing.T) {
	s := New()
	defer s.Close()
	restore(t, s, 0, 1000, 100)
	restore(t, s, 0, 1000, -1)
	others := slabBytes + unit - s.slabs.dead
	s.slabs.dead += others // just enough for one slab to go
	if err := s.compact(0); err != nil {
		t.Fatal(err)
	}
	s.slabs.dead -= others
	if s.slabs.tail != 0 || s.slabs.memory[1] != nil {
		t.Fatalf("slab 1 is still there, the tail is %d", s.slabs.tail)
	}
	restore(t, s, 0, 1000, 100)
	checkRoom(t, s)
}

func openSnapshot(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := NewSpaceIn(dir, Options{}).Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.(*Store)
}

// A store that is loaded has the slabs that it had, and goes on with them.
func TestLoadedStoreIsTheSame(t *testing.T) {
	dir := t.TempDir()
	s := openSnapshot(t, dir)
	checkRoom(t, s)
	restore(t, s, 0, 50_000, 100)
	restore(t, s, 50_000, 50_030, 600<<10)
	restore(t, s, 50_000, 50_030, -1) // gives slabs back
	restore(t, s, 0, 1000, 50)
	checkRoom(t, s)
	slices.Sort(s.slabs.spare)
	fills, spare, tail, bits, stats := slices.Clone(s.slabs.fill), slices.Clone(s.slabs.spare), s.slabs.tail, s.index.bits, s.Stats()
	if len(spare) == 0 || stats.Dead == 0 {
		t.Fatalf("no slab was given back, or nothing is dead: %+v", stats)
	}
	if err := errors.Join(s.Flush(), s.Close()); err != nil {
		t.Fatal(err)
	}

	s = openSnapshot(t, dir)
	checkRoom(t, s)
	if !slices.Equal(s.slabs.fill, fills) || !slices.Equal(s.slabs.spare, spare) || s.slabs.tail != tail || s.index.bits != bits {
		t.Errorf("loaded: slabs %+v, spare %d, tail %d, %d bits\nwere: slabs %+v, spare %d, tail %d, %d bits",
			s.slabs.fill, s.slabs.spare, s.slabs.tail, s.index.bits, fills, spare, tail, bits)
	}
	if now := s.Stats(); now.Records != stats.Records || now.Live != stats.Live || now.Dead != stats.Dead {
		t.Errorf("loaded: %+v, was %+v", now, stats)
	}
	restore(t, s, 0, 50_000, 80) // all of them move, and what was dead goes
	restore(t, s, 40_000, 50_000, -1)
	checkRoom(t, s)
	if n := s.Stats().Records; n != 40_000 {
		t.Errorf("%d records, want 40000", n)
	}
}

// Contents that do not fit their data, or each other, are refused though their checksum holds.
func TestContentsThatDoNotFit(t *testing.T) {
	const slots = 8 << minBits // bytes
	block := func(n int) []uint64 { return make([]uint64, n) }
	slabsOf := func(s ...contentsSlab) []contentsSlab { return s }
	for _, c := range []struct {
		what     string
		contents contents
		data     int64
		fits     bool
	}{
		{"nothing", contents{}, 0, true},
		{"the least index", contents{IndexBits: minBits, Blocks: block(1)}, slots, true},
		{"a smaller index", contents{IndexBits: minBits - 1, Blocks: block(1)}, slots / 2, false},
		{"the largest index", contents{IndexBits: maxBits, Blocks: block(2048)}, 8 << maxBits, true},
		{"a larger index", contents{IndexBits: maxBits + 1, Blocks: block(4096)}, 16 << maxBits, false},
		{"a slab", contents{Slabs: slabsOf(contentsSlab{}, contentsSlab{16, 8}), Tail: 1, Blocks: block(1)}, 16, true},
		{"a slab that is dead", contents{Slabs: slabsOf(contentsSlab{}, contentsSlab{16, 16}), Blocks: block(1)}, 16, true},
		{"more dead than used", contents{Slabs: slabsOf(contentsSlab{}, contentsSlab{16, 24}), Blocks: block(1)}, 16, false},
		{"less than nothing dead", contents{Slabs: slabsOf(contentsSlab{}, contentsSlab{16, -8}), Blocks: block(1)}, 16, false},
		{"less than nothing used", contents{Slabs: slabsOf(contentsSlab{24, 0}, contentsSlab{-8, -8}), Blocks: block(1)}, 16, false},
		{"half a unit", contents{Slabs: slabsOf(contentsSlab{12, 0}), Blocks: block(1)}, 12, false},
		{"a tail of no slab", contents{Tail: 1}, 0, false},
		{"a tail behind the slabs", contents{Slabs: slabsOf(contentsSlab{}, contentsSlab{8, 0}), Tail: 2, Blocks: block(1)}, 8, false},
		{"a block", contents{Slabs: slabsOf(contentsSlab{blockBytes, 0}), Blocks: block(1)}, blockBytes, true},
		{"more than a block", contents{Slabs: slabsOf(contentsSlab{blockBytes + 8, 0}), Blocks: block(2)}, blockBytes + 8, true},
		{"index and slabs", contents{IndexBits: minBits, Slabs: slabsOf(contentsSlab{}, contentsSlab{8, 0}, contentsSlab{8, 0}), Blocks: block(3)}, slots + 16, true},
		{"a checksum too few", contents{IndexBits: minBits, Slabs: slabsOf(contentsSlab{}, contentsSlab{8, 0}), Blocks: block(1)}, slots + 8, false},
		{"a checksum too many", contents{IndexBits: minBits, Blocks: block(2)}, slots, false},
		{"data too short", contents{IndexBits: minBits, Blocks: block(1)}, slots - 8, false},
		{"data too long", contents{IndexBits: minBits, Blocks: block(1)}, slots + 8, false},
		{"all slabs", contents{Slabs: make([]contentsSlab, maxSlabs)}, 0, true},
		{"a slab too many", contents{Slabs: make([]contentsSlab, maxSlabs+1)}, 0, false},
	} {
		b, err := json.Marshal(c.contents)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseContents(b, c.data); (err == nil) != c.fits {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

// moved is a directory whose snapshot has moved to 20, then to 30, and the file's bytes.
func moved(t *testing.T) (dir, path string, whole []byte) {
	t.Helper()
	dir = t.TempDir()
	s := openSnapshot(t, dir)
	restore(t, s, 0, 5, 10)
	for _, next := range []stores.Offset{10, 20, 30} {
		if err := errors.Join(s.Apply(&stores.Batch{Next: next}), s.Flush()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, fileName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return dir, path, whole
}

// A mark that was being written when the power went leaves the one before it, whichever sector it was in.
func TestTornMark(t *testing.T) {
	dir, path, whole := moved(t)
	newest := mark{sequence: 3}.place()
	for _, c := range []struct {
		torn []int64
		next stores.Offset // 0 for a refusal
	}{
		{nil, 30},
		{[]int64{newest}, 20},
		{[]int64{markRoom - newest}, 30},
		{[]int64{0, markRoom}, 0},
	} {
		torn := bytes.Clone(whole)
		for _, place := range c.torn {
			copy(torn[place+markBytes/2:], bytes.Repeat([]byte{0xff}, markBytes/2))
		}
		if err := os.WriteFile(path, torn, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := NewSpaceIn(dir, Options{}).Open("")
		if c.next == 0 {
			said := fmt.Sprintf("its mark has the checksum %016x, want ffffffffffffffff", xxh3.Hash(torn[markRoom-newest:][:markBytes-8]))
			if !errors.Is(err, stores.ErrCorrupt) || !strings.Contains(err.Error(), said) {
				t.Errorf("torn at %d: %v, want %q", c.torn, err, said)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if next, ok := s.Offset(); next != c.next || !ok {
			t.Errorf("torn at %d: came back at %d, %v, want %d", c.torn, next, ok, c.next)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A mark is believed only where its contents end with the file, though its checksum holds.
func TestMarkOfAnotherLength(t *testing.T) {
	dir, path, whole := moved(t)
	size := int64(len(whole))
	word := func(i int) int64 { return int64(binary.NativeEndian.Uint64(whole[8*i:])) }
	right := mark{9, 30, word(4), word(5), uint64(word(6))}
	for _, c := range []struct {
		at, length int64
		refused    bool
	}{
		{right.contentsAt, right.contentsLen, false},
		{right.contentsAt, right.contentsLen + 1, true},
		{right.contentsAt, right.contentsLen - 1, true},
		{right.contentsAt - 1, right.contentsLen + 1, true},
		{size, 0, true},
		{size + 8, -8, true},
		{0, size, true},
		{math.MaxInt64, size - math.MaxInt64, true},
		{dataStart - 8, size - dataStart + 8, true},
	} {
		file := bytes.Clone(whole)
		clear(file[:2*markRoom])
		m := mark{right.sequence, right.next, c.at, c.length, right.contentsHash}
		copy(file[m.place():], m.append(nil))
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := NewSpaceIn(dir, Options{}).Open("")
		if c.refused != errors.Is(err, stores.ErrCorrupt) || !c.refused && err != nil {
			t.Errorf("contents of %d bytes at %d of %d: %v", c.length, c.at, size, err)
		}
		if said := fmt.Sprintf("it has %d bytes, want %d", size, c.at+c.length); c.at+c.length != size && !strings.Contains(err.Error(), said) {
			t.Errorf("%v, want %q", err, said)
		}
		if err == nil {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
