package memory

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"sort"
)

// position is a record in an order. The key's first 8 bytes decide most comparisons
// without reading the record.
type position struct{ prefix, address uint64 }

// run is a part of an order, and never empty.
type run struct {
	positions []position
	owner     uint64 // the generation of the order that may change it
}

// runRoom is how many positions a run of an order holds at most: few enough to make
// room in it by copying, and so many that a list of all runs stays short.
const runRoom = 256

// order is the records of a store in the order of their keys, as runs that split when
// they are full: 16 to 32 bytes of heap for a record, 23 where keys come at random.
//
// Iterators share its runs. Before the first change beside an open iterator the list
// of the runs is copied, and of the runs each one that then changes.
type order struct {
	slabs      *slabs
	runs       []*run
	generation uint64
	shared     bool // iterators were given the runs
}

// cursor is a place between positions: before this one of this run.
type cursor struct{ run, at int }

// newOrder takes sorted positions.
func newOrder(s *slabs, sorted []position) *order {
	o := &order{slabs: s}
	for part := range slices.Chunk(sorted, runRoom*3/4) {
		o.runs = append(o.runs, o.newRun(part))
	}
	return o
}

func (o *order) newRun(positions []position) *run {
	return &run{append(make([]position, 0, runRoom), positions...), o.generation}
}

// prefix is the first 8 bytes of a key as a number that compares like them; a
// shorter key is filled up with zeros, and the whole keys decide between equals.
func prefix(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var b [8]byte
	copy(b[:], key)
	return binary.BigEndian.Uint64(b[:])
}

// compare compares the key at a position with another, whose prefix is p.
func (s *slabs) compare(at position, p uint64, key []byte) int {
	if c := cmp.Compare(at.prefix, p); c != 0 {
		return c
	}
	return bytes.Compare(s.record(at.address).key(), key)
}

// sort sorts positions by their keys.
func (s *slabs) sort(positions []position) {
	slices.SortFunc(positions, func(a, b position) int {
		if c := cmp.Compare(a.prefix, b.prefix); c != 0 {
			return c
		}
		return bytes.Compare(s.record(a.address).key(), s.record(b.address).key())
	})
}

// seek returns the place before the first key >= key.
func (o *order) seek(key []byte) cursor {
	p := prefix(key)
	before := func(at position) bool { return o.slabs.compare(at, p, key) < 0 }
	i := sort.Search(len(o.runs), func(i int) bool {
		positions := o.runs[i].positions
		return !before(positions[len(positions)-1])
	})
	if i == len(o.runs) {
		return cursor{i, 0}
	}
	positions := o.runs[i].positions
	return cursor{i, sort.Search(len(positions), func(j int) bool { return !before(positions[j]) })}
}

// between returns the places around from <= key < to; nil means unbounded.
func (o *order) between(from, to []byte) (start, end cursor) {
	if from != nil {
		start = o.seek(from)
	}
	end = cursor{len(o.runs), 0}
	if to != nil {
		end = o.seek(to)
	}
	if end.run < start.run || end.run == start.run && end.at < start.at {
		end = start
	}
	return start, end
}

// unshare makes the order ready for changes. frozen: an iterator may be open.
func (o *order) unshare(frozen bool) {
	if o.shared && frozen {
		o.runs = slices.Clone(o.runs)
		o.generation++
	}
	o.shared = false
}

// own returns a run that may be changed.
func (o *order) own(i int) *run {
	if o.runs[i].owner != o.generation {
		o.runs[i] = o.newRun(o.runs[i].positions)
	}
	return o.runs[i]
}

// insert adds a key that is not there.
func (o *order) insert(key []byte, address uint64) {
	added := position{prefix(key), address}
	c := o.seek(key)
	if c.run == len(o.runs) {
		if c.run == 0 {
			o.runs = append(o.runs, o.newRun([]position{added}))
			return
		}
		c.run--
		c.at = len(o.runs[c.run].positions)
	}
	r := o.own(c.run)
	if len(r.positions) == runRoom {
		r, c.at = o.split(c)
	}
	r.positions = slices.Insert(r.positions, c.at, added)
}

// split halves a full run, or begins a new one where keys come in order, and returns
// the run that a cursor into it is in now, and at which position.
func (o *order) split(c cursor) (in *run, at int) {
	r := o.runs[c.run]
	middle := runRoom / 2
	if c.at == runRoom {
		middle = runRoom - 1
	}
	behind := o.newRun(r.positions[middle:])
	r.positions = r.positions[:middle]
	o.runs = slices.Insert(o.runs, c.run+1, behind)
	if c.at < middle {
		return r, c.at
	}
	return behind, c.at - middle
}

// move notes another address for a key that is there.
func (o *order) move(key []byte, address uint64) {
	c := o.seek(key)
	o.own(c.run).positions[c.at].address = address
}

// remove removes a key that is there.
func (o *order) remove(key []byte) {
	c := o.seek(key)
	r := o.own(c.run)
	r.positions = slices.Delete(r.positions, c.at, c.at+1)
	if len(r.positions) == 0 {
		o.runs = slices.Delete(o.runs, c.run, c.run+1)
	}
}
