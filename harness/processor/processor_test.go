package processor

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"restorebench/harness/broker/brokertest"
	"restorebench/harness/changelog"
	"restorebench/harness/restore"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/harness/topology"
	"restorebench/harness/workload"
	"restorebench/stores"
)

func TestMain(m *testing.M) { os.Exit(brokertest.Main(m)) }

const testKeys = 1000

// fixture is a topic and a state directory for incarnations of one processor.
type fixture struct {
	bootstrap, topic, state string
	partitions              []int32
	snapshots               int64 // of in-memory stores, every so many ms; 0: none
	admin                   *changelog.Admin
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{
		bootstrap: brokertest.Start(t).Bootstrap(), state: t.TempDir(), partitions: []int32{0},
		topic: changelog.TopicName(fmt.Sprintf("processor-%x", rand.Uint64()), "store"),
	}
	var err error
	if f.admin, err = changelog.NewAdmin(f.bootstrap); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.admin.Delete(context.Background(), f.topic); err != nil {
			t.Error(err)
		}
		f.admin.Close()
	})
	if err := subject.Mark(f.state); err != nil {
		t.Fatal(err)
	}
	f.create(t)
	return f
}

func (f *fixture) create(t *testing.T) {
	t.Helper()
	if err := f.admin.Create(context.Background(), f.topic, 1, changelog.TopicConfig(nil)); err != nil {
		t.Fatal(err)
	}
}

// live runs one incarnation until it has sent the event that is waited for, ends it
// cleanly and returns all that it sent.
func (f *fixture) live(t *testing.T, store string, config subject.Config, until string) (events []subject.Event, err error) {
	t.Helper()
	dir := t.TempDir()
	config.Partitions = f.partitions
	config.SnapshotIntervalMS = max(config.SnapshotIntervalMS, f.snapshots)
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{"config": filepath.Join(dir, "c.json"), "events": filepath.Join(dir, "events")}
	if err := errors.Join(os.WriteFile(paths["config"], data, 0o600), syscall.Mkfifo(paths["events"], 0o600)); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		subject.EnvBrokers: f.bootstrap, subject.EnvTopic: f.topic, subject.EnvStateDir: f.state,
		subject.EnvStore: store, subject.EnvEvents: paths["events"], subject.EnvConfig: paths["config"],
	} {
		t.Setenv(name, value)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stdin, end := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- Run(ctx, "test", stdin) }()
	pipe, err := os.Open(paths["events"])
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e subject.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
		if e.Event == until || e.Event == subject.Failed {
			end.Close() // the harness lets go: close cleanly
		}
	}
	return events, <-done
}

func (f *fixture) load(t *testing.T, store string) {
	t.Helper()
	w := workload.New(1, 0, 1, testKeys, 16, 100, 1, 0, 0)
	task, err := json.Marshal(topology.LoadTask{Workloads: []workload.Spec{w}})
	if err != nil {
		t.Fatal(err)
	}
	events, err := f.live(t, store, subject.Config{Load: task}, subject.Loaded)
	if err != nil {
		t.Fatal(err)
	}
	want := "hello assigned opened restore_start caught_up ready loaded"
	if got := names(events); got != want {
		t.Fatalf("events %q, want %q", got, want)
	}
	if last := find(t, events, subject.Loaded); last.Records != testKeys || last.Offset != testKeys {
		t.Fatalf("%+v", last)
	}
}

func names(events []subject.Event) string {
	var out []string
	for _, e := range events {
		if e.Event != subject.ProgressMade {
			out = append(out, e.Event)
		}
	}
	return strings.Join(out, " ")
}

func find(t *testing.T, events []subject.Event, name string) subject.Event {
	t.Helper()
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Event == name {
			return events[i]
		}
	}
	t.Fatalf("no event %s in %s", name, names(events))
	return subject.Event{}
}

// recover runs an incarnation that verifies itself and returns the path it took, why,
// the records it restored, and the digest's count.
func (f *fixture) recover(t *testing.T, store string) (opened, caught, digest subject.Event) {
	t.Helper()
	events, err := f.live(t, store, subject.Config{Digest: true}, subject.DigestOf)
	if err != nil {
		t.Fatal(err)
	}
	return find(t, events, subject.Opened), find(t, events, subject.CaughtUp), find(t, events, subject.DigestOf)
}

