package processor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// A process that waits to be told ends cleanly when its standard input does, or when it is cancelled; anything else that ends it is an
// error.
func TestEndWhileItWaitsToBeTold(t *testing.T) {
	open := func() io.Reader { // of which nothing comes
		r, w := io.Pipe()
		t.Cleanup(func() { w.Close() })
		return r
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		ctx   context.Context
		stdin io.Reader
		want  string // "" for a clean end
	}{
		"closed":     {t.Context(), strings.NewReader(""), ""},
		"cancelled":  {cancelled, open(), ""},
		"too late":   {late, open(), context.DeadlineExceeded.Error()},
		"unreadable": {t.Context(), iotest.ErrReader(broken), "standard input: broken"},
		"nonsense":   {t.Context(), strings.NewReader("{nonsense\n"), "standard input: invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			p := (&fixture{state: t.TempDir()}).processor(t)
			p.told, p.task.Config.Await = make(chan struct{}), true
			ctx, end := context.WithCancel(c.ctx)
			defer end()
			if err := p.share(ctx, end, c.stdin); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// A process that shares the partitions notes of what it has gained, once, how old the files are and how long tombstones are kept; of
// what it has lost meanwhile, not how old they are.
func TestWhatIsGainedIsDated(t *testing.T) {
	f := &fixture{state: t.TempDir()}
	p := f.processor(t)
	p.task.Config.Standby = true // which leaves the files when partitions are lost
	reader := &asked{kept: 5000}
	was := origin{changelog.Identity{ID: "id", Partitions: 3}, 1 << 40, 7, unknown, 0}
	for id := range int32(3) {
		part := &partition{id: id, task: subject.Store{Name: "store", Topic: "topic", Store: spec.StoreRocks}, reader: reader, origin: was}
		part.setRestored(time.UnixMilli(was.at+1<<30), 9)
		p.parts = append(p.parts, part)
	}
	s := &sharing{processor: p, owned: map[int32]bool{0: true, 1: true}, served: map[int32]bool{0: true}, gained: []int32{0, 1}}
	if err := s.ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.later.Wait()
	if reader.times != 0 {
		t.Errorf("asked %d times before all of it is restored", reader.times)
	}
	s.served[1] = true
	for range 2 {
		if err := s.ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.later.Wait()
	}
	if reader.times != 2 {
		t.Errorf("asked %d times, want one for each partition", reader.times)
	}
	if _, err := s.lose([]int32{2}); err != nil {
		t.Fatal(err)
	}
	p.dateLater(t.Context(), p.parts[2:])
	p.later.Wait()
	ready, lost := origin{was.Identity, was.at + 1<<30, 9, 5000, 0}, origin{was.Identity, was.at, 7, 5000, 0}
	for i, want := range []origin{ready, ready, lost} {
		if o, ok, err := p.sourceOf(p.parts[i]).read(); o != want || !ok || err != nil {
			t.Errorf("partition %d: %+v, %v, %v, want %+v", i, o, ok, err, want)
		}
	}
}

// sharer is a process that shares the partitions of a topic; the test is its group and its parent.
type sharer struct {
	*sharing
	path string // of its events
}

// partitionsOf makes the fixture's topic one of so many partitions, with records: of the first so many, of each further one as many more.
func (f *fixture) partitionsOf(t *testing.T, partitions, records int) {
	t.Helper()
	if err := f.admin.AddPartitions(t.Context(), f.topic, partitions); err != nil {
		t.Fatal(err)
	}
	f.partitions = nil
	for i := range int32(partitions) {
		f.partitions = append(f.partitions, i)
		f.writeTo(t, i, 0, records*int(i+1))
	}
}

func (f *fixture) sharer(t *testing.T, store string) *sharer {
	t.Helper()
	p := f.processor(t)
	path := filepath.Join(t.TempDir(), "events")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	events, err := subject.OpenEvents(path)
	if err != nil {
		t.Fatal(err)
	}
	p.task.Store, p.events = store, events
	if err := p.layout(); err != nil {
		t.Fatal(err)
	}
	p.member = &changelog.Member{}
	s := &sharing{
		processor: p, changes: make(chan change), asked: make(chan subject.Config), ended: make(chan *work),
		owned: map[int32]bool{}, served: map[int32]bool{}, works: map[int32]*work{},
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.run(ctx, nil) }()
	t.Cleanup(func() {
		cancel()
		err := <-done
		s.working.Wait()
		p.member = nil
		if err := errors.Join(err, events.Close()); err != nil {
			t.Error(err)
		}
	})
	return &sharer{s, path}
}

// told waits until so many events of a kind were sent, and returns all of them.
func (s *sharer) told(t *testing.T, event string, n int) (found []subject.Event) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		text, err := os.ReadFile(s.path)
		if err != nil {
			t.Fatal(err)
		}
		found = nil
		for line := range bytes.Lines(text) {
			var e subject.Event
			if err := json.Unmarshal(line, &e); err != nil {
				break // the end of it is yet to come
			}
			if e.Event == event {
				found = append(found, e)
			}
		}
		if len(found) >= n {
			return found
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d events %s, want %d:\n%s", len(found), event, n, text)
		}
	}
}

func (s *sharer) holdAt(share float64) { s.still.begin(&share) }

// regroup does what a group does, and returns once that is taken.
func (s *sharer) regroup(t *testing.T, c changelog.Change) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if s.tell(ctx, c); ctx.Err() != nil {
		t.Fatalf("%+v was not taken", c)
	}
}

