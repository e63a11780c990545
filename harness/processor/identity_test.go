package processor

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zeebo/xxh3"

	"restorebench/harness/changelog"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/internal/alloctest"
	"restorebench/stores"
)

// A changelog that was created again is another one, however long: nothing of the files is in what is restored.
func TestFilesOfAnotherTopicAreWiped(t *testing.T) {
	for name, n := range map[string]int{"shorter": 10, "as long": testKeys, "longer": testKeys + 500} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.load(t, spec.StoreRocks)
			if err := f.admin.Recreate(t.Context(), f.topic, 1, changelog.TopicConfig(nil)); err != nil {
				t.Fatal(err)
			}
			f.write(t, 0, n)
			opened, caught, digest := f.recover(t, spec.StoreRocks)
			if opened.Path != subject.PathWiped || !strings.Contains(opened.Reason, "created again") || int(caught.Records) != n || int(digest.Count) != n {
				t.Errorf("%+v %+v %d", opened, caught, digest.Count)
			}
			f.write(t, n, 5)
			opened, caught, digest = f.recover(t, spec.StoreRocks)
			if opened.Path != subject.PathLocal || caught.Records != 5 || int(digest.Count) != n+5 {
				t.Errorf("after that: %+v %+v %d", opened, caught, digest.Count)
			}
		})
	}
}

func TestFilesWithoutTheirTopicAreWiped(t *testing.T) {
	f := newFixture(t)
	f.load(t, spec.StoreRocks)
	if err := os.Remove(filepath.Join(f.state, "0_0", ".changelog-store")); err != nil {
		t.Fatal(err)
	}
	opened, caught, digest := f.recover(t, spec.StoreRocks)
	if opened.Path != subject.PathWiped || !strings.Contains(opened.Reason, ".changelog-store") || caught.Records != testKeys || digest.Count != testKeys {
		t.Errorf("%+v %+v %d", opened, caught, digest.Count)
	}
}

// Files of another partition are not taken for one's own, whether they come with the file that says whose they are or without.
func TestSwappedFilesAreWiped(t *testing.T) {
	for name, parts := range map[string][2]string{
		"all": {"0_0", "0_1"}, "only the store": {"0_0/rocksdb", "0_1/rocksdb"}, "only what says whose": {"0_0/.changelog-store", "0_1/.changelog-store"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			if err := f.admin.AddPartitions(t.Context(), f.topic, 2); err != nil {
				t.Fatal(err)
			}
			f.partitions = []int32{0, 1}
			for partition := range f.partitions {
				f.writeTo(t, int32(partition), 1000*partition, 10+partition)
			}
			all := func() map[int32]int64 {
				events, err := f.live(t, spec.StoreRocks, subject.Config{Digest: true, Reads: []subject.Read{{Key: []byte("none")}}}, subject.Reads)
				if err != nil {
					t.Fatal(err)
				}
				counts := map[int32]int64{}
				for _, e := range events {
					if e.Event == subject.DigestOf {
						counts[e.Partition] = e.Count
					}
				}
				return counts
			}
			want := map[int32]int64{0: 10, 1: 11}
			if got := all(); !maps.Equal(got, want) {
				t.Fatalf("records by partition %v, want %v", got, want)
			}
			a, b := filepath.Join(f.state, parts[0]), filepath.Join(f.state, parts[1])
			if err := errors.Join(os.Rename(a, a+"-other"), os.Rename(b, a), os.Rename(a+"-other", b)); err != nil {
				t.Fatal(err)
			}
			if got := all(); !maps.Equal(got, want) {
				t.Errorf("records by partition %v, want %v", got, want)
			}
		})
	}
}

// Keys may be in other partitions since: nothing is served, and nothing is wiped but by the user, who is told how.
func TestAnotherNumberOfPartitionsIsRefused(t *testing.T) {
	f := newFixture(t)
	f.load(t, spec.StoreRocks)
	if err := f.admin.AddPartitions(t.Context(), f.topic, 3); err != nil {
		t.Fatal(err)
	}
	before := listed(t, f.state)
	events, err := f.live(t, spec.StoreRocks, subject.Config{}, subject.Ready)
	if e := find(t, events, subject.Failed); !errors.Is(err, ErrPartitions) || e.Code != "partitions_changed" ||
		!strings.Contains(e.Message, "has 3") || !strings.Contains(e.Message, "with 1") {
		t.Errorf("%v, %+v", err, e)
	}
	for _, name := range before {
		if _, err := os.Stat(name); strings.HasSuffix(name, ".sst") && err != nil {
			t.Error(err)
		}
	}
	f.removeAsSaid(t, err)
	if opened, caught, digest := f.recover(t, spec.StoreRocks); opened.Path != subject.PathEmpty || caught.Records != testKeys || digest.Count != testKeys {
		t.Errorf("%+v %+v %d", opened, caught, digest.Count)
	}
}

