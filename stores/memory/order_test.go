package memory

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"restorebench/stores"
	"restorebench/stores/storetest"
)

// held is an iterator that stays open, and what it has to show.
type held struct {
	it   stores.Iterator
	want []string
}

// ordered is a store with an order, beside a model.
type ordered struct {
	store *Store
	model map[string]string
	open  []held
}

func (o *ordered) apply(t *rapid.T, keys, valueBytes *rapid.Generator[int], most int) {
	b := &stores.Batch{}
	for range rapid.IntRange(1, most).Draw(t, "records") {
		key := fmt.Sprintf("%06d-key", keys.Draw(t, "key"))
		if size := valueBytes.Draw(t, "size"); size < 0 {
			delete(o.model, key)
			b.Append([]byte(key), nil, 0, 0)
		} else {
			value := bytes.Repeat([]byte{byte(len(b.Entries))}, size)
			o.model[key] = string(value)
			b.Append([]byte(key), value, 0, 0)
		}
	}
	if err := o.store.Apply(b); err != nil {
		t.Fatal(err)
	}
}

func (o *ordered) rangeOf(t *rapid.T, keys *rapid.Generator[int]) held {
	from, to := fmt.Sprintf("%06d", keys.Draw(t, "from")), fmt.Sprintf("%06d", keys.Draw(t, "to"))
	var h held
	for _, key := range slices.Sorted(maps.Keys(o.model)) {
		if from <= key && key < to {
			h.want = append(h.want, key+"="+o.model[key])
		}
	}
	if rapid.Bool().Draw(t, "reverse") {
		slices.Reverse(h.want)
		h.it = o.store.ReverseRange([]byte(from), []byte(to))
	} else {
		h.it = o.store.Range([]byte(from), []byte(to))
	}
	return h
}

func (h held) check(t *rapid.T) {
	var got []string
	for h.it.Next() {
		got = append(got, string(h.it.Key())+"="+string(h.it.Value()))
	}
	if err := h.it.Close(); err != nil || !slices.Equal(got, h.want) {
		t.Fatalf("%d records, %v; want %d", len(got), err, len(h.want))
	}
}

func positionsOf(o *order) (all []position) {
	for _, r := range o.runs {
		all = append(all, r.positions...)
	}
	return all
}

// checkRuns looks at the order's runs: none is empty or too long, and all records are there, in order.
func (o *ordered) checkRuns(t *rapid.T) {
	for i, r := range o.store.order.runs {
		if n := len(r.positions); n == 0 || n > runRoom {
			t.Fatalf("run %d of %d has %d positions", i, len(o.store.order.runs), n)
		}
	}
	if all, sorted := positionsOf(o.store.order), o.store.collect(nil, nil); !slices.Equal(all, sorted) {
		t.Fatalf("%d positions are in the order, want the %d of the index", len(all), len(sorted))
	}
}

// Ranges are right while an order is kept through writes, deletes and compaction, and
// iterators opened before show what was there.
func TestOrder(t *testing.T) {
	storetest.Seldom(t, 30)
	rapid.Check(t, func(t *rapid.T) {
		o := &ordered{store: New(), model: map[string]string{}}
		defer o.store.Close()
		keys := rapid.IntRange(0, 3000)
		small := rapid.SampledFrom([]int{-1, 0, 5, 5, 20, 300})
		o.apply(t, keys, small, 2000)
		for range 2 * orderScans {
			o.rangeOf(t, keys).check(t)
		}
		if o.store.order == nil {
			t.Fatal("there is no order")
		}
		narrow := rapid.IntRange(1000, 1100)
		t.Repeat(map[string]func(*rapid.T){
			"anywhere":  func(t *rapid.T) { o.apply(t, keys, small, 200) },
			"somewhere": func(t *rapid.T) { o.apply(t, narrow, small, 200) },
			"delete":    func(t *rapid.T) { o.apply(t, narrow, rapid.Just(-1), 200) },
			"large":     func(t *rapid.T) { o.apply(t, narrow, rapid.Just(200<<10), 40) }, // dies among small ones: to be compacted
			"open":      func(t *rapid.T) { o.open = append(o.open, o.rangeOf(t, keys)) },
			"close": func(t *rapid.T) {
				for _, h := range o.open {
					h.check(t)
				}
				o.open = nil
			},
			"": func(t *rapid.T) {
				o.rangeOf(t, keys).check(t)
				if o.store.order == nil {
					t.Fatal("the order is gone")
				}
				o.checkRuns(t)
			},
		})
		for _, h := range o.open {
			h.check(t)
		}
	})
}

// A run goes with its last position, and not before.
func TestOrderOfFewerKeys(t *testing.T) {
	s := New()
	defer s.Close()
	const n = 2 * runRoom
	restore(t, s, 0, n, 10)
	s.order = newOrder(&s.slabs, s.collect(nil, nil))
	for i := range n {
		restore(t, s, i, i+1, -1)
		if slices.ContainsFunc(s.order.runs, func(r *run) bool { return len(r.positions) == 0 }) {
			t.Fatalf("after %d keys are gone there is an empty run", i+1)
		}
		if all := positionsOf(s.order); !slices.Equal(all, s.collect(nil, nil)) {
			t.Fatalf("after %d keys are gone the order has %d, want %d", i+1, len(all), n-i-1)
		}
	}
}

