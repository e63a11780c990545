package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"restorebench/stores"
)

func (h Harness) testRange(t *testing.T) {
	s, m := h.fixture(t)
	var writes []write
	for _, key := range []string{"a", "b", "ba", "b\x00", "c", "\x00", "\xff", "\xff\xff"} {
		writes = append(writes, put(key, "value of "+key))
	}
	must(t, m.apply(s, 0, writes...))
	state, _ := m.fold(m.next())
	bounds := [][]byte{
		nil, {}, {0}, []byte("a"), []byte("b"), []byte("b\x00"), []byte("b\x00\x00"), []byte("bb"), {0xff}, {0xff, 0xff, 0},
	}
	for _, from := range bounds {
		for _, to := range bounds { // where to <= from, the range is empty
			if err := checkRange(s, state, from, to); err != nil {
				t.Error(err)
			}
			if err := checkReverse(s, from, to); err != nil {
				t.Error(err)
			}
		}
	}
	if c, ok := s.(stores.Counter); ok {
		if n, err := c.ApproximateCount(); n != int64(len(state)) || err != nil { // exact as long as nothing is overwritten
			t.Errorf("approximate count is %d, %v; want %d", n, err, len(state))
		}
	}
}

// checkReverse compares a range iterated backwards with the same iterated forwards,
// for a store that can.
func checkReverse(s stores.Store, from, to []byte) error {
	r, ok := s.(stores.Reverser)
	if !ok {
		return nil
	}
	var want []string
	err := walk(s.Range(from, to), func(key, value []byte) { want = append(want, string(key)+" = "+string(value)) })
	if err != nil {
		return err
	}
	slices.Reverse(want)
	var got []string
	err = walk(r.ReverseRange(from, to), func(key, value []byte) { got = append(got, string(key)+" = "+string(value)) })
	if err == nil && !slices.Equal(got, want) {
		err = fmt.Errorf("reverse range [%s, %s) is %q, want %q", short(from), short(to), got, want)
	}
	return err
}

// walk iterates to the end and closes.
func walk(it stores.Iterator, visit func(key, value []byte)) error {
	for it.Next() {
		visit(it.Key(), it.Value())
	}
	return errors.Join(it.Err(), it.Close())
}

// An iterator shows the store as it was when Range was called, and what is
// applied meanwhile is right too.
func (h Harness) testSnapshot(t *testing.T) {
	s, m := h.fixture(t)
	const n = 2000
	for i := range n {
		must(t, m.apply(s, 0, put(fmt.Sprintf("key-%06d", i), "before")))
	}
	it := s.Range(nil, nil)
	defer it.Close()
	seen, before := 0, h.kept([]byte("before"))
	for ; it.Next(); seen++ {
		if key := h.key(fmt.Appendf(nil, "key-%06d", seen)); !bytes.Equal(it.Key(), key) || !bytes.Equal(it.Value(), before) {
			t.Fatalf("snapshot has %q = %q, want %q = %q", it.Key(), it.Value(), key, before)
		}
		switch seen % 3 {
		case 0:
			must(t, m.apply(s, 0, put(fmt.Sprintf("key-%06d", n-seen), "after.")))
		case 1:
			must(t, m.apply(s, 0, del(fmt.Sprintf("key-%06d", n-seen))))
		case 2:
			must(t, m.apply(s, 0, put(fmt.Sprintf("key-%06d", n+seen), "new")))
		}
	}
	must(t, it.Err())
	if seen != n {
		t.Fatalf("snapshot has %d records, want %d", seen, n)
	}
	must(t, it.Close())
	must(t, m.check(s))
}
