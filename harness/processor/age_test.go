package processor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/restore"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/harness/topology"
	"restorebench/harness/workload"
	"restorebench/stores"
	"restorebench/stores/memory"
)

func TestOutdated(t *testing.T) {
	const hour, day = int64(3_600_000), int64(86_400_000)
	for name, c := range map[string]struct {
		age, kept int64
		why       string // "": as good as new
	}{
		"fresh":                          {1000, day, ""},
		"just young enough":              {day - day/10 - 1, day, ""},
		"within the margin":              {day - day/10, day, "21h36m0s ago, which keeps tombstones for 24h0m0s"},
		"old":                            {26 * hour, day, "26h0m0s ago"},
		"a clock that went back a bit":   {-hour, day, ""},
		"a clock that went back":         {-3 * hour, day, "3h0m0s ahead of the clock, which went back"},
		"of no known time":               {time.Now().UnixMilli(), day, "ago"},
		"not compacted":                  {1000 * day, changelog.Forever, ""},
		"kept for longer than there was": {1000 * day, changelog.Forever - 1, ""},
		"not kept at all":                {0, 0, "keeps tombstones for 0s"},
	} {
		if why := outdated(c.age, c.kept); (why == "") != (c.why == "") || !strings.Contains(why, c.why) {
			t.Errorf("%s: %q, want ...%s...", name, why, c.why)
		}
	}
}

