package workload

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"restorebench/stores"
)

func TestShares(t *testing.T) {
	var keys, tail int64
	for p := range 3 {
		s := New(1, p, 3, 100, 16, 10, 2, 0.05, 0.1)
		keys += s.Keys
		tail += s.Tail
		if s.Deleted < 1 || s.Load() != (s.Keys+s.Deleted)*2+s.Deleted || s.Total() != s.Load()+s.Tail {
			t.Errorf("%+v: load %d, total %d", s, s.Load(), s.Total())
		}
	}
	if keys != 100 || tail != 12 { // 34 + 33 + 33 keys, 10 % of each rounded up
		t.Errorf("%d keys, %d records of tail", keys, tail)
	}
}

// logged is a record of the changelog.
type logged struct {
	key, value []byte
	timestamp  int64
}

// generate is the whole changelog in batches of an awkward size.
func generate(s Spec) (records []logged) {
	b := &stores.Batch{Arena: make([]byte, 0, 1000), Entries: make([]stores.Entry, 0, 7)}
	for i := int64(0); i < s.Total(); {
		b.Reset()
		i = s.Append(b, i, s.Total())
		for j := range b.Len() {
			records = append(records, logged{bytes.Clone(b.Key(j)), bytes.Clone(b.Value(j)), b.Entries[j].Timestamp})
		}
	}
	return records
}

var shapes = []Shape{Table, Windows, Sessions, Versions, Recent}

func drawSpec(t *rapid.T, shape Shape) Spec {
	s := New(rapid.Uint64().Draw(t, "seed"), 0, 1, rapid.Int64Range(1, 300).Draw(t, "keys"),
		rapid.IntRange(8, 40).Draw(t, "key bytes"), rapid.IntRange(1, 40).Draw(t, "value bytes"),
		rapid.IntRange(1, 4).Draw(t, "updates"), rapid.Float64Range(0, 1).Draw(t, "deleted"), rapid.Float64Range(0, 1).Draw(t, "tail"))
	s.Shape = shape
	s.Sorted, s.Compressible = rapid.Bool().Draw(t, "sorted"), rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "compressible")
	return s
}

// show is an entry as text.
func show(e Entry) string {
	return fmt.Sprintf("%d-%d %t %x", e.Timestamp, e.ValidTo, e.Tombstone, e.Value)
}

// fold is the model once more, the naive way: from the records alone, as bytes.
func fold(shape Shape, records []logged) map[string]string {
	if shape == Versions {
		return foldVersions(records)
	}
	last, now := map[string]logged{}, int64(math.MinInt64)
	time := func(r logged) int64 {
		switch shape {
		case Windows:
			return int64(binary.BigEndian.Uint64(r.key[len(r.key)-12:]))
		case Sessions:
			return int64(binary.BigEndian.Uint64(r.key[len(r.key)-16:]))
		}
		return math.MaxInt64
	}
	for _, r := range records {
		last[string(r.key)], now = r, max(now, time(r))
	}
	want := map[string]string{}
	for key, r := range last {
		if r.value != nil && (now == math.MaxInt64 || time(r) > now-Retention) {
			want[key] = show(Entry{Timestamp: r.timestamp, Value: r.value})
		}
	}
	return want
}

func foldVersions(records []logged) map[string]string {
	all, now := map[string]map[int64][]byte{}, int64(0)
	for _, r := range records {
		if r.timestamp < now-History {
			continue
		}
		now = max(now, r.timestamp)
		if all[string(r.key)] == nil {
			all[string(r.key)] = map[int64][]byte{}
		}
		all[string(r.key)][r.timestamp] = r.value
	}
	want := map[string]string{}
	for key, versions := range all {
		to := int64(Forever)
		for _, from := range slices.Backward(slices.Sorted(maps.Keys(versions))) {
			e := Entry{Timestamp: from, ValidTo: to, Value: versions[from], Tombstone: versions[from] == nil}
			ended := to
			if e.Tombstone {
				ended = from
			}
			if to = from; ended > now-History {
				want[fmt.Sprint(key, from)] = show(e)
			}
		}
	}
	return want
}

// The model and the folded records must agree, whatever the parameters.
func TestModelIsTheFoldedChangelog(t *testing.T) {
	for _, shape := range shapes {
		t.Run(string(shape), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { checkModel(t, drawSpec(t, shape)) })
		})
	}
}

func checkModel(t *rapid.T, s Spec) {
	records := generate(s)
	if int64(len(records)) != s.Total() {
		t.Fatalf("%d records generated, want %d", len(records), s.Total())
	}
	end := rapid.SampledFrom([]int64{s.Total(), s.Load(), rapid.Int64Range(0, s.Total()).Draw(t, "prefix")}).Draw(t, "end")
	want := fold(s.Shape, records[:end])
	name := func(e Entry) string {
		if s.Shape == Versions {
			return fmt.Sprint(string(e.Key), e.Timestamp)
		}
		return string(e.Key)
	}
	m, got := s.Model(end), map[string]string{}
	m.Each(func(e Entry) {
		if _, twice := got[name(e)]; twice {
			t.Fatalf("key %x twice", e.Key)
		}
		got[name(e)] = show(e)
	})
	if len(got) != len(want) {
		t.Fatalf("model has %d entries, the fold %d", len(got), len(want))
	}
	live := int64(0)
	for k, v := range want {
		if got[k] != v {
			t.Fatalf("key %x: model %s, fold %s", k, got[k], v)
		}
		if s.Shape != Versions || strings.Contains(v, fmt.Sprint(int64(Forever), " false")) {
			live++
		}
	}
	for _, r := range m.Reads(5) {
		if v, ok := want[name(r)]; ok != (r.Value != nil) || ok && v != show(r) {
			t.Fatalf("read of %x wants %s, the fold has %s (%v)", r.Key, show(r), v, ok)
		}
	}
	if end == s.Load() && live != s.Keys {
		t.Fatalf("%d keys live after the load, want %d", live, s.Keys)
	}
}

