package segments_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"restorebench/stores"
	"restorebench/stores/format"
	"restorebench/stores/segments"
	"restorebench/stores/storetest"
)

func open(t interface{ Fatal(...any) }, space stores.Space) *segments.Store {
	s, err := segments.Open(space, options(false))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func at(start int64, name string) []byte { return format.AppendWindowKey(nil, []byte(name), start, 0) }

// batchAt is one record of the changelog.
func batchAt(offset stores.Offset, start int64, name, value string) *stores.Batch {
	b := &stores.Batch{}
	b.Append(at(start, name), []byte(value), 0, offset)
	return b
}

// A kill between the flushes of two segments: the newer one is durable up to offset 3,
// the older one lost the record at 2. Kafka Streams 4.3.1 would go on at 3.
func TestKillBetweenFlushes(t *testing.T) {
	space := newLossySpace()
	s := open(t, space)
	for i, b := range []*stores.Batch{batchAt(0, 0, "a", "0"), batchAt(1, 60_000, "b", "1")} {
		if err := s.Apply(b); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(batchAt(2, 0, "a", "2")); err != nil {
		t.Fatal(err)
	}
	space.files["s.60000"].flush() // as a full memtable does
	space.kill()

	s = open(t, space)
	if next, ok := s.Offset(); next != 2 || !ok {
		t.Fatalf("came back at %d, %v; want 2: the record there is lost", next, ok)
	}
	if v, err := s.Get(at(0, "a")); string(v) != "0" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
}

// An idle segment does not hold the offset back, and a new one begins where the store
// is, though nothing of it was flushed.
func TestOffsetOfIdleAndNewSegments(t *testing.T) {
	space := newLossySpace()
	s := open(t, space)
	for _, b := range []*stores.Batch{batchAt(0, 0, "a", "0"), batchAt(1, 1, "a", "1")} {
		if err := s.Apply(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(batchAt(2, 60_000, "b", "2")); err != nil { // creates a segment
		t.Fatal(err)
	}
	if err := s.Apply(batchAt(3, 60_000, "b", "3")); err != nil {
		t.Fatal(err)
	}
	space.files["s.0"].flush()
	space.kill()
	s = open(t, space)
	if next, ok := s.Offset(); next != 2 || !ok {
		t.Errorf("came back at %d, %v; want 2, where the new segment began", next, ok)
	}
	if v, _ := s.Get(at(60_000, "b")); v != nil {
		t.Errorf("%q was not flushed", v)
	}
	if err := s.Apply(batchAt(9, 60_000, "b", "9")); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	space.kill()
	if next, ok := open(t, space).Offset(); next != 10 || !ok {
		t.Errorf("came back at %d, %v; want 10 for the idle segment too", next, ok)
	}
}

// Kills at any moment, with segments that flush when they like: what comes back and
// the changelog from its offset are the whole state.
func TestKills(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := &killed{space: newLossySpace()}
		k.store = open(t, k.space)
		t.Repeat(map[string]func(*rapid.T){
			"apply": k.apply,
			"flush": func(t *rapid.T) { k.alive(t, k.store.Flush()) },
			"engine flushes": func(t *rapid.T) {
				if names, _ := k.space.Names(); len(names) > 0 {
					k.space.files[rapid.SampledFrom(names).Draw(t, "segment")].flush()
				}
			},
			"kill":      k.kill,
			"kill soon": func(t *rapid.T) { k.space.life = rapid.IntRange(0, 12).Draw(t, "life") },
		})
		k.kill(t)
		_ = k.store.Close()
	})
}

type killed struct {
	space *lossySpace
	store *segments.Store
	log   stores.Batch // the whole changelog
}

func (k *killed) apply(t *rapid.T) {
	from := k.log.Next
	for range rapid.IntRange(1, 5).Draw(t, "records") {
		start := rapid.Int64Range(0, 6).Draw(t, "interval")*60_000 + rapid.Int64Range(0, 1).Draw(t, "ms")
		var value []byte
		if rapid.IntRange(0, 4).Draw(t, "delete?") > 0 {
			value = fmt.Append(nil, k.log.Next)
		}
		k.log.Append(at(start, rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key")), value, 0, k.log.Next)
	}
	if !k.alive(t, k.store.Apply(k.tail(from, k.log.Next))) {
		return
	}
	if next, ok := k.store.Offset(); next != k.log.Next || !ok {
		t.Fatalf("offset is %d, %v; want %d", next, ok, k.log.Next)
	}
}

// tail is the part [from, to) of the changelog.
func (k *killed) tail(from, to stores.Offset) *stores.Batch {
	return &stores.Batch{Next: to, Arena: k.log.Arena, Entries: k.log.Entries[from:to]}
}

// alive is false when an operation was killed; then the store comes back.
func (k *killed) alive(t *rapid.T, err error) bool {
	if errors.Is(err, errKilled) {
		k.kill(t)
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return true
}

// kill loses what is not durable, restores, and compares with a store that was never
// killed: as to what can still be read there, since a killed one forgets the time.
func (k *killed) kill(t *rapid.T) {
	_ = k.store.Close() // only for its memory
	k.space.kill()
	k.store = open(t, k.space)
	next, ok := k.store.Offset()
	if !ok { // a caller starts from nothing then
		_ = k.store.Close()
		k.space = newLossySpace()
		k.store = open(t, k.space)
	}
	if next > k.log.Next {
		t.Fatalf("came back at %d of %d", next, k.log.Next)
	}
	whole := open(t, newLossySpace())
	defer whole.Close()
	for _, err := range []error{k.store.Apply(k.tail(next, k.log.Next)), whole.Apply(k.tail(0, k.log.Next))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	streamTime, _ := whole.StreamTime()
	query := segments.Query{Earliest: streamTime - retention + 1, Latest: math.MaxInt64}
	if got, want := storetest.Contents(t, k.store.Scan(query)), storetest.Contents(t, whole.Scan(query)); got != want {
		t.Fatalf("came back at %d, %v of %d with\n%s\nwant\n%s", next, ok, k.log.Next, got, want)
	}
}
