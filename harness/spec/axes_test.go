package spec

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"restorebench/harness/record"
)

func cells(t *testing.T, yaml string) ([]record.Cell, []string) {
	t.Helper()
	s := Default()
	if err := s.Parse([]byte("keys: [10]\n"+yaml), "s.yaml"); err != nil {
		t.Fatal(err)
	}
	cells, left, err := s.Cells()
	if err != nil {
		t.Fatal(err)
	}
	return cells, left
}

// An axis multiplies the cells that it concerns, and no others.
func TestAxesConcernTheirCells(t *testing.T) {
	for yaml, want := range map[string]int{
		"tail: [1%, 10%, 100%]":      2*2 + 2*3,
		"value-bytes: [10, 100]":     2 * 6,
		"restore-mode: [auto, bulk]": 6 + 1, // a replay by RocksDB
		"rocksdb: [{}, {block_size: 8192}, {block_size: 16384, max_open_files: 10}]": 3 + 3*3,
		"consumer: [{}, {fetch.min.bytes: 10}]":                                      2 + 2*4, // local reads nothing
		"compacted: [false, true]":                                                   6 + 2,   // a replay
		"page-cache: [warm, cold-client, cold-broker]":                               2*2 + 2*2 + 2*3,
		"page-cache: [warm, cold]":                                                   2 * 6,
		"standby: [0, 1]":                                                            6 + 2, // whatever becomes of local files
		"standby: 1\ntail: [1%, 10%]":                                                2 * 2,
		"standby: [0, 1]\npage-cache: [warm, cold]":                                  2*6 + 2,
		"page-cache: cold":                                                           6,
	} {
		if got, _ := cells(t, yaml); len(got) != want {
			t.Errorf("%q: %d cells, want %d: %+v", yaml, len(got), want, got)
		}
	}
	got, _ := cells(t, "stores: rocksdb\nrecovery: local\nrocksdb: [{}, {max_open_files: 10, block_size: 8192}]")
	if got[0].RocksDB != "" || got[1].RocksDB != "block_size=8192,max_open_files=10" {
		t.Errorf("%q, %q", got[0].RocksDB, got[1].RocksDB)
	}
}

func TestExclude(t *testing.T) {
	got, left := cells(t, "updates-per-key: [1, 5]\nexclude:\n- {stores: rocksdb, updates-per-key: 5}\n- {recovery: [local, local+tail], stores: memory}")
	if len(got) != 3+2 || len(left) != 2 {
		t.Errorf("%d cells, left out %q: %+v", len(got), left, got)
	}
	for _, c := range got {
		if c.Store == StoreRocks && c.UpdatesPerKey == 5 || c.Store == StoreMemory && c.Recovery != record.Replay {
			t.Errorf("not excluded: %+v", c)
		}
	}
	for _, text := range []string{"stores=memory,keys=11", "stores=disk", "runs=3", "nonsense"} {
		s := Default()
		err := s.Set("exclude", text, "--exclude")
		if err == nil {
			_, _, err = s.Cells()
		}
		var bad *Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), "exclude") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTooManyTrials(t *testing.T) {
	s := Default()
	if err := s.Set("runs", "600", "--runs"); err != nil {
		t.Fatal(err)
	}
	var bad *Error
	if _, _, err := s.Cells(); !errors.As(err, &bad) || !strings.Contains(err.Error(), "10000 trials at most, these are 10800") {
		t.Errorf("%v", err)
	}
}

func TestSettingsAreReadAsWritten(t *testing.T) {
	want := Settings{"b": "2=3", "a": "1"}
	got, err := ParseSettings(want.String())
	if err != nil || want.String() != "a=1,b=2=3" || got.String() != want.String() {
		t.Errorf("%q, %v", got, err)
	}
	s := Default()
	if err := s.Set("rocksdb", "a=1,b=2|c=3||a=1,b=2", "--rocksdb"); err != nil || len(s.RocksDB) != 3 || slices.ContainsFunc(s.RocksDB[:2], func(o Settings) bool { return len(o) == 0 }) {
		t.Errorf("%q, %v", s.RocksDB, err)
	}
}