func TestReplayAndLocal(t *testing.T) {
	f := newFixture(t)
	f.load(t, spec.StoreRocks)
	opened, caught, digest := f.recover(t, spec.StoreRocks)
	if opened.Path != subject.PathLocal || caught.Records != 0 || digest.Count != testKeys {
		t.Errorf("local: %+v %+v %d", opened, caught, digest.Count)
	}
	opened, caught, other := f.recover(t, spec.StoreMemory)
	if opened.Path != subject.PathEmpty || caught.Records != testKeys || other.Digest != digest.Digest {
		t.Errorf("memory: %+v %+v", opened, caught)
	}
}

// Files that can't be trusted are replaced once, and the path says so.
func TestCorruptFilesAreWipedAndReplayed(t *testing.T) {
	f := newFixture(t)
	f.load(t, spec.StoreRocks)
	current := filepath.Join(f.state, "0_0", "rocksdb", storeName, "CURRENT")
	if err := os.Truncate(current, 0); err != nil {
		t.Fatal(err)
	}
	opened, caught, digest := f.recover(t, spec.StoreRocks)
	if opened.Path != subject.PathWiped || opened.Reason == "" || caught.Records != testKeys || digest.Count != testKeys {
		t.Errorf("%+v %+v %d", opened, caught, digest.Count)
	}
	if opened, _, _ := f.recover(t, spec.StoreRocks); opened.Path != subject.PathLocal {
		t.Errorf("after that: %+v", opened)
	}
}

// What was written since the files were saved is in the changelog no more.
func TestStaleOffsetIsWipedAndReplayed(t *testing.T) {
	f := newFixture(t)
	f.load(t, spec.StoreRocks)
	f.write(t, 0, 300)
	f.trim(t, testKeys+200)
	opened, caught, digest := f.recover(t, spec.StoreRocks)
	if opened.Path != subject.PathWiped || !strings.Contains(opened.Reason, "saved 1000, first offset 1200") || caught.Records != 100 || digest.Count != 100 {
		t.Errorf("%+v %+v %d", opened, caught, digest.Count)
	}
}

