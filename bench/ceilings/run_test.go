package ceilings_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"restorebench/bench/ceilings"
	"restorebench/harness/broker/brokertest"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// small is a run of few keys in two partitions.
func small(t *testing.T) ceilings.Options {
	t.Helper()
	s := spec.Default()
	s.Keys, s.Partitions, s.Runs, s.Out = []int64{3000}, []int64{2}, 2, filepath.Join(t.TempDir(), "out")
	return ceilings.Options{
		Spec: s, Run: fmt.Sprintf("test-%x", rand.Uint64()), Brokers: brokertest.Start(t).Bootstrap(), Dir: t.TempDir(), Logf: t.Logf,
	}
}

// nothingLeft looks for topics of a run and for files in its directory.
func nothingLeft(t *testing.T, o ceilings.Options) {
	t.Helper()
	brokertest.NoTopics(t, o.Brokers, o.Run)
	if left, err := os.ReadDir(o.Dir); err != nil || len(left) > 0 {
		t.Errorf("files left: %v %v", left, err)
	}
}

// lines are the raw measurements of a run.
func lines(t *testing.T, path string) (all []ceilings.Line) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for scan := bufio.NewScanner(f); scan.Scan(); {
		var line ceilings.Line
		if err := json.Unmarshal(scan.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
	return all
}

func TestRun(t *testing.T) {
	o := small(t)
	o.Spec.Producer = []spec.Settings{{"compression.type": "lz4"}}
	o.Findings = []record.Finding{{Name: "load", Value: "cores 90 % busy", Level: record.LevelWarning}}
	if err := ceilings.Check(o.Spec); err != nil {
		t.Fatal(err)
	}
	report, err := ceilings.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, o)
	names := []string{
		ceilings.NameWire, ceilings.NameFetch, ceilings.NameDrain, ceilings.NamePoll, ceilings.NameMemory, ceilings.NameReplayMemory,
		ceilings.NameRocks, ceilings.NameRocksStreams, ceilings.NameRocksBulk, ceilings.NameReplayRocks,
		ceilings.NameWrite, ceilings.NameRead,
	}
	if len(report.Ceilings) != len(names) {
		t.Fatalf("%d ceilings, want %v", len(report.Ceilings), names)
	}
	for i, s := range report.Ceilings {
		want := int64(3060) // 1 % tombstones: 30 keys written and deleted
		if strings.HasPrefix(s.Name, "disk/") {
			want = 3000
		}
		if s.Name != names[i] || s.N != 2 || s.Records != want || s.RecordsPerSecond.Median <= 0 || s.WireShare <= 0 {
			t.Errorf("%+v, want %s with %d records", s, names[i], want)
		}
	}
	raw := lines(t, report.Raw)
	if len(raw) != 2*len(names) || raw[0].Run != o.Run || raw[0].Keys != 3000 || raw[0].Elapsed <= 0 || raw[0].Producer["compression.type"] != "lz4" {
		t.Errorf("%d lines, the first is %+v", len(raw), raw[0])
	}
	if got := raw[0].Environment.Findings; len(got) != 1 || got[0] != o.Findings[0] {
		t.Errorf("findings %+v", got)
	}
}

// An end in the middle of the measurements leaves those that are finished, and nothing else.
func TestRunInterrupted(t *testing.T) {
	for _, after := range []int{0, 3} {
		o := small(t)
		ctx, cancel := context.WithCancel(t.Context())
		messages := 0
		o.Logf = func(format string, args ...any) {
			if messages++; messages > after { // the first one says that the topic is loaded
				cancel()
			}
		}
		report, err := ceilings.Run(ctx, o)
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		nothingLeft(t, o)
		if after == 0 && report.Raw != "" {
			t.Error("there are results")
		}
		if after > 0 && len(lines(t, report.Raw)) != after {
			t.Errorf("%d lines, want %d", len(lines(t, report.Raw)), after)
		}
	}
}

func TestCheck(t *testing.T) {
	for name, change := range map[string]func(*spec.Spec){
		"keys":     func(s *spec.Spec) { s.Keys, s.Partitions = []int64{2}, []int64{3} },
		"memory":   func(s *spec.Spec) { s.Keys, s.ValueBytes = []int64{1e9}, []int64{1 << 20} },
		"rocksdb":  func(s *spec.Spec) { s.RocksDB = []spec.Settings{{"no_such": "1"}} },
		"consumer": func(s *spec.Spec) { s.Consumer = []spec.Settings{{"no.such": "1"}} },
		"producer": func(s *spec.Spec) { s.Producer = []spec.Settings{{"no.such": "1"}} },
	} {
		s := spec.Default()
		change(s)
		if err := ceilings.Check(s); err == nil || !strings.Contains(err.Error(), "--") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
