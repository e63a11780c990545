package memory

import (
	"bytes"
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
			},
		})
		for _, h := range o.open {
			h.check(t)
		}
	})
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
}