func listed(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		files = append(files, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Every truncation and every flipped bit of the file is as good as none.
func TestSource(t *testing.T) {
	s := source{filepath.Join(t.TempDir(), ".changelog-store"), "app-store-changelog", 3}
	if _, ok, err := s.read(); ok || err != nil {
		t.Errorf("of no file: %v, %v", ok, err)
	}
	want := origin{changelog.Identity{ID: "bX5i2Q-_RKqk0cM7cTeBzA", Partitions: 12}, 1_700_000_000_123, 4567, unknown, 0xf00d}
	if err := s.write(want); err != nil {
		t.Fatal(err)
	}
	if got, ok, err := s.read(); got != want || !ok || err != nil {
		t.Fatalf("%+v, %v, %v, want %+v", got, ok, err, want)
	}
	for _, other := range []source{{s.path, "another-changelog", 3}, {s.path, s.topic, 4}} {
		if _, ok, _ := other.read(); ok {
			t.Errorf("it is taken for one of %s-%d", other.topic, other.partition)
		}
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(bad []byte) {
		t.Helper()
		if err := os.WriteFile(s.path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok, err := s.read(); ok || err != nil {
			t.Errorf("%.200q is %+v, %v", bad, got, err)
		}
	}
	for n := range text {
		try(text[:n])
		for bit := range 8 {
			bad := append([]byte{}, text...)
			bad[n] ^= 1 << bit
			try(bad)
		}
	}
	try(append(text, text...))
	try(append(text[:len(text):len(text)], make([]byte, 8<<20)...))
	alloctest.AtMost(t, 1<<20, func() { _, _, _ = s.read() })                             // of a long file
	try([]byte("0\napp-store-changelog 3 bX5i2Q-_RKqk0cM7cTeBzA 12\nf3b0b4be5d1b9d3f\n")) // as it was without a time
	sum := xxh3.HashString("app-store-changelog 3 bX5i2Q-_RKqk0cM7cTeBzA 12 1700000000123 -1")
	try(fmt.Appendf(nil, "1\napp-store-changelog 3 bX5i2Q-_RKqk0cM7cTeBzA 12\n1700000000123 -1\n%016x\n", sum)) // and without an offset
	sum = xxh3.HashString("app-store-changelog 3 bX5i2Q-_RKqk0cM7cTeBzA 12 1700000000123 4567 -1")
	try(fmt.Appendf(nil, "2\napp-store-changelog 3 bX5i2Q-_RKqk0cM7cTeBzA 12\n1700000000123 4567 -1\n%016x\n", sum)) // and without a number
}

// beneath is a changelog to which something happens when its records are about to be read.
type beneath struct {
	changelog.Reader
	happen func()
}

func (b *beneath) Partition(partition int32, from stores.Offset) (changelog.PartitionReader, error) {
	b.happen()
	return b.Reader.Partition(partition, from)
}

// A changelog that loses its records, or is another one, between the end offset and the first record is replayed
// from what there is, once.
func TestChangelogGoesFromUnderARestore(t *testing.T) {
	for name, happen := range map[string]func(*testing.T, *fixture){
		"trimmed": func(t *testing.T, f *fixture) { f.trim(t, testKeys-100) },
		"created again": func(t *testing.T, f *fixture) {
			if err := f.admin.Recreate(t.Context(), f.topic, 1, changelog.TopicConfig(nil)); err != nil {
				t.Error(err)
			}
			f.write(t, 0, 100)
		},
	} {
		for _, store := range []string{spec.StoreMemory, spec.StoreRocks} {
			t.Run(name+" "+store, func(t *testing.T) {
				f := newFixture(t)
				f.write(t, 0, testKeys)
				events := filepath.Join(t.TempDir(), "events")
				if err := os.WriteFile(events, nil, 0o600); err != nil {
					t.Fatal(err)
				}
				out, err := subject.OpenEvents(events)
				if err != nil {
					t.Fatal(err)
				}
				p := &processor{events: out, task: &subject.Task{
					Brokers: f.bootstrap, Topic: f.topic, StateDir: f.state, Store: store,
					Config: subject.Config{Partitions: []int32{0}},
				}}
				defer p.close()
				if err := errors.Join(p.layout(), p.open()); err != nil {
					t.Fatal(err)
				}
				part := p.parts[0]
				if _, err := part.reader.Identity(offsetTimeout); err != nil { // it knows the topic from here on
					t.Fatal(err)
				}
				part.reader = &beneath{part.reader, func() { happen(t, f) }}
				if err := p.restore(t.Context(), p.parts); err != nil {
					t.Fatal(err)
				}
				it, n := part.store.Range(nil, nil), 0
				for it.Next() {
					n++
				}
				if err := errors.Join(it.Err(), it.Close()); n != 100 || err != nil {
					t.Errorf("%d records, %v, want 100", n, err)
				}
				text, err := os.ReadFile(events)
				if err != nil {
					t.Fatal(err)
				}
				var opened []subject.Event
				for line := range strings.Lines(string(text)) {
					var e subject.Event
					if err := json.Unmarshal([]byte(line), &e); err != nil {
						t.Fatal(err)
					}
					if e.Event == subject.Opened {
						opened = append(opened, e)
					}
				}
				if last := opened[len(opened)-1]; last.Path != subject.PathWiped || last.Reason == "" {
					t.Errorf("%+v", last)
				}
			})
		}
	}
}
