//go:build cgo && !norocksdb

package rocks

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"restorebench/stores"
	"restorebench/stores/storetest"
)

// logged is a record of a changelog; a nil value is a tombstone.
type logged struct{ key, value []byte }

// randomLog makes records whose keys meet again, begin one another, and share what
// sorting looks at first.
func randomLog(random *rand.Rand, n int) []logged {
	log := make([]logged, n)
	for i := range log {
		log[i].key = randomKey(random)
		switch random.IntN(5) {
		case 0: // deletes
		case 1:
			log[i].value = []byte{}
		default:
			log[i].value = bytes.Repeat([]byte{byte(i)}, random.IntN(200))
		}
	}
	return log
}

func randomKey(random *rand.Rand) []byte {
	short := func(n int) []byte {
		key := make([]byte, 1+random.IntN(n))
		for i := range key {
			key[i] = []byte{0, 'a', 0xff}[random.IntN(3)]
		}
		return key
	}
	switch random.IntN(100) {
	case 0:
		return bytes.Repeat([]byte{0xff}, 1+random.IntN(64<<10))
	case 1:
		return append(make([]byte, 64<<10-4), short(4)...)
	case 2, 3, 4, 5, 6, 7, 8, 9:
		return []byte("hot")
	}
	switch random.IntN(4) {
	case 0:
		return fmt.Appendf(nil, "account-%d", random.IntN(300))
	case 1:
		return append([]byte("prefix of many bytes"), short(9)...)
	case 2:
		return append([]byte("prefix8\x00"), make([]byte, random.IntN(20))...)
	}
	return short(12)
}

// bulkLife is a changelog on its way into a store.
type bulkLife struct {
	dir     string
	store   *Store
	log     []logged
	flushed stores.Offset
}

// Whatever happens in whatever order, contents and the changelog from the offset on are
// the whole state.
func TestBulkRandom(t *testing.T) {
	storetest.Seldom(t, 40)
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "rocks-bulk-")
		check(t, err)
		defer os.RemoveAll(dir)
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		l := &bulkLife{dir: dir, log: randomLog(random, rapid.IntRange(0, 4000).Draw(t, "records"))}
		l.store, err = Open(dir, options)
		check(t, err)
		defer func() { _ = l.store.Close() }()
		for l.next() < len(l.log) {
			check(t, l.begin(rapid.SampledFrom([]int64{0, 20 << 10, 400 << 10, 64 << 20}).Draw(t, "memory")))
			l.apply(t, rapid.IntRange(1, len(l.log)).Draw(t, "records until something happens"))
			switch rapid.SampledFrom([]string{"flush", "end", "close"}).Draw(t, "something") {
			case "flush":
				check(t, l.store.Flush())
				l.flushed = stores.Offset(l.next())
			case "end":
				l.end(t)
			case "close":
				check(t, l.store.Close())
				l.store, err = Open(dir, options)
				check(t, err)
				if next := l.next(); next < int(l.flushed) {
					t.Fatalf("came back at %d, flushed was %d", next, l.flushed)
				}
			}
		}
		l.end(t)
		check(t, l.compare())
		check(t, l.store.Close())
		l.store, err = Open(dir, options)
		check(t, err)
		check(t, l.compare())
	})
}

func check(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (l *bulkLife) next() int {
	next, _ := l.store.Offset()
	return int(next)
}

// begin begins to bulk load, unless that is under way or the store has an offset.
func (l *bulkLife) begin(memory int64) error {
	if _, known := l.store.Offset(); known || l.store.bulk != nil {
		return nil
	}
	return l.store.BeginBulk(memory)
}

// apply applies n records, if there are as many, in batches.
func (l *bulkLife) apply(t *rapid.T, n int) {
	batch := rapid.IntRange(1, 1000).Draw(t, "batch")
	for end := min(l.next()+n, len(l.log)); l.next() < end; {
		b := &stores.Batch{}
		for i := l.next(); i < min(end, l.next()+batch); i++ {
			b.Append(l.log[i].key, l.log[i].value, 0, stores.Offset(i))
		}
		check(t, l.store.Apply(b))
	}
}

func (l *bulkLife) end(t *rapid.T) {
	if l.store.bulk != nil {
		check(t, l.store.EndBulk())
		l.flushed = stores.Offset(l.next())
	}
}

// compare reads the store in all ways.
func (l *bulkLife) compare() error {
	state := map[string][]byte{}
	for _, r := range l.log {
		state[string(r.key)] = r.value
	}
	for key, value := range state {
		got, err := l.store.Get([]byte(key))
		if err != nil || (got == nil) != (value == nil) || !bytes.Equal(got, value) {
			return fmt.Errorf("get %.50q is %.50q, %w; want %.50q", key, got, err, value)
		}
	}
	maps.DeleteFunc(state, func(_ string, value []byte) bool { return value == nil })
	want := slices.Sorted(maps.Keys(state))
	for _, it := range []stores.Iterator{l.store.Range(nil, nil), l.store.ReverseRange(nil, nil)} {
		var got []string
		for it.Next() {
			if !bytes.Equal(it.Value(), state[string(it.Key())]) {
				return fmt.Errorf("range has %.50q = %.50q, want %.50q", it.Key(), it.Value(), state[string(it.Key())])
			}
			got = append(got, string(it.Key()))
		}
		if err := errors.Join(it.Err(), it.Close()); err != nil {
			return err
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("range has %d keys, want %d: %.300q ... %.300q", len(got), len(want), got, want)
		}
		slices.Reverse(want)
	}
	return nil
}
