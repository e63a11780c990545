package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"restorebench/stores"
)

// write is one record of a changelog; a nil value is a tombstone.
type write struct{ key, value []byte }

// put and del make writes readable in tables.
func put(key, value string) write { return write{[]byte(key), []byte(value)} }
func del(key string) write        { return write{key: []byte(key)} }

// model is a changelog with the batches that it was applied in, and so the truth
// about a store at each position that one may be saved at.
type model struct {
	h      Harness
	writes []write // with keys of the changelog
	ends   []mark  // of the batches
}

// mark is a position in the changelog, and how many writes lie before it: fewer
// than the offset says where a batch moved Next over records that never show up
// (control records, compacted ones).
type mark struct {
	next   stores.Offset
	writes int
}

// next is the changelog's end.
func (m *model) next() stores.Offset {
	if len(m.ends) == 0 {
		return 0
	}
	return m.ends[len(m.ends)-1].next
}

// apply appends the writes to the changelog, skips over as many offsets as gap
// says, and hands the batch to the store.
func (m *model) apply(s stores.Store, gap int, writes ...write) error {
	return s.Apply(m.batch(gap, writes...))
}

func (m *model) batch(gap int, writes ...write) *stores.Batch {
	b := &stores.Batch{Next: m.next()}
	for _, w := range writes {
		w.key = m.h.key(w.key)
		b.Append(w.key, w.value, 0, b.Next)
		m.writes = append(m.writes, w)
	}
	b.Next += stores.Offset(gap)
	m.ends = append(m.ends, mark{b.Next, len(m.writes)})
	return b
}

// fold is the state that the changelog up to a position stands for; false when no
// batch ends there.
func (m *model) fold(next stores.Offset) (map[string][]byte, bool) {
	i := slices.IndexFunc(m.ends, func(e mark) bool { return e.next == next })
	if i < 0 {
		return nil, false
	}
	state := map[string][]byte{}
	for _, w := range m.writes[:m.ends[i].writes] {
		if w.value == nil {
			delete(state, string(w.key))
		} else {
			state[string(w.key)] = m.h.kept(w.value)
		}
	}
	return state, true
}

// truncate forgets the changelog after a position, as a store did that was
// opened at it.
func (m *model) truncate(next stores.Offset) {
	i := slices.IndexFunc(m.ends, func(e mark) bool { return e.next == next })
	m.ends = m.ends[:i+1]
	m.writes = m.writes[:m.ends[i].writes]
}

// check compares offset and contents with the whole changelog.
func (m *model) check(s stores.Store) error {
	next, ok := s.Offset()
	if ok != (len(m.ends) > 0) || next != m.next() {
		return fmt.Errorf("offset is %d, %v; want %d, %v", next, ok, m.next(), len(m.ends) > 0)
	}
	state, _ := m.fold(next)
	return m.checkContents(s, state)
}

// checkContents compares iterator and point reads with a state, and looks for
// every key that was ever written and should be gone.
func (m *model) checkContents(s stores.Store, state map[string][]byte) error {
	if err := checkRange(s, state, nil, nil); err != nil {
		return err
	}
	for _, w := range m.writes {
		got, err := s.Get(w.key)
		if err != nil {
			return fmt.Errorf("get %s: %w", short(w.key), err)
		}
		want, present := state[string(w.key)]
		if (got != nil) != present || !bytes.Equal(got, want) {
			return fmt.Errorf("get %s is %s, want %s", short(w.key), short(got), short(want))
		}
	}
	return nil
}

var errEnd = errors.New("no more records")

// checkRange compares a range with the part of state that lies in it.
func checkRange(s stores.Store, state map[string][]byte, from, to []byte) error {
	it := s.Range(from, to)
	defer it.Close()
	for _, key := range slices.Sorted(maps.Keys(state)) {
		if (from != nil && key < string(from)) || (to != nil && key >= string(to)) {
			continue
		}
		if !it.Next() {
			return fmt.Errorf("range [%s, %s) ends before %s: %w", short(from), short(to), short([]byte(key)), errors.Join(it.Err(), errEnd))
		}
		if string(it.Key()) != key || !bytes.Equal(it.Value(), state[key]) {
			return fmt.Errorf("range has %s = %s, want %s = %s",
				short(it.Key()), short(it.Value()), short([]byte(key)), short(state[key]))
		}
	}
	if it.Next() {
		return fmt.Errorf("range [%s, %s) goes on with %s", short(from), short(to), short(it.Key()))
	}
	return it.Err()
}

// short shows bytes in an error, nil as nil.
func short(b []byte) string {
	switch {
	case b == nil:
		return "nil"
	case len(b) > 40:
		return fmt.Sprintf("%q... (%d bytes)", b[:40], len(b))
	}
	return fmt.Sprintf("%q", b)
}