// An iterator over an order shows what was there, whatever is changed in the runs that it was given.
func TestIteratorBesideAnOrder(t *testing.T) {
	key := func(i int) []byte { return fmt.Appendf(nil, "%06d", i) }
	for name, change := range map[string]func(b *stores.Batch, i int){
		"new":     func(b *stores.Batch, i int) { b.Append(append(key(i), 'b'), []byte("new"), 0, 0) },
		"moved":   func(b *stores.Batch, i int) { b.Append(key(i), make([]byte, 100), 0, 0) },
		"deleted": func(b *stores.Batch, i int) { b.Append(key(i), nil, 0, 0) },
	} {
		s := New()
		const n = 1000
		before, after := &stores.Batch{}, &stores.Batch{}
		for i := range n {
			before.Append(key(i), []byte("old"), 0, 0)
			if i%3 == 0 {
				change(after, i)
			}
		}
		if err := s.Apply(before); err != nil {
			t.Fatal(err)
		}
		s.order = newOrder(&s.slabs, s.collect(nil, nil))
		first, last := s.Range(nil, nil), s.ReverseRange(nil, nil)
		if err := s.Apply(after); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if !first.Next() || !bytes.Equal(first.Key(), key(i)) || string(first.Value()) != "old" {
				t.Fatalf("%s: %s=%s, want key %d as it was", name, first.Key(), first.Value(), i)
			}
			if !last.Next() || !bytes.Equal(last.Key(), key(n-1-i)) || string(last.Value()) != "old" {
				t.Fatalf("%s: backwards %s=%s, want key %d as it was", name, last.Key(), last.Value(), n-1-i)
			}
		}
		if first.Next() || last.Next() {
			t.Errorf("%s: there are more than %d records", name, n)
		}
		if err := errors.Join(first.Close(), last.Close(), s.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// An order is made when ranges are asked for, and dropped when only writes come.
func TestOrderOnDemand(t *testing.T) {
	s := New()
	defer s.Close()
	narrow := func() {
		if err := s.Range([]byte("a"), []byte("b")).Close(); err != nil {
			t.Fatal(err)
		}
	}
	for round := range 2 {
		restore(t, s, 0, 50_000, 100)
		for i := range orderScans + 1 {
			if s.order != nil {
				t.Fatalf("round %d: an order after %d ranges", round, i)
			}
			narrow()
		}
		restore(t, s, 0, 5000, 90)
		if s.order == nil {
			t.Fatalf("round %d: no order, want one that is kept", round)
		}
		narrow()
	}
	restore(t, s, 0, 20_000, 100)
	if s.order != nil {
		t.Error("an order is kept that nobody asks for")
	}
}

// Keys in order, as those of a log, fill the runs.
func TestOrderOfSortedKeys(t *testing.T) {
	s := New()
	defer s.Close()
	s.order = newOrder(&s.slabs, nil)
	b := &stores.Batch{}
	const n = 3000
	for i := range n {
		b.Append(fmt.Appendf(nil, "%06d", i), nil, 0, 0)
		b.Entries[i].ValueLen = 0
	}
	if err := s.Apply(b); err != nil {
		t.Fatal(err)
	}
	if most := n/(runRoom-1) + 1; len(s.order.runs) > most {
		t.Errorf("%d keys take %d runs, want at most %d", n, len(s.order.runs), most)
	}
	if !slices.Equal(positionsOf(s.order), s.collect(nil, nil)) {
		t.Error("the order is not that of the keys")
	}
}

// Ranges with a bound count towards an order: as one of many, or as all that it takes where one spans more than half of the records.
func TestDemandForAnOrder(t *testing.T) {
	for _, c := range []struct {
		from, to string
		scans    int
	}{
		{"", "", 0},
		{"000", "", orderScans},
		{"", "051", orderScans},
		{"", "050", 1},
		{"050", "", 1},
		{"049", "", orderScans},
	} {
		s := New()
		b := &stores.Batch{}
		for i := range 100 {
			b.Append(fmt.Appendf(nil, "%03d", i), []byte("v"), 0, 0)
		}
		if err := s.Apply(b); err != nil {
			t.Fatal(err)
		}
		bound := func(key string) []byte {
			if key == "" {
				return nil
			}
			return []byte(key)
		}
		if err := s.Range(bound(c.from), bound(c.to)).Close(); err != nil {
			t.Fatal(err)
		}
		if s.demand.scans != c.scans || s.demand.writes != 0 || s.order != nil {
			t.Errorf("a range from %q to %q counts as %d, want %d; %d writes, an order: %v", c.from, c.to, s.demand.scans, c.scans, s.demand.writes, s.order != nil)
		}
		if err := s.Range(nil, []byte("001")).Close(); err != nil {
			t.Fatal(err)
		}
		if made := s.order != nil; made != (c.scans == orderScans) {
			t.Errorf("after a range from %q to %q, and another, there is an order: %v", c.from, c.to, made)
		}

		s.order, s.demand.writes = newOrder(&s.slabs, nil), 0
		s.wrote(100/8 + 4096)
		if s.order == nil {
			t.Error("the order is dropped a write too early")
		}
		if s.wrote(1); s.order != nil || s.demand.scans != 0 {
			t.Error("the order is kept a write too long")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
