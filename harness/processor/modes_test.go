package processor

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/harness/topology"
	"restorebench/harness/workload"
	"restorebench/stores"
	"restorebench/stores/rocks"
)

// Bulk loading is for an empty RocksDB that nothing reads meanwhile; what comes out of it
// is the same.
func TestModes(t *testing.T) {
	f := newFixture(t)
	f.load(t, spec.StoreMemory)
	want := ""
	for _, c := range []struct{ store, asked, took string }{
		{spec.StoreRocks, spec.ModeBatch, spec.ModeBatch},
		{spec.StoreRocks, spec.ModeBulk, spec.ModeBulk},
		{spec.StoreRocks, spec.ModeAuto, spec.ModeBatch}, // too few records
		{spec.StoreMemory, spec.ModeBulk, spec.ModeBatch},
	} {
		f.state = t.TempDir()
		config := subject.Config{
			Digest: true, RestoreMode: c.asked, RestoreMemory: 64 << 20, Reads: []subject.Read{{Key: []byte("absent")}},
		}
		events, err := f.live(t, c.store, config, subject.Reads)
		if err != nil {
			t.Fatal(err)
		}
		caught, digest, settled := find(t, events, subject.CaughtUp), find(t, events, subject.DigestOf), find(t, events, subject.Settled)
		if caught.Mode != c.took || caught.Records != testKeys || digest.Count != testKeys {
			t.Errorf("%+v: %+v", c, caught)
		}
		if want == "" {
			want = digest.Digest
		}
		if digest.Digest != want {
			t.Errorf("%+v: another state", c)
		}
		if settled.SettledNS == 0 || settled.ReadsReady.P99NS == 0 || (c.store == spec.StoreRocks) != (len(settled.Ready.Files) > 0) {
			t.Errorf("%+v: %+v", c, settled)
		}
	}
}

// Files that are there are not loaded in bulk over.
func TestTailIsNotLoadedInBulk(t *testing.T) {
	f := newFixture(t)
	f.load(t, spec.StoreRocks)
	events, err := f.live(t, spec.StoreRocks, subject.Config{Digest: true, RestoreMode: spec.ModeBulk}, subject.DigestOf)
	if err != nil {
		t.Fatal(err)
	}
	if caught := find(t, events, subject.CaughtUp); caught.Mode != spec.ModeBatch {
		t.Errorf("%+v", caught)
	}
}

// An in-memory store with snapshots comes back from its file, and one that is torn is
// replaced.
func TestSnapshots(t *testing.T) {
	f := newFixture(t)
	w := workload.New(1, 0, 1, testKeys, 16, 100, 1, 0, 0.1)
	task, err := json.Marshal(topology.LoadTask{Workloads: []workload.Spec{w}, Tail: true})
	if err != nil {
		t.Fatal(err)
	}
	const interval = 1000 // ms
	if _, err := f.live(t, spec.StoreMemory, subject.Config{Load: task, SnapshotIntervalMS: interval}, subject.Loaded); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path    string
		records int64
	}{{subject.PathLocal, 100}, {subject.PathWiped, testKeys + 100}} {
		events, err := f.live(t, spec.StoreMemory, subject.Config{Digest: true, SnapshotIntervalMS: interval}, subject.DigestOf)
		if err != nil {
			t.Fatal(err)
		}
		opened, caught := find(t, events, subject.Opened), find(t, events, subject.CaughtUp)
		if opened.Path != c.path || caught.Records != c.records {
			t.Errorf("%+v: %+v %+v", c, opened, caught)
		}
		tear(t, filepath.Join(f.state, "0_0", "rocksdb", storeName))
	}
}

// tear cuts every file of a directory in half.
func tear(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		path := filepath.Join(dir, file.Name())
		info, err := os.Stat(path)
		if err == nil {
			err = os.Truncate(path, info.Size()/2)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Kafka Streams keeps timestamped windows in the column family of timestamped values.
func TestTimestampedWindowsHaveTheirColumnFamily(t *testing.T) {
	f := newFixture(t)
	w := workload.New(1, 0, 1, testKeys, 16, 100, 1, 0, 0)
	w.Shape = workload.Windows
	task, err := json.Marshal(topology.LoadTask{Workloads: []workload.Spec{w}})
	if err != nil {
		t.Fatal(err)
	}
	options := subject.StoreOptions{RetentionMS: workload.Retention, WindowMS: workload.WindowSize}
	if _, err := f.live(t, "rocksdb-timestamped-window", subject.Config{Load: task, StoreOptions: options}, subject.Loaded); err != nil {
		t.Fatal(err)
	}
	segments, err := filepath.Glob(filepath.Join(f.state, "0_0", storeName, storeName+".*"))
	if err != nil || len(segments) == 0 {
		t.Fatalf("segments: %v %v", segments, err)
	}
	if _, err := rocks.Open(segments[0], rocks.Options{Topic: f.topic}); !errors.Is(err, stores.ErrLayout) {
		t.Errorf("%s opened as plain: %v", segments[0], err)
	}
}

// Records whose offset is unknown are not loaded over, but replaced.
func TestBulkOverRecordsWithoutOffset(t *testing.T) {
	f := newFixture(t)
	f.load(t, spec.StoreRocks)
	forget(t, filepath.Join(f.state, "0_0", "rocksdb", storeName), f.topic)
	events, err := f.live(t, spec.StoreRocks, subject.Config{Digest: true, RestoreMode: spec.ModeBulk}, subject.DigestOf)
	if err != nil {
		t.Fatal(err)
	}
	caught, digest := find(t, events, subject.CaughtUp), find(t, events, subject.DigestOf)
	if caught.Mode != spec.ModeBulk || caught.Records != testKeys || digest.Count != testKeys {
		t.Errorf("%+v %d", caught, digest.Count)
	}
}