// The time is written again only now and then, but at once if it is ahead of the clock.
func TestDue(t *testing.T) {
	for name, c := range map[string]struct {
		later, kept int64
		want        bool
	}{
		"at once":                 {0, 86_400_000, false},
		"a minute later":          {60_000, 86_400_000, false},
		"a quarter later":         {900_000, 86_400_000, true},
		"by the default":          {900_000, unknown, true},
		"back":                    {-1, 86_400_000, true},
		"of a short time":         {99, 1000, false},
		"of a short time on":      {100, 1000, true},
		"of a long time":          {449_000, 1000 * 86_400_000, false},
		"of a long time on":       {450_000, 1000 * 86_400_000, true},
		"not compacted":           {449_000, changelog.Forever, false},
		"not compacted, later on": {450_000, changelog.Forever, true},
	} {
		o := origin{at: 1 << 40, kept: c.kept}
		if got := o.due(o.at + c.later); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// asked tells how often the broker was asked how long tombstones are kept.
type asked struct {
	changelog.Reader
	kept  int64
	err   error
	times int

	timeout time.Duration // of the last question
}

func (a *asked) KeepsTombstones(timeout time.Duration) (int64, error) {
	a.times, a.timeout = a.times+1, timeout
	return a.kept, a.err
}

// The broker is asked where what was written with the files is not known, or may have become less. One that does not tell has a default;
// where the question fails, nothing is known.
func TestTooOld(t *testing.T) {
	const minute, day = int64(60_000), int64(86_400_000)
	untold, away := fmt.Errorf("to us: %w", changelog.ErrUntold), changelog.ErrTopicChanged // any other
	for name, c := range map[string]struct {
		age, saved, kept int64
		err              error
		old              bool
		times            int
	}{
		"right after a crash":            {minute, day, 0, nil, false, 0},
		"too old for what was saved":     {minute, minute, day, nil, true, 0},
		"old, and kept as long":          {60 * minute, day, day, nil, false, 1},
		"old, and lowered since":         {60 * minute, day, 30 * minute, nil, true, 1},
		"old, and raised since":          {60 * minute, 80 * minute, day, nil, false, 1},
		"too old, and raised since":      {60 * minute, 65 * minute, day, nil, true, 0},
		"unknown":                        {minute, unknown, 0, nil, true, 1},
		"unknown, and kept":              {60 * minute, unknown, day, nil, false, 1},
		"not compacted":                  {60 * minute, changelog.Forever, 0, nil, false, 0},
		"the broker does not tell":       {60 * minute, unknown, 0, untold, false, 1},
		"nor does it, and it is too old": {24 * 60 * minute, unknown, 0, untold, true, 1},
		"the broker does not answer":     {60 * minute, day, 0, away, false, 1},
		"nor does it, right after that":  {minute, unknown, 0, away, false, 1},
	} {
		reader := &asked{kept: c.kept, err: c.err}
		p := &processor{task: &subject.Task{}}
		now := time.Now()
		part := &partition{task: subject.Store{Store: spec.StoreRocks}, reader: reader, origin: origin{at: now.UnixMilli() - c.age, kept: c.saved}}
		why, err := p.tooOld(part, now)
		if (why != "") != c.old || reader.times != c.times || errors.Is(err, away) != errors.Is(c.err, away) || err != nil && !errors.Is(c.err, away) {
			t.Errorf("%s: %q, %v, asked %d times, want %d", name, why, err, reader.times, c.times)
		}
		if reader.times > 0 && reader.timeout != offsetTimeout {
			t.Errorf("%s: asked for %v", name, reader.timeout)
		}
	}
}

// holed is a changelog of which each read moves on by an offset, with a hole before one of them.
type holed struct {
	restore.Source
	next, hole stores.Offset
	holes      stores.Offset // where there is another one; 0: none
}

func (h *holed) Read(_ context.Context, b *stores.Batch, _ stores.Offset, _ time.Duration) error {
	h.next++
	b.Next = h.next
	return nil
}

func (h *holed) Stats() (s changelog.ReadStats) {
	if h.next >= h.hole {
		s.Holes = 1
	}
	if h.holes > 0 && h.next >= h.holes {
		s.Holes++
	}
	return s
}

// The broker is asked at the first hole, once, and what is behind it is not read where that may be a tombstone's.
func TestHoleBehindFiles(t *testing.T) {
	const minute, day = int64(60_000), int64(86_400_000)
	for name, c := range map[string]struct {
		saved       bool
		kept        int64 // by now; less than what was written with the files
		err         error
		reads, asks int // up to offset 9, and where it ends before
	}{
		"kept for a day":       {true, day, nil, 9, 1},
		"lowered to a minute":  {true, minute, nil, 5, 1},
		"no files were there":  {false, minute, nil, 9, 0},
		"kept long enough yet": {true, 3 * minute, nil, 9, 1},
		"no answer":            {true, 0, changelog.ErrTopicChanged, 5, 1}, // any error
	} {
		store := memory.New()
		if c.saved {
			if err := store.Apply(&stores.Batch{Next: 1}); err != nil {
				t.Fatal(err)
			}
		}
		reader := &asked{kept: c.kept, err: c.err}
		p := &processor{task: &subject.Task{}}
		part := &partition{
			task: subject.Store{Store: spec.StoreRocks}, reader: reader, store: store,
			origin: origin{at: time.Now().UnixMilli() - 2*minute, kept: day},
		}
		source, reads, err := p.wary(part, &holed{hole: 5}), 0, error(nil)
		for ; err == nil && reads < 9; reads++ {
			err = source.Read(t.Context(), changelog.NewBatch(), 100, 0)
		}
		if reads != c.reads || reader.times != c.asks || (err != nil) != (reads < 9) ||
			errors.Is(err, errForgotten) != (err != nil && c.err == nil) || c.err != nil && !errors.Is(err, c.err) {
			t.Errorf("%s: read %d times, asked %d times, %v", name, reads, reader.times, err)
		}
		store.Close()
	}
}

// A restore that takes so long that the files are too old at a later hole stops there, without another question.
func TestLaterHole(t *testing.T) {
	const day = int64(86_400_000)
	asks := 0
	w := &waryReader{Source: &holed{hole: 2, holes: 4}, at: time.Now().UnixMilli(), kept: unknown, ask: func() (int64, error) {
		asks++
		return day, nil
	}}
	for at := 1; at <= 5; at++ {
		if at == 3 { // a day passes
			w.at -= day
		}
		err := w.Read(t.Context(), changelog.NewBatch(), 100, 0)
		if errors.Is(err, errForgotten) != (at >= 4) || err != nil && at < 4 {
			t.Errorf("at %d: %v", at, err)
		}
	}
	if asks != 1 {
		t.Errorf("asked %d times", asks)
	}
}

// age makes the files as old as a duration.
func (f *fixture) age(t *testing.T, by time.Duration) origin {
	t.Helper()
	s := source{filepath.Join(f.state, "0_0", ".changelog-store"), f.topic, 0}
	o, ok, err := s.read()
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	aged := o
	aged.at -= by.Milliseconds()
	if err := s.write(aged); err != nil {
		t.Fatal(err)
	}
	return o
}

// Files from before what the changelog remembers are replayed, unless nothing has come since; then they are of now.
func TestOldFilesAreWiped(t *testing.T) {
	for _, store := range []string{spec.StoreRocks, spec.StoreMemory} {
		t.Run(store, func(t *testing.T) {
			f := newFixture(t)
			f.snapshots = 10
			f.load(t, store)
			before := f.age(t, 23*time.Hour)
			if age := time.Now().UnixMilli() - before.at; age < 0 || age > 60_000 {
				t.Fatalf("the files of a load are %d ms old", age)
			}
			opened, caught, _ := f.recover(t, store)
			if opened.Path != subject.PathLocal || caught.Records != 0 {
				t.Fatalf("nothing is behind them: %+v %+v", opened, caught)
			}
			after := f.age(t, 23*time.Hour)
			if age := time.Now().UnixMilli() - after.at; age > 60_000 {
				t.Fatalf("the files of a restore are %d ms old", age)
			}
			f.write(t, testKeys, 100)
			opened, caught, digest := f.recover(t, store)
			if opened.Path != subject.PathWiped || !strings.Contains(opened.Reason, "keeps tombstones for 24h0m0s") ||
				caught.Records != testKeys+100 || digest.Count != testKeys+100 {
				t.Fatalf("%+v %+v %d", opened, caught, digest.Count)
			}
			if store == spec.StoreMemory {
				return // its next snapshot comes with the next input
			}
			f.age(t, 20*time.Hour)
			f.write(t, testKeys+100, 5)
			opened, caught, digest = f.recover(t, store)
			if opened.Path != subject.PathLocal || caught.Records != 5 || digest.Count != testKeys+105 {
				t.Errorf("young enough: %+v %+v %d", opened, caught, digest.Count)
			}
		})
	}
}

// Once ready, the processor writes down what the next start then need not ask for.
func TestWhatTheChangelogKeepsIsWritten(t *testing.T) {
	p := &processor{task: &subject.Task{StateDir: t.TempDir()}}
	was := origin{changelog.Identity{ID: "id", Partitions: 1}, 1 << 40, 7, unknown, 0}
	reader := &asked{err: changelog.ErrTopicChanged} // any error
	part := &partition{task: subject.Store{Name: "store", Topic: "topic", Store: spec.StoreRocks}, reader: reader, origin: was}
	p.parts = []*partition{part}
	for _, c := range []struct {
		err      error
		restored time.Time
		want     origin
	}{
		{changelog.ErrTopicChanged, time.Time{}, was}, // any error
		{nil, time.Time{}, origin{was.Identity, was.at, 7, 5000, 0}},
		{nil, time.UnixMilli(was.at + 5000), origin{was.Identity, was.at + 5000, 9, 5000, 0}},
	} {
		reader.kept, reader.err = 5000, c.err
		part.setRestored(c.restored, 9)
		p.dateLater(t.Context(), p.parts)
		p.later.Wait()
		o, ok, err := p.sourceOf(part).read()
		if part.origin != c.want || err != nil || ok && o != c.want || !ok && c.want != was {
			t.Errorf("%+v, in the file %+v, %v, want %+v", part.origin, o, err, c.want)
		}
	}
}

// broken can't be made durable.
type broken struct{ stores.Store }

func (broken) Flush() error { return errors.New("disk full") }

// A flush that fails, and a snapshot that is not taken, make nothing younger.
func TestOnlyWhatIsDurableIsDated(t *testing.T) {
	p := &processor{task: &subject.Task{StateDir: t.TempDir(), Config: subject.Config{SnapshotIntervalMS: 10}}}
	part := &partition{task: subject.Store{Name: "store", Topic: "topic", Store: spec.StoreMemory}, store: memory.New()}
	defer part.store.Close()
	old := origin{changelog.Identity{ID: "id", Partitions: 1}, 1, 3, 1000, 0}
	part.origin = old
	part.sending()
	if err := (dated{part.store, p, part}).Apply(&stores.Batch{Next: 7}); err != nil {
		t.Fatal(err)
	}
	if err := (dated{broken{part.store}, p, part}).Flush(); err == nil || part.origin != old {
		t.Errorf("%v, %+v", err, part.origin)
	}
	if err := (dated{part.store, p, part}).Flush(); err != nil || part.origin.at == old.at || part.origin.next != 7 {
		t.Errorf("%v, %+v", err, part.origin)
	}
	if o, ok, err := p.sourceOf(part).read(); o != part.origin || !ok || err != nil {
		t.Errorf("%+v, %v, %v; want %+v", o, ok, err, part.origin)
	}
	part.space = newSpace(memory.NewSpaceIn(t.TempDir(), memory.Options{}))
	if _, err := part.space.Open(""); err != nil {
		t.Fatal(err)
	}
	part.held.Store(true)
	if taken, err := part.snapshot(t.Context()); taken || err != nil {
		t.Errorf("held, and taken: %v, %v", taken, err)
	}
	part.held.Store(false)
	if taken, err := part.snapshot(t.Context()); !taken || err != nil {
		t.Errorf("taken: %v, %v", taken, err)
	}
	part.origin = old
	if err := p.save(t.Context(), part); err != nil || part.origin.at == old.at || part.origin.next != 7 {
		t.Errorf("%v, %+v", err, part.origin)
	}
}

// overtaken is a byte store whose snapshot takes so long that something is done meanwhile.
type overtaken struct {
	stores.Store
	meanwhile func() error
}

func (o overtaken) Snapshot(context.Context) error { return o.meanwhile() }

// A snapshot whose moment is before that of a flush, and which is through behind it, takes back nothing of what was noted.
func TestWhatIsNotedOfLaterStays(t *testing.T) {
	p := &processor{task: &subject.Task{StateDir: t.TempDir(), Config: subject.Config{SnapshotIntervalMS: 10}}}
	part := &partition{task: subject.Store{Name: "store", Topic: "topic", Store: spec.StoreMemory}, store: memory.New()}
	defer part.store.Close()
	part.origin = origin{changelog.Identity{ID: "id", Partitions: 1}, 1, 0, 1000, 0}
	part.holds.Store(&moment{time.Now(), 0})
	part.space = newSpace(memory.NewSpace())
	part.space.opened[""] = overtaken{meanwhile: func() error {
		d := dated{part.store, p, part}
		part.sending()
		return errors.Join(d.Apply(&stores.Batch{Next: 7}), d.Flush())
	}}
	if err := p.save(t.Context(), part); err != nil {
		t.Fatal(err)
	}
	if o, ok, err := p.sourceOf(part).read(); o.next != 7 || part.origin != o || !ok || err != nil {
		t.Errorf("%+v, %v, %v; in memory %+v", o, ok, err, part.origin)
	}
}

// sender takes all that is sent.
type sender struct{ topology.Writer }

func (sender) Send(*stores.Batch) (changelog.Ticket, error) { return changelog.Ticket{}, nil }

// What is in the changelog already, and not yet in the store, was sent behind the time that is noted of a snapshot.
func TestSnapshotIsOfBeforeWhatItLacks(t *testing.T) {
	p := &processor{task: &subject.Task{StateDir: t.TempDir(), Config: subject.Config{SnapshotIntervalMS: 10}}}
	part := &partition{task: subject.Store{Name: "store", Topic: "topic", Store: spec.StoreMemory}, store: memory.New()}
	defer part.store.Close()
	part.origin = origin{changelog.Identity{ID: "id", Partitions: 1}, 1, 0, 1000, 0}
	part.space = newSpace(memory.NewSpaceIn(t.TempDir(), memory.Options{}))
	if _, err := part.space.Open(""); err != nil {
		t.Fatal(err)
	}
	w, d := timed{sender{}, part}, dated{part.store, p, part}
	var sent []time.Time
	for range 3 {
		if _, err := w.Send(nil); err != nil {
			t.Fatal(err)
		}
		sent = append(sent, time.Now())
		time.Sleep(2 * time.Millisecond)
	}
	for i, next := range []stores.Offset{10, 20} {
		if err := errors.Join(d.Apply(&stores.Batch{Next: next}), p.save(t.Context(), part)); err != nil {
			t.Fatal(err)
		}
		if o := part.origin; o.at > sent[i].UnixMilli() || o.next > next {
			t.Errorf("up to %d of %d, want at most %d of %d, behind which the next was sent", o.next, o.at, next, sent[i].UnixMilli())
		}
	}
	if part.origin.next == 0 {
		t.Error("nothing is noted")
	}
}

// Of a load that goes on with a tail snapshots know how far it is, and when its last batch was sent.
func TestTailIsNoted(t *testing.T) {
	f := newFixture(t)
	p := f.processor(t)
	p.task.Store, p.task.Config.SnapshotIntervalMS = spec.StoreMemory, time.Hour.Milliseconds()
	p.told = make(chan struct{})
	close(p.told)
	w := workload.New(1, 0, 1, testKeys, 16, 100, 1, 0, 0)
	w.Tail = 100
	task, err := json.Marshal(topology.LoadTask{Workloads: []workload.Spec{w}, Pause: true})
	if err != nil {
		t.Fatal(err)
	}
	p.task.Config.Load = task
	if err := errors.Join(p.layout(), p.open(), p.restore(t.Context(), p.parts), p.load(t.Context())); err != nil {
		t.Fatal(err)
	}
	part := p.parts[0]
	part.origin.at = 1 // so that the next is due
	if err := p.save(t.Context(), part); err != nil || part.origin.next != testKeys+100 {
		t.Errorf("%+v, %v; want offset %d", part.origin, err, testKeys+100)
	}
}
