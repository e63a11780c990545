package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"restorebench/stores"
)

// testRandom drives batches, flushes, iterators and reopenings in any order, and
// compares with the model after each.
func (h Harness) testRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &driver{Harness: h, dir: TempDir(t), model: h.model()}
		var err error
		d.store, err = h.Open(d.dir)
		fatal(t, err)
		defer func() { d.store.Close() }()
		t.Repeat(map[string]func(*rapid.T){
			"apply":  d.apply,
			"flush":  d.flush,
			"reopen": d.reopen,
			"range":  d.ranges,
			"": func(t *rapid.T) {
				if err := d.model.check(d.store); err != nil {
					t.Fatal(err)
				}
			},
		})
	})
}

type driver struct {
	Harness
	dir     string
	store   stores.Store
	model   *model
	flushed stores.Offset // what must survive
}

// Few bytes and short keys, so that keys meet again and begin one another.
var (
	keys   = rapid.SliceOfN(rapid.SampledFrom([]byte{0, 'a', 'b', 0xff}), 1, 4)
	sizes  = rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(0, 20), rapid.IntRange(100, 300), rapid.IntRange(0, 1<<20))
	writes = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) write {
		w := write{key: keys.Draw(t, "key")}
		if rapid.IntRange(0, 3).Draw(t, "delete?") > 0 {
			size := sizes.Draw(t, "size")
			w.value = bytes.Repeat(rapid.SliceOfN(rapid.Byte(), 1, 1).Draw(t, "byte"), size)
		}
		return w
	}), 0, 30)
)

func (d *driver) apply(t *rapid.T) {
	gap := rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(t, "gap")
	w := writes.Draw(t, "writes")
	if len(w)+gap == 0 {
		gap = 1
	}
	if err := d.model.apply(d.store, gap, w...); err != nil {
		t.Fatal(err)
	}
}

func (d *driver) flush(t *rapid.T) {
	if err := d.store.Flush(); err != nil {
		t.Fatal(err)
	}
	d.flushed = d.model.next()
}

// reopen closes without a flush: the store may come back at any batch from the
// last flush on, and must then hold exactly what the changelog says up to there.
func (d *driver) reopen(t *rapid.T) {
	if err := d.store.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if d.store, err = d.Open(d.dir); err != nil {
		t.Fatal(err)
	}
	if !d.Durable {
		d.model = d.Harness.model()
		return
	}
	if err := d.model.recover(d.store, d.flushed); err != nil {
		t.Fatal(err)
	}
}

func (d *driver) ranges(t *rapid.T) {
	from, to := keys.Draw(t, "from"), keys.Draw(t, "to")
	state, _ := d.model.fold(d.model.next())
	if err := errors.Join(checkRange(d.store, state, from, to), checkReverse(d.store, from, to)); err != nil {
		t.Fatal(err)
	}
}

// recover checks a store that came back, knowing what was flushed, and cuts the
// changelog to where the store is.
func (m *model) recover(s stores.Store, flushed stores.Offset) error {
	next, ok := s.Offset()
	switch {
	case next < flushed:
		return fmt.Errorf("store came back at %d, but %d was flushed", next, flushed)
	case !ok:
		*m = model{h: m.h, writes: m.writes[:0]}
	default:
		if _, known := m.fold(next); !known {
			return fmt.Errorf("store came back at %d, which no batch ended at", next)
		}
		m.truncate(next)
	}
	return m.check(s)
}
