package processor

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/harness/topology"
	"restorebench/harness/workload"
	"restorebench/stores"
)

// storeDir is where the fixture's only store is.
func (f *fixture) storeDir() string { return filepath.Join(f.state, "0_0", "rocksdb", storeName) }

// backUp copies the store, and nothing beside it; what it returns puts the copy back.
func (f *fixture) backUp(t *testing.T) (putBack func()) {
	t.Helper()
	backup := filepath.Join(t.TempDir(), "backup")
	if err := os.CopyFS(backup, os.DirFS(f.storeDir())); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := errors.Join(os.RemoveAll(f.storeDir()), os.CopyFS(f.storeDir(), os.DirFS(backup))); err != nil {
			t.Fatal(err)
		}
	}
}

// A store that stands before what has been durable is of another time than the file beside it says, and nobody knows of which.
func TestEarlierStoreIsWiped(t *testing.T) {
	for _, store := range []string{spec.StoreRocks, spec.StoreMemory} {
		t.Run(store, func(t *testing.T) {
			f := newFixture(t)
			f.snapshots = 10
			f.load(t, store)
			putBack := f.backUp(t)
			task, err := json.Marshal(topology.LoadTask{Workloads: []workload.Spec{workload.New(1, 0, 1, testKeys, 16, 100, 1, 0, 0)}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.live(t, store, subject.Config{Load: task}, subject.Loaded); err != nil {
				t.Fatal(err)
			}
			f.write(t, 0, 5)
			putBack()
			opened, caught, digest := f.recover(t, store)
			if opened.Path != subject.PathWiped || !strings.Contains(opened.Reason, "stands at offset 1000 and has been durable at 2000") ||
				caught.Records != 2*testKeys+5 || digest.Count != testKeys+5 {
				t.Errorf("%+v %+v %d", opened, caught, digest.Count)
			}
			putBack() // which is of before the replay
			opened, _, digest = f.recover(t, store)
			if opened.Path != subject.PathWiped || !strings.Contains(opened.Reason, "another one than") || digest.Count != testKeys+5 {
				t.Errorf("once more: %+v %d", opened, digest.Count)
			}
			if store == spec.StoreMemory {
				return // its next snapshot comes with the next input
			}
			f.write(t, 5, 5)
			opened, caught, digest = f.recover(t, store)
			if opened.Path != subject.PathLocal || caught.Records != 5 || digest.Count != testKeys+10 {
				t.Errorf("after that: %+v %+v %d", opened, caught, digest.Count)
			}
		})
	}
}

// What is emptied, or goes on from a checkpoint, is behind what has been durable without being an earlier store.
func TestWhatIsReplayedIsNoEarlierStore(t *testing.T) {
	f := newFixture(t)
	f.load(t, spec.StoreRocks)
	s := source{filepath.Join(f.state, "0_0", ".changelog-"+storeName), f.topic, 0}
	if o, ok, err := s.read(); o.next != testKeys || !ok || err != nil {
		t.Fatalf("%+v, %v, %v", o, ok, err)
	}
	if err := os.Truncate(filepath.Join(f.storeDir(), "CURRENT"), 0); err != nil {
		t.Fatal(err)
	}
	p := f.processor(t)
	if err := errors.Join(p.layout(), p.open(), p.identify(p.parts[0])); err != nil {
		t.Fatal(err)
	}
	if r, err := p.plan(p.parts[0]); r.From != 0 || err != nil {
		t.Fatal(r, err)
	}
	if o, ok, err := s.read(); o.next != 0 || !ok || err != nil { // a kill may leave the store at any offset from here on
		t.Errorf("emptied: %+v, %v, %v", o, ok, err)
	}
	p.parts[0].checkpoint, p.parts[0].checkpointed = 400, true
	p.parts[0].origin.next = testKeys
	at, incarnation := p.parts[0].origin.at, p.parts[0].incarnation
	if r, err := p.plan(p.parts[0]); r.From != 400 || err != nil {
		t.Fatal(r, err)
	}
	o, ok, err := s.read()
	if o.next != 400 || o.at != at || !ok || err != nil {
		t.Errorf("from a checkpoint: %+v, %v, %v", o, ok, err)
	}
	if err := p.parts[0].readIncarnation(); o.incarnation == incarnation || o.incarnation != p.parts[0].incarnation || err != nil {
		t.Errorf("from a checkpoint it has the number %x in its directory, %x beside it, and had %x before; %v", p.parts[0].incarnation, o.incarnation, incarnation, err)
	}
}

// cut begins a replay from nothing and cuts it short, with files that stand at an offset.
func (f *fixture) cut(t *testing.T, store string, at stores.Offset) {
	t.Helper()
	if err := os.RemoveAll(f.storeDir()); err != nil {
		t.Fatal(err)
	}
	p := f.processor(t)
	p.task.Store, p.task.Config.SnapshotIntervalMS = store, f.snapshots
	if err := errors.Join(p.layout(), p.open(), p.identify(p.parts[0])); err != nil {
		t.Fatal(err)
	}
	part := p.parts[0]
	_, err := p.plan(part)
	if err = errors.Join(err, part.store.Apply(&stores.Batch{Next: at}), part.store.Flush(), part.close()); err != nil {
		t.Fatal(err)
	}
}

// A replay that a kill cuts short leaves files at any offset, which are of its beginning. A store that is put in their place is not.
func TestStoreInPlaceOfACutReplayIsWiped(t *testing.T) {
	for _, store := range []string{spec.StoreRocks, spec.StoreMemory} {
		t.Run(store, func(t *testing.T) {
			f := newFixture(t)
			f.snapshots = 10
			f.load(t, store)
			putBack := f.backUp(t)
			f.cut(t, store, 0)
			f.cut(t, store, 400)
			opened, caught, digest := f.recover(t, store)
			if opened.Path != subject.PathLocal || caught.Records != testKeys-400 {
				t.Errorf("what is left of the replay: %+v %+v", opened, caught)
			}
			f.cut(t, store, 400)
			putBack()
			opened, caught, digest = f.recover(t, store)
			if opened.Path != subject.PathWiped || !strings.Contains(opened.Reason, "another one than") || caught.Records != testKeys || digest.Count != testKeys {
				t.Errorf("%+v %+v %d", opened, caught, digest.Count)
			}
		})
	}
}

// A store whose number is not, byte for byte, the one that the file beside it has is another one, and has one of its own from then on.
func TestStoreOfAnotherNumberIsWiped(t *testing.T) {
	f := newFixture(t)
	f.load(t, spec.StoreRocks)
	path := filepath.Join(f.storeDir(), incarnationName)
	for _, change := range []func([]byte) []byte{
		func([]byte) []byte { return nil },
		func(text []byte) []byte { return text[:len(text)-1] },
		func(text []byte) []byte { return append(text, '\n') },
		func(text []byte) []byte { text[3] ^= 1; return text },
	} {
		text, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, change(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		opened, caught, digest := f.recover(t, spec.StoreRocks)
		if opened.Path != subject.PathWiped || !strings.Contains(opened.Reason, "another one than") || caught.Records != testKeys || digest.Count != testKeys {
			t.Errorf("%q: %+v %+v %d", text, opened, caught, digest.Count)
		}
		if opened, caught, _ := f.recover(t, spec.StoreRocks); opened.Path != subject.PathLocal || caught.Records != 0 {
			t.Errorf("after %q: %+v %+v", text, opened, caught)
		}
	}
}

// processor is one that has begun nothing yet.
func (f *fixture) processor(t *testing.T) *processor {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	events, err := subject.OpenEvents(path)
	if err != nil {
		t.Fatal(err)
	}
	p := &processor{events: events, task: &subject.Task{
		Brokers: f.bootstrap, Topic: f.topic, StateDir: f.state, Store: spec.StoreRocks,
		Config: subject.Config{Partitions: f.partitions},
	}}
	t.Cleanup(func() {
		if err := errors.Join(p.close(), events.Close()); err != nil {
			t.Error(err)
		}
	})
	return p
}

// tombstones appends tombstones of what write has written.
func (f *fixture) tombstones(t *testing.T, first, n int, timestamp int64) {
	t.Helper()
	w, err := changelog.NewWriter(f.bootstrap, f.topic, 0, 10*time.Second, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	b := changelog.NewBatch()
	for i := range n {
		b.Append(fmt.Appendf(nil, "written-%06d", first+i), nil, timestamp, b.Next)
	}
	ticket, err := w.Send(b)
	if err == nil {
		_, err = w.Wait(t.Context(), ticket)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// remain counts the tombstones that the changelog still has before an offset.
func (f *fixture) remain(t *testing.T, before stores.Offset) (n int) {
	t.Helper()
	reader, err := changelog.NewReader(f.bootstrap, f.topic, changelog.ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	records, err := reader.Partition(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer records.Close()
	for b := changelog.NewBatch(); b.Next < before; {
		if err := records.Read(t.Context(), b, before, 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		for _, e := range b.Entries {
			if e.ValueLen == stores.Tombstone {
				n++
			}
		}
	}
	return n
}

// The broker's own log cleaner takes tombstones away, the processor's files have them, and the store comes back from before them: no
// key that they deleted may.
func TestEarlierStoreBringsNothingBack(t *testing.T) {
	const keys, deleted = 100, 50
	const kept = 15 * time.Second
	f := newFixture(t)
	err := errors.Join(f.admin.AlterBrokers(t.Context(), map[string]string{"log.cleaner.backoff.ms": "200"}),
		f.admin.AlterTopic(t.Context(), f.topic, map[string]string{
			"segment.ms": "1000", "delete.retention.ms": fmt.Sprint(kept.Milliseconds()), "min.cleanable.dirty.ratio": "0",
		}))
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, 0, keys)
	if _, _, digest := f.recover(t, spec.StoreRocks); digest.Count != keys {
		t.Fatal(digest.Count)
	}
	putBack := f.backUp(t)
	f.tombstones(t, 0, deleted, 1)
	for i, deadline := int64(1), time.Now().Add(2*time.Minute); f.remain(t, keys+deleted) > 0; i++ {
		if time.Now().After(deadline) {
			t.Fatalf("%d tombstones are left; does the cleaner run?", f.remain(t, keys+deleted))
		}
		f.tombstones(t, keys, 1, 100_000*i) // each begins a segment, and the cleaner may go through the last
		time.Sleep(500 * time.Millisecond)
	}
	if _, _, digest := f.recover(t, spec.StoreRocks); digest.Count != keys-deleted {
		t.Fatalf("%d keys, want %d", digest.Count, keys-deleted)
	}
	putBack()
	begun := time.Now()
	opened, _, digest := f.recover(t, spec.StoreRocks)
	if opened.Path != subject.PathWiped || digest.Count != keys-deleted {
		t.Errorf("%+v, %d keys, want %d", opened, digest.Count, keys-deleted)
	}
	if !strings.Contains(opened.Reason, "as from a backup") {
		t.Errorf("%v after the last start the reason is %q", time.Since(begun), opened.Reason)
	}
	f.cut(t, spec.StoreRocks, 0)
	putBack()
	if opened, _, digest := f.recover(t, spec.StoreRocks); opened.Path != subject.PathWiped || digest.Count != keys-deleted {
		t.Errorf("in place of a replay that was cut: %+v, %d keys, want %d", opened, digest.Count, keys-deleted)
	}
}