// ask asks what a parent may.
func (s *sharer) ask(t *testing.T, c subject.Config) {
	t.Helper()
	select {
	case s.asked <- c:
	case <-time.After(30 * time.Second):
		t.Fatal("nobody hears")
	}
}

// A partition that goes in the middle of its restore and comes back at once is restored from its beginning, in a directory that is new;
// what was restored beside it goes on from where its files are, which are none that there were.
func TestPartitionGoesAndComesBack(t *testing.T) {
	for store, from := range map[string]int64{spec.StoreMemory: 0, spec.StoreRocks: 100} {
		t.Run(store, func(t *testing.T) {
			f := newFixture(t)
			f.partitionsOf(t, 3, 100)
			s := f.sharer(t, store)
			s.holdAt(0.5)
			s.regroup(t, changelog.Change{Gained: []int32{0, 1, 2}})
			s.told(t, subject.Holding, 3)
			s.regroup(t, changelog.Change{Lost: []int32{0}})
			s.regroup(t, changelog.Change{Gained: []int32{0}})
			s.told(t, subject.Holding, 6)
			s.still.end()
			s.told(t, subject.Ready, 1)
			s.ask(t, subject.Config{Digest: true})
			for _, d := range s.told(t, subject.DigestOf, 3) {
				if want := 100 * int64(d.Partition+1); d.Count != want {
					t.Errorf("partition %d has %d keys, want %d", d.Partition, d.Count, want)
				}
			}
			for _, e := range s.told(t, subject.Opened, 6) {
				if len(e.Partitions) != 1 || e.Path != subject.PathEmpty || e.Reason != fmt.Sprintf("partition %d: no saved offset", e.Partitions[0]) {
					t.Errorf("%+v, want that it is empty", e)
				}
			}
			for _, e := range s.told(t, subject.RestoreStart, 6)[3:] {
				if want := map[int32]int64{0: 0, 1: from, 2: from * 3 / 2}[e.Partition]; e.From != want {
					t.Errorf("partition %d is restored from %d, want %d", e.Partition, e.From, want)
				}
			}
		})
	}
}

