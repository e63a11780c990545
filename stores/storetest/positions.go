package storetest

import (
	"errors"
	"testing"

	"restorebench/stores"
)

// The batch goes back to its reader: nothing of it may be needed afterwards.
func (h Harness) testBorrowed(t *testing.T) {
	s, m := h.fixture(t)
	b := m.batch(0, put("a", "1"), put("b", "2"), del("c"))
	must(t, s.Apply(b))
	for i := range b.Arena {
		b.Arena[i] = 0xee
	}
	clear(b.Entries)
	b.Reset()
	must(t, m.check(s))

	value, err := s.Get(h.key([]byte("a")))
	must(t, err)
	value[0] = 'x' // the caller owns it
	must(t, m.check(s))
}

// The offset is always the next one to read, and moves with the data.
func (h Harness) testOffset(t *testing.T) {
	s, m := h.fixture(t)
	if next, ok := s.Offset(); ok || next != 0 {
		t.Errorf("offset of a new store is %d, %v", next, ok)
	}
	must(t, m.apply(s, 0, put("a", "1")))
	if next, ok := s.Offset(); !ok || next != 1 {
		t.Errorf("offset after record 0 is %d, %v", next, ok)
	}
	must(t, m.apply(s, 2, put("b", "1"))) // two control records behind it
	must(t, m.check(s))
	must(t, m.apply(s, 5)) // nothing but offsets
	must(t, m.check(s))
	if h.Durable {
		must(t, s.Flush())
		dir := TempDir(t)
		s, m = h.open(t, dir), h.model()
		must(t, m.apply(s, 7)) // a changelog whose records are all gone
		must(t, s.Flush())
		must(t, s.Close())
		must(t, m.check(h.open(t, dir)))
	}
}

func (h Harness) testReopen(t *testing.T) {
	dir, m := TempDir(t), h.model()
	s := h.open(t, dir)
	for _, w := range []write{put("a", "1"), put("b", "2"), del("a"), put("c", "")} {
		must(t, m.apply(s, 0, w))
	}
	must(t, s.Flush())
	must(t, s.Close())
	if !h.Durable {
		must(t, h.model().check(h.open(t, dir)))
		return
	}
	s = h.open(t, dir)
	must(t, m.check(s))
	must(t, m.apply(s, 0, put("a", "again"), del("c")))
	must(t, m.check(s))
	must(t, s.Flush())
	must(t, s.Close())
	must(t, m.check(h.open(t, dir)))
}

// A closed store says so, and can be closed again.
func (h Harness) testClosed(t *testing.T) {
	s, m := h.fixture(t)
	must(t, m.apply(s, 0, put("a", "1")))
	must(t, s.Close())
	must(t, s.Close())
	value, getErr := s.Get(h.key([]byte("a")))
	it := s.Range(nil, nil)
	if value != nil || it.Next() {
		t.Error("a closed store shows a record")
	}
	for what, err := range map[string]error{"get": getErr, "range": it.Err(), "apply": s.Apply(m.batch(0, put("b", "2")))} {
		if !errors.Is(err, stores.ErrClosed) {
			t.Errorf("%s of a closed store: %v, want stores.ErrClosed", what, err)
		}
	}
	must(t, it.Close())

	s, m = h.fixture(t) // with nothing in it that could say so
	must(t, s.Close())
	if err := s.Apply(m.batch(0, put("a", "1"))); !errors.Is(err, stores.ErrClosed) {
		t.Errorf("apply of a store that was closed empty: %v, want stores.ErrClosed", err)
	}
}
