package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"restorebench/harness/record"
)

// summaryOf is a summary of a trial of each cell.
func summaryOf(t *testing.T, cells ...record.Cell) *Summary {
	t.Helper()
	var records []record.Record
	for i, c := range cells {
		records = append(records, record.Record{Schema: record.Schema, Run: "r", Trial: i, Valid: true, Cell: c, DowntimeNS: 1e9})
	}
	s, err := New(records)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// cellOf is a cell of a run without flags, but for what set changes.
func cellOf(set func(*record.Cell)) record.Cell {
	c := record.Cell{Subject: "restorebench", Store: "rocksdb", Recovery: record.Replay, Keys: 1000, KeyBytes: 16, ValueBytes: 100, Partitions: 1, UpdatesPerKey: 1}
	set(&c)
	return c
}

// What two runs differ in is told, though no cell of either differs from another in it.
func TestShared(t *testing.T) {
	const sizes = "16 B keys, 100 B values, 1 partition"
	for want, set := range map[string]func(*record.Cell){
		sizes: func(*record.Cell) {},
		"8 B keys, 300 B values, 3 partitions, write_buffer_size=67108864": func(c *record.Cell) {
			c.KeyBytes, c.ValueBytes, c.Partitions, c.RocksDB = 8, 300, 3, "write_buffer_size=67108864"
		},
		"16 B keys, 100 B values, 50 % compressible, 1 partition": func(c *record.Cell) { c.Compressible = 0.5 },
		sizes + ", 4 updates per key, 10.5 MB record cache":       func(c *record.Cell) { c.UpdatesPerKey, c.CacheBytes = 4, 10<<20 },
		sizes + ", bulk mode, compacted, cold-broker page cache":  func(c *record.Cell) { c.RestoreMode, c.Compacted, c.PageCache = "bulk", true, "cold-broker" },
		sizes + ", fetch.min.bytes=1, acks=1, linger.ms=5":        func(c *record.Cell) { c.Consumer, c.Producer = "fetch.min.bytes=1", "acks=1,linger.ms=5" },
		sizes + ", sorted keys, group classic 6.00 s static": func(c *record.Cell) {
			c.SortedKeys, c.Group, c.SessionTimeoutMS, c.StaticMembership = true, "classic", 6000, true
		},
		sizes + ", group consumer, 2 instances, eos": func(c *record.Cell) { c.Group, c.Instances, c.Guarantee = "consumer", 2, "eos" },
		sizes + ", 20 % tail":                        func(c *record.Cell) { c.Recovery, c.Tail = record.LocalTail, 0.2 },
	} {
		if got := summaryOf(t, cellOf(set)).Shared(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// What cells differ in is a part of their names, and not of what they share. What can't concern a cell makes no difference.
func TestNames(t *testing.T) {
	local := cellOf(func(c *record.Cell) { c.Recovery = record.Local })
	for name, c := range map[string]struct {
		cells  []record.Cell
		labels []string
		shared string
	}{
		"variants of settings": {
			[]record.Cell{
				cellOf(func(c *record.Cell) { c.RocksDB = "a=1" }),
				cellOf(func(c *record.Cell) { c.RocksDB = "a=1,b=2,c=3" }),
				cellOf(func(c *record.Cell) { c.Store = "memory" }),
			},
			[]string{"memory, replay", "rocksdb, replay, defaults", "rocksdb, replay, b=2, c=3"},
			", a=1",
		},
		"the usual beside others": {
			[]record.Cell{
				cellOf(func(*record.Cell) {}),
				cellOf(func(c *record.Cell) { c.RocksDB, c.Consumer, c.Producer, c.RestoreMode = "a=1", "b=2", "c=3", "batch" }),
			},
			[]string{"rocksdb, replay, auto mode, defaults, default consumer, default producer", "rocksdb, replay, batch mode, a=1, b=2, c=3"},
			"",
		},
		"settings of a replay": {
			[]record.Cell{local, cellOf(func(c *record.Cell) { c.Consumer, c.RestoreMode, c.Compacted = "a=1", "bulk", true })},
			[]string{"rocksdb, replay", "rocksdb, local"},
			", bulk mode, compacted, a=1",
		},
		"another subject, alone": {
			[]record.Cell{cellOf(func(c *record.Cell) { c.Subject = "kafka-streams@4.2.1" })},
			[]string{"rocksdb, replay, kafka-streams@4.2.1"},
			"",
		},
		"a model, alone": {
			[]record.Cell{cellOf(func(c *record.Cell) { c.Recovery, c.Guarantee, c.RecoveryModel = record.Local, "eos", "4.2" })},
			[]string{"rocksdb, local, rules of 4.2: wiped"},
			", eos",
		},
		"models": {
			[]record.Cell{
				cellOf(func(c *record.Cell) { c.Recovery, c.Guarantee, c.RecoveryModel = record.Local, "eos", "4.3" }),
				cellOf(func(c *record.Cell) { c.Recovery, c.Guarantee, c.RecoveryModel = record.Local, "eos", "4.4" }),
			},
			[]string{"rocksdb, local, rules of 4.3: wiped", "rocksdb, local, rules of 4.4"},
			", eos",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := summaryOf(t, c.cells...)
			var labels []string
			for _, cell := range s.Cells {
				labels = append(labels, s.Label(cell.Cell))
			}
			if !slices.Equal(labels, c.labels) {
				t.Errorf("got  %q\nwant %q", labels, c.labels)
			}
			if got, want := s.Shared(), "16 B keys, 100 B values, 1 partition"+c.shared; got != want {
				t.Errorf("they share %s, want %s", got, want)
			}
		})
	}
}

// The rules of a version of Kafka Streams are not that version, and where they are in a name it is said.
func TestRulesAreExplained(t *testing.T) {
	of := func(model string) *Summary {
		return summaryOf(t, cellOf(func(c *record.Cell) { c.Recovery, c.Guarantee, c.RecoveryModel = record.Local, "eos", model }))
	}
	for model, want := range map[string][2]bool{"": {false, false}, "4.4": {true, false}, "4.2": {true, true}} {
		text := strings.Join(of(model).Conditions(), "\n")
		if got := [2]bool{strings.Contains(text, "restorebench's own processor"), strings.Contains(text, "wiped")}; got != want {
			t.Errorf("model %q: %s", model, text)
		}
	}
}

// Settings that are too long for a column stand above the rows that have them.
func TestLongSettings(t *testing.T) {
	long := "max_write_buffer_number=2,write_buffer_size=1048576,level0_file_num_compaction_trigger=8"
	var b strings.Builder
	if err := Table(&b, summaryOf(t, cellOf(func(*record.Cell) {}), cellOf(func(c *record.Cell) { c.RocksDB = long }))); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"rocksdb, defaults\n", fmt.Sprintf("rocksdb, %s\n", long)} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
	for line := range strings.Lines(b.String()) {
		if strings.HasPrefix(line, "replay") && len(line) > 80 {
			t.Errorf("a row is %d wide", len(line))
		}
	}
}
