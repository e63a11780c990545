package spec

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"restorebench/harness/record"
)

// systems are others than our own, as subjects of tests.
var systems = map[string]System{"other": {
	Stores: []string{StoreMemory, StoreRocks}, Recovery: []string{record.Replay, record.Local, record.LocalTail},
	Groups: []string{GroupNone, GroupClassic, GroupStreams}, ExactlyOnce: true, Shares: 2, Copies: []string{GroupClassic},
}}

// What no cell of a run takes is refused, with the flag, the value and what takes it.
func TestWhatNothingTakesIsRefused(t *testing.T) {
	for yaml, want := range map[string]string{
		"subjects: other\nrocksdb: {block_size: 8192}":      `--rocksdb: "block_size=8192": want a rocksdb store of the subject restorebench: nothing in this run takes it`,
		"stores: memory\nrocksdb: [{}, {block_size: 8192}]": `--rocksdb: "|block_size=8192"`,
		"subjects: other\nrecovery-model: 4.4":              `--recovery-model: "4.4": want a rocksdb store of the subject restorebench, by local or local+tail`,
		"recovery: replay\nrecovery-model: [4.2, 4.3]":      `--recovery-model: "4.2"`,
		"subjects: other\ncache-bytes: 10Mi":                `--cache-bytes: "10Mi": want the subject restorebench`,
	} {
		s := Default()
		s.Systems = systems
		if err := s.Parse([]byte("keys: 10\n"+yaml), "s.yaml"); err != nil {
			t.Fatal(err)
		}
		_, _, err := s.Cells()
		var bad *Error
		if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s...", yaml, err, want)
		}
	}
}

// What no cell takes that is about how it is measured, or about another recovery or group, is said, with what takes it.
func TestWhatNothingTakesIsSaid(t *testing.T) {
	for yaml, want := range map[string]string{
		"session-timeout: 6s":                                                      `nothing in this run takes --session-timeout 6s, which is for --group classic`,
		"group: consumer\nsession-timeout: 6s":                                     `nothing in this run takes --session-timeout 6s, which is for --group classic`,
		"static-membership: [false, true]":                                         `nothing in this run takes --static-membership true, which is for --group classic`,
		"standby: 1\nrecovery: local":                                              `nothing in this run takes --recovery local, which is for --standby 0`,
		"recovery: [replay, local]\ntail: [10%, 20%]":                              `nothing in this run takes --tail 20%, which is for --recovery local+tail, or --standby 1`,
		"recovery: local\ncompacted: [false, true]":                                `nothing in this run takes --compacted true, which is for --recovery replay`,
		"recovery: replay\npage-cache: [warm, cold-broker, cold-client]":           `nothing in this run takes --page-cache cold-client`,
		"standby: 1\npage-cache: cold":                                             `nothing in this run takes --page-cache cold`,
		"stores: memory\nrestore-mode: [auto, bulk]":                               `nothing in this run takes --restore-mode bulk, which is for a rocksdb store of the subject restorebench, by replay`,
		"recovery: local\nconsumer: {fetch.min.bytes: 10}":                         `nothing in this run takes --consumer fetch.min.bytes=10, which is for the subject restorebench, by another path than local`,
		"subjects: other\nfetcher: wire":                                           `nothing in this run takes --fetcher wire`,
		"recovery: local\nrestore-memory: 64Mi":                                    `nothing in this run takes --restore-memory 64Mi`,
		"stores: rocksdb\nsnapshot-interval: 1s":                                   `nothing in this run takes --snapshot-interval 1s, which is for a memory store of the subject restorebench, by local or local+tail`,
		"subjects: other\nstores: memory\nrecovery: replay\nsnapshot-interval: 1s": `nothing in this run takes --snapshot-interval 1s`,
	} {
		_, left, err := cellsOf(t, "keys: 10\n"+yaml+"\n")
		if err != nil || !slices.ContainsFunc(left, func(note string) bool { return strings.HasPrefix(note, want) }) {
			t.Errorf("%q: left out %q, want %q (%v)", yaml, left, want, err)
		}
	}
}

