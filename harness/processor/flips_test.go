package processor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/stores"
)

// written is a changelog in memory of values, overwritten ones and tombstones, up to an offset.
type written struct {
	asked
	changelog.PartitionReader
	store     string // that is restored from it
	next, end stores.Offset
}

func (*written) Fetcher() string { return "memory" }

func (*written) Identity(time.Duration) (changelog.Identity, error) {
	return changelog.Identity{ID: "bX5i2Q-_RKqk0cM7cTeBzA", Partitions: 1}, nil
}

func (w *written) EndOffsets(int32, time.Duration) (begin, end stores.Offset, err error) {
	return 0, w.end, nil
}

func (w *written) Partition(_ int32, from stores.Offset) (changelog.PartitionReader, error) {
	w.next = from
	return w, nil
}

// Every record is in its offset: a key that was written before, and mostly a value.
func (*written) record(at stores.Offset) (key, value string, tombstone bool) {
	return fmt.Sprint("key-", at*at%211), fmt.Sprint("value-", at), at%5 == 0
}

func (w *written) Read(_ context.Context, b *stores.Batch, stop stores.Offset, _ time.Duration) error {
	b.Reset()
	for range 100 {
		if w.next == stop {
			break
		}
		key, text, tombstone := w.record(w.next)
		value := []byte(text)
		if tombstone {
			value = nil
		}
		b.Append([]byte(key), value, int64(w.next), w.next)
		w.next++
	}
	b.Next = w.next
	return nil
}

func (w *written) Stats() changelog.ReadStats { return changelog.ReadStats{} }
func (w *written) Close()                     {}

// holds is what a store of all records holds.
func (w *written) holds() map[string]string {
	all := map[string]string{}
	for at := range w.end {
		key, value, tombstone := w.record(at)
		if all[key] = value; tombstone {
			delete(all, key)
		}
	}
	return all
}

// restored is a processor under recovery model 4.2 whose only partition was opened and restored.
func (w *written) restored(t *testing.T, state string) (p *processor, path string) {
	t.Helper()
	events, err := subject.OpenEvents(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	store := subject.Store{Name: storeName, Store: w.store, Topic: "app-store-changelog"}
	part := &partition{task: store, reader: w, dir: directory(state, 0, store), origin: origin{kept: unknown}}
	p = &processor{events: events, parts: []*partition{part}, task: &subject.Task{
		StateDir: state, Config: subject.Config{RecoveryModel: spec.Model42, SnapshotIntervalMS: 1000},
	}}
	if path, _, err = p.openPartition(part); err == nil {
		err = p.restore(t.Context(), p.parts)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p, path
}

// A flipped bit of a .checkpoint that is believed, since it makes another offset, leads to no other state: one that is ahead of the store is
// distrusted, so that all is replayed; from any other, what the store lacks is replayed, and mostly more.
func TestFlippedCheckpoint(t *testing.T) {
	for store, stands := range map[string]stores.Offset{spec.StoreMemory: 1074, spec.StoreRocks: 1080} { // which is ahead, as after a kill
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			state := t.TempDir()
			if err := subject.Mark(state); err != nil {
				t.Fatal(err)
			}
			log := &written{store: store, end: stands, asked: asked{kept: time.Hour.Milliseconds()}}
			p, _ := log.restored(t, state)
			if err := errors.Join(p.leave(), p.close()); err != nil {
				t.Fatal(err)
			}
			log.end = 1200
			file := p.checkpointOf(p.parts[0])
			paths := map[string]int{}
			for _, bad := range flips(file.text(1074)) {
				next, ok := file.parse(bad)
				if !ok {
					continue
				}
				path := log.afterFlip(t, state, bad)
				if wiped := path == subject.PathWiped; wiped != (next > stands) || !wiped && path != subject.PathLocal {
					t.Errorf("%q of a store at %d: %s", bad, stands, path)
				}
				paths[path]++
			}
			if paths[subject.PathWiped] == 0 || paths[subject.PathLocal] == 0 {
				t.Errorf("not both were tried: %v", paths)
			}
		})
	}
}

// flips are all texts that differ from one in a bit.
func flips(text []byte) (all [][]byte) {
	for at := range text {
		for bit := range 8 {
			bad := bytes.Clone(text)
			bad[at] ^= 1 << bit
			all = append(all, bad)
		}
	}
	return all
}

// afterFlip restores a copy of what is in a state directory, with another checkpoint, and compares the store with what is right.
func (w *written) afterFlip(t *testing.T, state string, text []byte) (path string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.CopyFS(dir, os.DirFS(state)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "0_0", ".checkpoint"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	p, path := w.restored(t, dir)
	part := p.parts[0]
	compare(t, part.store, w.holds())
	if next, ok := part.store.Offset(); !ok || next != w.end {
		t.Errorf("%q: the store is at %d, %v", text, next, ok)
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	return path
}
