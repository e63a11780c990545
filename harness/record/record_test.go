package record

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func sample(trial int) Record {
	return Record{
		Schema: Schema, Run: "r", Trial: trial, Cell: Cell{Subject: "restorebench", Store: "memory", Recovery: Replay, Keys: 7},
		Phases: map[string]int64{PhaseExit: 1}, Valid: true,
	}
}

func write(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r.jsonl")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		r := sample(i)
		if err := f.Append(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAppendAndScan(t *testing.T) {
	path := write(t, 3)
	got, err := Scan(path)
	if err != nil || len(got) != 3 || !reflect.DeepEqual(got[2], sample(2)) {
		t.Fatalf("%+v %v", got, err)
	}
	if _, err := Create(path); err == nil {
		t.Error("a run's records were opened for another run")
	}
}

// A crash can cut the file anywhere: whole records survive, a part is never taken
// for one.
func TestScanAfterACutAtEveryByte(t *testing.T) {
	data, err := os.ReadFile(write(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	first := 0
	for data[first] != '\n' {
		first++
	}
	path := filepath.Join(t.TempDir(), "cut.jsonl")
	for n := range data {
		if err := os.WriteFile(path, data[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		want := 0
		if n > first {
			want = 1
		}
		got, err := Scan(path)
		atBoundary := n == 0 || n == first+1
		if len(got) != want || errors.Is(err, ErrTruncated) == atBoundary {
			t.Fatalf("cut at %d: %d records, %v", n, len(got), err)
		}
	}
}

// A run goes on after a crash that cut its last record off, and after an interruption, whose trial is run again.
func TestResume(t *testing.T) {
	path := write(t, 3)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text[:len(text)-5], 0o600); err != nil {
		t.Fatal(err)
	}
	f, records, err := Resume(path)
	if err != nil || len(records) != 2 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	interrupted := sample(2)
	interrupted.Valid, interrupted.Why = false, Interrupted
	again := sample(2)
	for _, r := range []*Record{&interrupted, &again} {
		if err := f.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := Scan(path); err != nil || len(got) != 3 || !got[2].Valid {
		t.Errorf("%+v, %v", got, err)
	}
	if _, _, err := Resume(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a run that does not exist")
	}
}

func TestScanRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"schema":99}`: "schema 99",
		"hello":         "not a record",
		`{"schema":1,"trial":3,"store":"memory"}`:       "it names no subject or no store",
		`{"schema":1,"trial":3,"subject":"quix"}`:       "it names no subject or no store",
		`{"schema":1,"cell":"rocksdb-wal","kill":2}`:    "kill 2 of rocksdb-wal of 'restorebench torture'",
		`{"schema":1,"cell":"rocksdb-wal","kill":null}`: "it names no subject or no store",
	} {
		path := filepath.Join(t.TempDir(), "x.jsonl")
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Scan(path); err == nil || errors.Is(err, ErrTruncated) || !strings.HasPrefix(err.Error(), path+":1: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if _, err := Scan(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that does not exist")
	}
}

func TestLatest(t *testing.T) {
	dir := t.TempDir()
	if _, err := Latest(dir); err == nil {
		t.Error("a run in an empty directory")
	}
	for _, name := range []string{"20260101T000000Z-0001.jsonl", "20261231T000000Z-0001.jsonl", "20260601T000000Z-ffff.jsonl"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Latest(dir); err != nil || filepath.Base(got) != "20261231T000000Z-0001.jsonl" {
		t.Error(got, err)
	}
}

func TestProcessResources(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f"), make([]byte, 1234), 0o600); err != nil {
		t.Fatal(err)
	}
	r := ProcessResources(os.Getpid(), dir)
	if r.DiskBytes != 1234 || r.RSSPeakBytes < 1<<20 || r.CPUNS < 0 {
		t.Errorf("%+v", r)
	}
	if r := ProcessResources(-1, "/nonexistent"); r != (Resources{}) {
		t.Errorf("of no process: %+v", r)
	}
}

func TestCaptureEnvironment(t *testing.T) {
	e := CaptureEnvironment(t.TempDir())
	if e.Disk == "" || e.Cores < 1 || e.MemBytes < 1<<20 || e.Kernel == "" || e.Go == "" {
		t.Errorf("%+v", e)
	}
}
