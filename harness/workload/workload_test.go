package workload

import (
	"bytes"
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

// generate is the whole changelog in batches of an awkward size.
func generate(s Spec) (keys, values [][]byte) {
	b := &stores.Batch{Arena: make([]byte, 0, 1000), Entries: make([]stores.Entry, 0, 7)}
	for i := int64(0); i < s.Total(); {
		b.Reset()
		i = s.Append(b, i, s.Total())
		for j := range b.Len() {
			keys = append(keys, bytes.Clone(b.Key(j)))
			values = append(values, bytes.Clone(b.Value(j)))
		}
	}
	return keys, values
}

// The model and a plain map that folds the generated records must agree, whatever
// the parameters.
func TestModelIsTheFoldedChangelog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(rapid.Uint64().Draw(t, "seed"), 0, 1, rapid.Int64Range(1, 300).Draw(t, "keys"),
			rapid.IntRange(8, 40).Draw(t, "key bytes"), rapid.IntRange(1, 40).Draw(t, "value bytes"),
			rapid.IntRange(1, 4).Draw(t, "updates"), rapid.Float64Range(0, 1).Draw(t, "deleted"), rapid.Float64Range(0, 1).Draw(t, "tail"))
		keys, values := generate(s)
		if int64(len(keys)) != s.Total() {
			t.Fatalf("%d records generated, want %d", len(keys), s.Total())
		}
		end := rapid.Int64Range(0, s.Total()).Draw(t, "end")
		want := map[string]string{}
		ever := map[string]bool{}
		for i := range end {
			ever[string(keys[i])] = true
			if values[i] == nil {
				delete(want, string(keys[i]))
			} else {
				want[string(keys[i])] = string(values[i])
			}
		}
		m := s.Model(end)
		got := map[string]string{}
		m.Each(func(k, v []byte, _ int64) {
			if _, twice := got[string(k)]; twice {
				t.Fatalf("key %x twice", k)
			}
			got[string(k)] = string(v)
		})
		if len(got) != len(want) {
			t.Fatalf("model has %d entries, the fold %d", len(got), len(want))
		}
		for k, v := range want {
			if got[k] != v {
				t.Fatalf("key %x: model %x, fold %x", k, got[k], v)
			}
		}
		for _, r := range m.Reads(5) {
			v, live := want[string(r.Key)]
			if live != (r.Want != nil) || v != string(r.Want) {
				t.Fatalf("read of %x wants %x, the fold has %x (%v)", r.Key, r.Want, v, live)
			}
		}
		if end == s.Total() && end == s.Load() && int64(len(want)) != s.Keys {
			t.Fatalf("%d keys live after the load, want %d", len(want), s.Keys)
		}
	})
}

func TestReadsAreOfEveryKind(t *testing.T) {
	for _, keys := range []int64{200, 10_000, 300_000} {
		s := New(9, 0, 1, keys, 16, 10, 1, 0.01, 0.1)
		all := map[string]bool{}
		k, _ := generate(s)
		for _, key := range k {
			all[string(key)] = true
		}
		var live, deleted, never int
		for _, r := range s.Model(s.Total()).Reads(20) {
			switch {
			case r.Want != nil:
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
			if id, tombstone := s.op(i); tombstone {
				deleted++
				if id >= s.Keys {
					t.Errorf("record %d deletes key %d, which is not live", i, id)
				}
			}
		}
		if deleted == 0 {
			t.Errorf("%d keys: no tombstone in a tail of %d", keys, s.Tail)
		}
	}
}

func TestWorkloadsDiffer(t *testing.T) {
	a, _ := generate(New(1, 0, 2, 100, 16, 8, 1, 0, 0.1))
	for name, s := range map[string]Spec{
		"seed":      New(2, 0, 2, 100, 16, 8, 1, 0, 0.1),
		"partition": New(1, 1, 2, 100, 16, 8, 1, 0, 0.1),
	} {
		b, _ := generate(s)
		if bytes.Equal(a[0], b[0]) || bytes.Equal(a[10], b[10]) {
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