// Whatever comes and goes, and whenever, what is there at the end is whole.
func TestPartitionsComeAndGo(t *testing.T) {
	for _, store := range []string{spec.StoreMemory, spec.StoreRocks} {
		t.Run(store, func(t *testing.T) {
			f := newFixture(t)
			f.partitionsOf(t, 3, 1000)
			s, seed := f.sharer(t, store), rand.Uint64()
			rng, owned := rand.New(rand.NewPCG(seed, 0)), map[int32]bool{}
			for range 40 {
				var c changelog.Change
				lose := rng.IntN(2) == 0
				for id := range int32(3) {
					switch {
					case rng.IntN(2) == 0:
					case lose && owned[id]:
						c.Lost, owned[id] = append(c.Lost, id), false
					case !lose && !owned[id]:
						c.Gained, owned[id] = append(c.Gained, id), true
					}
				}
				s.regroup(t, c)
				time.Sleep(time.Duration(rng.IntN(15)) * time.Millisecond)
			}
			for id := range int32(3) {
				if !owned[id] {
					s.regroup(t, changelog.Change{Gained: []int32{id}})
				}
			}
			digests := 0
			for deadline := time.Now().Add(30 * time.Second); digests < 3; {
				if time.Now().After(deadline) {
					t.Fatalf("seed %d: not all are served", seed)
				}
				before := len(s.told(t, subject.DigestOf, 0))
				s.ask(t, subject.Config{Digest: true})
				s.ask(t, subject.Config{}) // which is taken once that is answered
				digests = len(s.told(t, subject.DigestOf, 0)) - before
				time.Sleep(5 * time.Millisecond)
			}
			all := s.told(t, subject.DigestOf, 3)
			for _, d := range all[len(all)-3:] {
				if want := 1000 * int64(d.Partition+1); d.Count != want {
					t.Errorf("seed %d: partition %d has %d keys, want %d", seed, d.Partition, d.Count, want)
				}
			}
		})
	}
}

// What was served before is served while something else is restored, and what is not restored is not.
func TestServesWhileItRestores(t *testing.T) {
	for _, store := range []string{spec.StoreMemory, spec.StoreRocks} {
		t.Run(store, func(t *testing.T) {
			f := newFixture(t)
			f.partitionsOf(t, 3, 100)
			s := f.sharer(t, store)
			s.regroup(t, changelog.Change{Gained: []int32{0}})
			s.told(t, subject.Ready, 1)
			s.holdAt(0.5)
			s.regroup(t, changelog.Change{Gained: []int32{1, 2}})
			s.told(t, subject.Holding, 2)
			var reads []subject.Read
			for id := range int32(3) {
				reads = append(reads, subject.Read{Partition: id, Key: fmt.Appendf(nil, "written-%06d", 99)})
			}
			digests := 0
			for i, c := range []struct {
				lost   []int32
				served []int64 // keys of those that are
			}{
				{nil, []int64{100}},
				{[]int32{1}, []int64{100}}, // 2 is begun anew
				{nil, []int64{100, 300}},
			} {
				if c.lost != nil {
					s.regroup(t, changelog.Change{Lost: c.lost})
					s.told(t, subject.Holding, 3)
				}
				if i == 2 {
					s.still.end()
					s.told(t, subject.Ready, 2)
				}
				s.ask(t, subject.Config{Digest: true, Reads: slices.Clone(reads)})
				answer := s.told(t, subject.Reads, i+1)[i]
				all := s.told(t, subject.DigestOf, 0)
				if len(answer.Values) != len(c.served) || len(all)-digests != len(c.served) {
					t.Fatalf("%d reads and %d digests of %d partitions that are served", len(answer.Values), len(all)-digests, len(c.served))
				}
				for j, v := range answer.Values {
					if v.Value == nil || string(*v.Value) != "value" || all[digests+j].Count != c.served[j] {
						t.Errorf("read %+v, %d keys, want %d", v, all[digests+j].Count, c.served[j])
					}
				}
				digests = len(all)
			}
			if n := len(s.told(t, subject.Ready, 2)); n != 2 {
				t.Errorf("ready %d times, want twice", n)
			}
		})
	}
}

// A process that shares the partitions processes nothing: what it ends with is as old as its restore.
func TestWhatIsServedGrowsOld(t *testing.T) {
	f := newFixture(t)
	f.write(t, 0, 10)
	p := f.processor(t)
	p.task.Store, p.task.Config.SnapshotIntervalMS = spec.StoreMemory, time.Hour.Milliseconds()
	if err := errors.Join(p.layout(), p.open(), p.restore(t.Context(), p.parts)); err != nil {
		t.Fatal(err)
	}
	restored := time.Now()
	time.Sleep(2 * time.Millisecond)
	f.tombstones(t, 0, 1, 1)
	s := &sharing{processor: p, served: map[int32]bool{0: true}}
	if err := s.leaveShare(); err != nil {
		t.Fatal(err)
	}
	if o, ok, err := p.sourceOf(p.parts[0]).read(); o.at > restored.UnixMilli() || o.next != 10 || !ok || err != nil {
		t.Errorf("%+v, %v, %v; want offset 10 of %d at most", o, ok, err, restored.UnixMilli())
	}
}