// What the load writes, and in which order, are axes too, and the cell says which it was.
func TestLoadAxes(t *testing.T) {
	s := Default()
	for name, text := range map[string]string{
		"keys": "1k", "stores": "memory", "recovery": "replay", "key-order": "random,sorted", "producer": "|compression.type=lz4",
	} {
		if err := s.Set(name, text, "--"+name); err != nil {
			t.Fatal(err)
		}
	}
	cells, _, err := s.Cells()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, c := range cells {
		got[fmt.Sprint(c.SortedKeys, " ", c.Producer)] = true
	}
	for _, want := range []string{"false ", "true ", "false compression.type=lz4", "true compression.type=lz4"} {
		if !got[want] || len(cells) != 4 {
			t.Errorf("of %d cells none is %q: %v", len(cells), want, got)
		}
	}
}

// Processes share partitions by a group only, of which there are enough; what none of them can have is left out, and says why.
func TestInstances(t *testing.T) {
	for yaml, want := range map[string]int{
		"group: classic\npartitions: 4\ninstances: [1, 2]\nrecovery: replay":                                         2 * 2,
		"group: [classic, consumer]\nstandby: 1":                                                                     2 * 2,
		"group: classic\npartitions: 2\ninstances: 2\nstatic-membership: [false, true]":                              2*1 + 2*3, // local files are the dead one's
		"group: [none, classic]\npartitions: 2\ninstances: 2\nrecovery: replay":                                      2,
		"group: classic\npartitions: 2\ninstances: [1, 2]\nstandby: [0, 1]\nrecovery: replay\nstores: memory":        3,
		"group: classic\npartitions: 2\ninstances: [1, 2]\nguarantee: [alos, eos]\nrecovery: replay":                 2 * 3,
		"subjects: [restorebench, k]\ngroup: [none, classic, streams]\nstandby: 1\nstores: memory":                   2 + 1, // ours is told by no group, too
		"subjects: k\ngroup: [classic, streams]\npartitions: 3\ninstances: [2, 3]\nstores: memory\nrecovery: replay": 2,
	} {
		s := Default()
		s.Systems = map[string]System{"k": {
			Stores: []string{StoreMemory}, Recovery: []string{record.Replay}, Groups: []string{GroupNone, GroupClassic, GroupStreams},
			Shares: 2, Copies: []string{GroupClassic},
		}}
		if err := s.Parse([]byte("keys: [10]\n"+yaml), "s.yaml"); err != nil {
			t.Fatal(err)
		}
		if got, left, err := s.Cells(); err != nil || len(got) != want {
			t.Errorf("%q: %d cells, want %d (%v): %+v, left out %q", yaml, len(got), want, err, got, left)
		}
	}
	for yaml, why := range map[string]string{
		"group: classic\npartitions: [1, 4]\ninstances: 2\nrecovery: replay": "at least one partition per process, 2",
		"partitions: 4\ninstances: 2":                                        "instances share the partitions by a group",
		"partitions: 4\ninstances: 2\ngroup: classic\nsubjects: n":           "n is run as one process only",
		"partitions: 4\ninstances: 3\ngroup: classic\nsubjects: k":           "k is run as 2 processes at most",
		"subjects: k\nstandby: 1":                                            "k has a standby take over by a group: --group classic",
		"subjects: k\nstandby: 1\ngroup: streams":                            "closes a copy and begins anew",
		"subjects: n\nstandby: 1":                                            "n is run without a standby",
	} {
		s := Default()
		s.Systems = map[string]System{
			"k": {Stores: Stores(), Groups: []string{GroupNone, GroupClassic, GroupStreams}, Shares: 2, Copies: []string{GroupClassic}},
			"n": {Stores: Stores(), Groups: []string{GroupNone, GroupClassic}},
		}
		if err := s.Parse([]byte("keys: [10]\n"+yaml), "s.yaml"); err != nil {
			t.Fatal(err)
		}
		var bad *Error
		if _, _, err := s.Cells(); !errors.As(err, &bad) || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want ...%s...", yaml, err, why)
		}
	}
	s := Default()
	for _, bad := range []string{"0", "5", "two"} {
		if err := s.Set("instances", bad, "--instances"); err == nil {
			t.Errorf("%s instances were taken", bad)
		}
	}
}