// trim deletes the changelog's records before an offset, which Kafka only does where retention may do so.
func (f *fixture) trim(t *testing.T, before stores.Offset) {
	t.Helper()
	err := f.admin.AlterTopic(t.Context(), f.topic, map[string]string{"cleanup.policy": "compact,delete", "retention.ms": "-1"})
	if err == nil {
		err = f.admin.DeleteRecords(t.Context(), f.topic, 0, before)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// write appends records of so many new keys to the changelog, from number first on.
func (f *fixture) write(t *testing.T, first, n int) {
	t.Helper()
	f.writeTo(t, 0, first, n)
}

func (f *fixture) writeTo(t *testing.T, partition int32, first, n int) {
	t.Helper()
	w, err := changelog.NewWriter(f.bootstrap, f.topic, partition, 10*time.Second, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	b := changelog.NewBatch()
	b.Partition = partition
	for i := range n {
		b.Append(fmt.Appendf(nil, "written-%06d", first+i), []byte("value"), 1, b.Next)
	}
	ticket, err := w.Send(b)
	if err == nil {
		_, err = w.Wait(t.Context(), ticket)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A kill in the middle of a wipe leaves no store that looks corrupt, and what it left is gone with the next start.
func TestWipeIsWhole(t *testing.T) {
	f := newFixture(t)
	f.load(t, spec.StoreRocks)
	dir := filepath.Join(f.state, "0_0", "rocksdb", storeName)
	if err := errors.Join(os.Rename(dir, away(dir)), os.Remove(filepath.Join(away(dir), "CURRENT"))); err != nil { // up to here it came
		t.Fatal(err)
	}
	opened, caught, digest := f.recover(t, spec.StoreRocks)
	if opened.Path != subject.PathEmpty || caught.Records != testKeys || digest.Count != testKeys {
		t.Errorf("%+v %+v %d", opened, caught, digest.Count)
	}
	if _, err := os.Stat(away(dir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was left: %v", err)
	}
}

// Files that are found to be damaged when they are read are refused, and the changelog is replayed once the user has done as the error says.
func TestRefusedFilesAreRemovedAsSaid(t *testing.T) {
	f := newFixture(t)
	f.load(t, spec.StoreRocks)
	files, err := filepath.Glob(filepath.Join(f.state, "0_0", "rocksdb", storeName, "*.sst"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var path string // the one with the records, and not with offsets, which are read first
	var data []byte
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > len(data) {
			path, data = name, text
		}
	}
	data[len(data)/3] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	events, err := f.live(t, spec.StoreRocks, subject.Config{Digest: true}, subject.DigestOf)
	if e := find(t, events, subject.Failed); !errors.Is(err, stores.ErrCorrupt) || e.Code != "corrupt" {
		t.Fatalf("%v, %+v", err, e)
	}
	f.removeAsSaid(t, err)
	if opened, caught, digest := f.recover(t, spec.StoreRocks); opened.Path != subject.PathEmpty || caught.Records != testKeys || digest.Count != testKeys {
		t.Errorf("%+v %+v %d", opened, caught, digest.Count)
	}
}

// removeAsSaid removes what an error says is to be removed before the processor is started again.
func (f *fixture) removeAsSaid(t *testing.T, err error) {
	t.Helper()
	said := regexp.MustCompile(`remove the directories (\S+) in (\S+?)(,| to replay what is there,) and start again`).FindStringSubmatch(err.Error())
	if len(said) != 4 || said[2] != f.state {
		t.Fatalf("%v: it says not what to remove in %s", err, f.state)
	}
	dirs, err := filepath.Glob(filepath.Join(said[2], said[1]))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("%v, %v", dirs, err)
	}
	for _, dir := range dirs {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
}

// A directory that somebody else made is not wiped, whatever is wrong with what is in it.
func TestOnlyOwnDirectoriesAreWiped(t *testing.T) {
	f := newFixture(t)
	f.load(t, spec.StoreRocks)
	current := filepath.Join(f.state, "0_0", "rocksdb", storeName, "CURRENT")
	if err := errors.Join(os.Truncate(current, 0), os.Remove(filepath.Join(f.state, subject.Marker))); err != nil {
		t.Fatal(err)
	}
	before := listed(t, f.state)
	_, err := f.live(t, spec.StoreRocks, subject.Config{}, subject.Ready)
	if after := listed(t, f.state); !errors.Is(err, subject.ErrNotMarked) || !slices.Equal(after, before) {
		t.Errorf("%v; files %q, then %q", err, before, after)
	}
}

func TestErrorsAreReported(t *testing.T) {
	f := newFixture(t)
	f.topic = "no-such-topic"
	events, err := f.live(t, spec.StoreMemory, subject.Config{}, subject.Ready)
	if e := find(t, events, subject.Failed); err == nil || e.Message == "" || e.Code != "failed" {
		t.Errorf("%v %+v", err, e)
	}
	events, err = f.live(t, "leveldb", subject.Config{}, subject.Ready)
	if e := find(t, events, subject.Failed); err == nil || !strings.Contains(e.Message, `"leveldb"`) {
		t.Errorf("%v %+v", err, e)
	}
}

func TestCodes(t *testing.T) {
	for err, want := range map[error]string{
		stores.ErrLocked: "locked", stores.ErrCorrupt: "corrupt", stores.ErrUnavailable: "unavailable",
		restore.ErrStale: "offset_out_of_range", changelog.ErrTopicChanged: "topic_changed", changelog.ErrFenced: "fenced", ErrPartitions: "partitions_changed", changelog.ErrOffsetOutOfRange: "offset_out_of_range",
		changelog.ErrAway: "broker_away", changelog.ErrExpired: "fenced", changelog.ErrOpenTransaction: "open_transaction", io.EOF: "failed",
	} {
		if got := code(fmt.Errorf("wrapped: %w", err)); got != want {
			t.Errorf("%v is %s, want %s", err, got, want)
		}
	}
}