// Each shape must hold what it is made for.
func TestShapes(t *testing.T) {
	count := func(shape Shape, key func(r logged) any) int {
		s := New(1, 0, 1, 1000, 16, 10, 1, 0.01, 0)
		s.Shape = shape
		seen := map[any]bool{}
		for _, r := range generate(s) {
			seen[key(r)] = true
		}
		return len(seen)
	}
	const hour = 60 * minute
	start := func(r logged) any { return int64(binary.BigEndian.Uint64(r.key[len(r.key)-12:])) / hour }
	if n := count(Windows, start); n != 4 {
		t.Errorf("windows in %d segments of an hour, want 4", n)
	}
	end := func(r logged) any { return int64(binary.BigEndian.Uint64(r.key[len(r.key)-16:])) / hour }
	if n := count(Sessions, end); n != 4 {
		t.Errorf("sessions in %d segments of an hour, want 4", n)
	}
	key := func(r logged) any { return string(r.key) }
	if n := count(Versions, key); n != 1010 {
		t.Errorf("versions of %d keys, want 1010", n)
	}
	if n := count(Recent, key); n != 1515 {
		t.Errorf("%d keys in a map of 1010, want 1515", n)
	}
}

func TestReadsAreOfEveryKind(t *testing.T) {
	for _, keys := range []int64{200, 10_000, 300_000} {
		s := New(9, 0, 1, keys, 16, 10, 1, 0.01, 0.1)
		all := map[string]bool{}
		for _, r := range generate(s) {
			all[string(r.key)] = true
		}
		var live, deleted, never int
		for _, r := range s.Model(s.Total()).Reads(20) {
			switch {
			case r.Value != nil:
				live++
			case all[string(r.Key)]:
				deleted++
			default:
				never++
			}
		}
		if live < 20 || deleted < 2 || never != 20 {
			t.Errorf("%d keys: %d live, %d deleted, %d never written", keys, live, deleted, never)
		}
	}
}

func TestTailDeletesLiveKeys(t *testing.T) {
	for _, keys := range []int64{1, 10, 5000} {
		s := New(3, 0, 1, keys, 16, 10, 1, 0, 0.1)
		deleted := 0
		for i := s.Load(); i < s.Total(); i++ {
			if o := s.shape().op(i); o.tombstone {
				deleted++
				if o.entity >= s.Keys {
					t.Errorf("record %d deletes key %d, which is not live", i, o.entity)
				}
			}
		}
		if deleted == 0 {
			t.Errorf("%d keys: no tombstone in a tail of %d", keys, s.Tail)
		}
	}
}

func TestWorkloadsDiffer(t *testing.T) {
	a := generate(New(1, 0, 2, 100, 16, 8, 1, 0, 0.1))
	for name, s := range map[string]Spec{
		"seed":      New(2, 0, 2, 100, 16, 8, 1, 0, 0.1),
		"partition": New(1, 1, 2, 100, 16, 8, 1, 0, 0.1),
	} {
		b := generate(s)
		if bytes.Equal(a[0].key, b[0].key) || bytes.Equal(a[10].key, b[10].key) {
			t.Errorf("another %s gives the same keys", name)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	s := New(1, 0, 1, 1_000_000, 16, 100, 1, 0.01, 0)
	batch := &stores.Batch{Arena: make([]byte, 0, 1<<20), Entries: make([]stores.Entry, 0, 4096)}
	b.ReportAllocs()
	n := int64(0)
	for b.Loop() {
		batch.Reset()
		n += s.Append(batch, 0, 4096)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}

// Values that compress agree in their end, and sorted keys come in their order; both keep
// to what the model says.
func TestCompressibleValuesAndSortedKeys(t *testing.T) {
	s := New(7, 1, 3, 900, 12, 100, 2, 0.1, 0.2)
	s.Compressible, s.Sorted = 0.75, true
	b := &stores.Batch{Arena: make([]byte, 0, 1<<20), Entries: make([]stores.Entry, 0, 4096)}
	if n := s.Append(b, 0, s.Total()); n != s.Total() {
		t.Fatalf("%d records of %d", n, s.Total())
	}
	heads := map[string]bool{}
	for i := range b.Len() {
		if i > 0 && int64(i) < s.Keys+s.Deleted && bytes.Compare(b.Key(i-1), b.Key(i)) >= 0 {
			t.Fatalf("key %d: %x does not follow %x", i, b.Key(i), b.Key(i-1))
		}
		v := b.Value(i)
		if v == nil {
			continue
		}
		if !bytes.Equal(v[25:], make([]byte, 75)) {
			t.Fatalf("value %d is %x, want its last 75 bytes to be the same in all", i, v)
		}
		if heads[string(v[:25])] {
			t.Fatalf("value %x came twice", v)
		}
		heads[string(v[:25])] = true
	}
	rapid.Check(t, func(t *rapid.T) { checkModel(t, s) })
}