// What some cells do not take is said in a line; what is so anyhow, and what says itself that it leaves cells out, is not.
func TestWhatSomeDoNotTakeIsSaid(t *testing.T) {
	for yaml, want := range map[string][]string{
		"subjects: [restorebench, other]\nstores: rocksdb\nrocksdb: {block_size: 8192, max_open_files: 10}": {"other does not take --rocksdb"},
		"subjects: [restorebench, other]\nrocksdb: {block_size: 8192}\nrecovery: replay":                    {"other and memory do not take --rocksdb"},
		"restore-mode: [batch, bulk]":                                                {"memory, local and local+tail do not take --restore-mode"},
		"tail: [1%, 20%]":                                                            {"replay and local do not take --tail"},
		"page-cache: [warm, cold-client, cold-broker]":                               {"replay does not take --page-cache cold-client", "local does not take --page-cache cold-broker"},
		"group: [none, classic]\nsession-timeout: 6s":                                {"--group none does not take --session-timeout"},
		"standby: [0, 1]\nrecovery: [replay, local]":                                 {"standby does not take --recovery"},
		"page-cache: [warm, cold]":                                                   nil,
		"tail: 0.1\nrecovery: replay\ngroup: none\nsession-timeout: 0s\nrocksdb: {}": nil,
		"stores: rocksdb\nsnapshot-interval: 0":                                      nil,
	} {
		s := Default()
		s.Systems = systems
		if err := s.Parse([]byte("keys: 10\n"+yaml), "s.yaml"); err != nil {
			t.Fatal(err)
		}
		_, left, err := s.Cells()
		left = slices.DeleteFunc(left, func(note string) bool { return !strings.Contains(note, " take --") })
		if err != nil || !slices.Equal(left, want) {
			t.Errorf("%q: left out %q, want %q (%v)", yaml, left, want, err)
		}
	}
}

// A cell says that it has only what it has.
func TestCellsSayWhatTheyHave(t *testing.T) {
	got, _, err := cellsOf(t, "keys: 10\nsubjects: [restorebench, other]\nstores: memory\nrecovery: replay\ngroup: [classic, streams]\nsession-timeout: 6s\ncache-bytes: 1Mi\n")
	if err != nil || len(got) != 3 { // ours joins no group by streams
		t.Fatalf("%+v, %v", got, err)
	}
	for _, c := range got {
		if (c.CacheBytes > 0) != (c.Subject == SubjectSelf) || (c.SessionTimeoutMS > 0) != (c.Group == GroupClassic) {
			t.Errorf("%+v", c)
		}
	}
}

// No axis is dropped in silence: given to a cell, a value of it makes it another cell, or it is said, or refused.
func TestNoAxisIsDroppedInSilence(t *testing.T) {
	given := map[string]string{
		"keys": "20", "value-bytes": "7", "partitions": "2", "updates-per-key": "3", "key-order": "sorted", "producer": "linger.ms=1", "group": "classic",
		"static-membership": "true", "session-timeout": "7s", "instances": "2", "guarantee": "eos", "cache-bytes": "1Mi", "standby": "1", "recovery-model": "4.2", "tail": "30%", "compacted": "true",
		"page-cache": "cold", "restore-mode": "batch", "rocksdb": "block_size=8192", "consumer": "fetch.min.bytes=1", "compressible": "50%", "key-bytes": "9",
	}
	for _, knob := range axisKnobs {
		if _, tried := given[knob]; !tried && !slices.Contains([]string{"subjects", "stores", "recovery"}, knob) { // which each cell is of below
			t.Errorf("no value of %s is tried", knob)
		}
	}
	refused := 0
	for _, subject := range []string{SubjectSelf, "other"} {
		for _, store := range []string{StoreMemory, StoreRocks} {
			for _, recovery := range []string{record.Replay, record.Local, record.LocalTail} {
				for _, group := range []string{GroupNone, GroupClassic, GroupConsumer, GroupStreams} {
					base := fmt.Sprintf("keys: 10\nsubjects: %s\nstores: %s\nrecovery: %s\ngroup: %s\n", subject, store, recovery, group)
					without, _, err := cellsOf(t, base)
					if err != nil {
						continue // there is no such cell
					}
					for knob, value := range given {
						if knob == "keys" || knob == "group" { // twice in the file
							continue
						}
						with, left, err := cellsOf(t, base+knob+": "+value+"\n")
						if err == nil && reflect.DeepEqual(with, without) && len(left) == 0 {
							t.Errorf("%s with %s %s: the same cells, and not a word", base, knob, value)
						}
						if err != nil {
							refused++
						}
					}
				}
			}
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}

func cellsOf(t *testing.T, yaml string) ([]record.Cell, []string, error) {
	t.Helper()
	s := Default()
	s.Systems = systems
	if err := s.Parse([]byte(yaml), "s.yaml"); err != nil {
		t.Fatal(err)
	}
	return s.Cells()
}
