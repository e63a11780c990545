package compare

import (
	"slices"
	"strings"
	"testing"

	"restorebench/harness/record"
)

// of makes a run of these cells, each of its keys in ms.
func of(name string, cells ...record.Cell) (all []record.Record) {
	for i, c := range cells {
		for _, r := range run(name, 4, []int64{c.Keys}, func(_ int, keys int64) float64 { return float64(keys) }) {
			r.Cell, r.Trial = c, r.Trial*len(cells)+i
			all = append(all, r)
		}
	}
	return all
}

func cell(store string, keys int64, change ...func(*record.Cell)) record.Cell {
	c := record.Cell{Subject: "restorebench", Store: store, Recovery: record.Replay, Keys: keys, Partitions: 1}
	for _, f := range change {
		f(&c)
	}
	return c
}

func larger(c *record.Cell)  { c.RocksDB = "write_buffer_size=67108864" }
func four(c *record.Cell)    { c.Partitions = 4 }
func exactly(c *record.Cell) { c.Guarantee = "eos" }
func cold(c *record.Cell)    { c.PageCache = "cold-broker" }
func local(cache string) func(*record.Cell) {
	return func(c *record.Cell) { c.Recovery, c.PageCache = record.Local, cache }
}
func subject(name string) func(*record.Cell) { return func(c *record.Cell) { c.Subject = name } }

// Runs that differ in one axis are compared across it; the cells that it does not concern with their equals.
func TestAcrossTheOneAxis(t *testing.T) {
	for name, c := range map[string]struct {
		old, new []record.Cell
		rows     int
		want     []Axis
	}{
		"a setting": {
			[]record.Cell{cell("memory", 1), cell("rocksdb", 1), cell("rocksdb", 2)},
			[]record.Cell{cell("memory", 1), cell("rocksdb", 1, larger), cell("rocksdb", 2, larger)},
			3,
			[]Axis{{"rocksdb", "defaults", "write_buffer_size=67108864"}},
		},
		"a setting, and not all of the sizes": {
			[]record.Cell{cell("rocksdb", 1), cell("rocksdb", 2)},
			[]record.Cell{cell("rocksdb", 2, larger), cell("rocksdb", 3, larger)},
			1,
			[]Axis{{"rocksdb", "defaults", "write_buffer_size=67108864"}},
		},
		"a size":    {[]record.Cell{cell("memory", 1)}, []record.Cell{cell("memory", 1, four)}, 1, []Axis{{"partitions", "1", "4"}}},
		"guarantee": {[]record.Cell{cell("memory", 1, exactly)}, []record.Cell{cell("memory", 1)}, 1, []Axis{{"guarantee", "eos", "alos"}}},
		"a version beside what both have": {
			[]record.Cell{cell("memory", 1), cell("memory", 1, subject("kafka-streams@4.2.1"))},
			[]record.Cell{cell("memory", 1), cell("memory", 1, subject("kafka-streams@4.3.1"))},
			2,
			[]Axis{{"subjects", "kafka-streams@4.2.1", "kafka-streams@4.3.1"}},
		},
		"a setting that is another by recovery": {
			[]record.Cell{cell("rocksdb", 1), cell("rocksdb", 1, local(""))},
			[]record.Cell{cell("rocksdb", 1, cold), cell("rocksdb", 1, local("cold-client"))},
			2,
			[]Axis{{"page-cache", "warm", "cold-broker, cold-client"}},
		},
		// One more size of each run is no counterpart of the other's.
		"sizes beside what both have": {[]record.Cell{cell("memory", 1), cell("memory", 2)}, []record.Cell{cell("memory", 1), cell("memory", 3)}, 1, nil},
		"several of the one":          {[]record.Cell{cell("rocksdb", 1), cell("memory", 1)}, []record.Cell{cell("rocksdb", 1, larger), cell("rocksdb", 1, cold), cell("memory", 1)}, 1, nil},
	} {
		got, err := New(of("a", c.old...), of("b", c.new...), "downtime", false)
		if err != nil || len(got.Rows) != c.rows || !slices.Equal(got.Across, c.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
			continue
		}
		for _, r := range got.Rows {
			if r.Old.Median != r.New.Median || r.Old.N != 4 {
				t.Errorf("%s: %+v is not compared with the same number of keys", name, r)
			}
		}
		var b strings.Builder
		if err := Table(&b, got); err != nil || len(c.want) > 0 != strings.HasPrefix(b.String(), "Compared across ") {
			t.Errorf("%s: %v\n%s", name, err, b.String())
		}
	}
}

// What only one of the runs has is told from what only the other has.
func TestExcludedTellTheDifference(t *testing.T) {
	c, err := New(of("a", cell("memory", 1), cell("rocksdb", 1)), of("b", cell("memory", 1), cell("rocksdb", 1, four, larger)), "downtime", false)
	want := []string{
		"rocksdb, replay, 4 partitions, write_buffer_size=67108864, 1 keys: only in the new run",
		"rocksdb, replay, 1 partition, defaults, 1 keys: only in the old run",
	}
	if err != nil || !slices.Equal(c.Excluded, want) {
		t.Errorf("%+v, %v, want %q", c, err, want)
	}
}

func TestAcrossSeveralAxes(t *testing.T) {
	old, new := of("a", cell("rocksdb", 1), cell("rocksdb", 2)), of("b", cell("rocksdb", 1, four, larger), cell("rocksdb", 10_000, four, larger), cell("rocksdb", 3, four, larger))
	_, err := New(old, new, "downtime", false)
	const want = "the runs have no cell with a downtime in common; --across partitions,rocksdb compares them all the same\n" +
		"  keys, old: 1, 2, new: 1, 3, 10k\n  partitions, old: 1, new: 4\n  rocksdb, old: defaults, new: write_buffer_size=67108864"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want\n%s", err, want)
	}
	c, err := New(old, new, "downtime", false, "rocksdb", "partitions")
	if err != nil || len(c.Rows) != 1 || len(c.Across) != 2 || len(c.Excluded) != 3 {
		t.Errorf("%+v, %v", c, err)
	}
	for text, across := range map[string][]string{
		"--across speed: want some of subjects, stores":                    {"speed"},
		"--across guarantee: no cells are matched by it":                   {"rocksdb", "partitions", "guarantee"},
		"--across keys: the old run has several of the same rest: 1 and 2": {"keys"},
		"; --across partitions,rocksdb compares them all the same":         {"rocksdb"},
	} {
		if _, err := New(old, of("b", cell("rocksdb", 1, four, larger)), "downtime", false, across...); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v, want %s", across, err, text)
		}
	}
}

// A cell that both runs have is never compared with another one, and the error says why it can't be.
func TestNothingValid(t *testing.T) {
	new := of("b", cell("memory", 1))
	for i := range new {
		new[i].Valid = false
	}
	_, err := New(of("a", cell("memory", 1)), new, "downtime", false)
	if err == nil || !strings.HasSuffix(err.Error(), "in common\n  memory, replay, 1 keys: the new run has no valid trial with a downtime") {
		t.Error(err)
	}
}
