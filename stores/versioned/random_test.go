package versioned

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"restorebench/stores"
	"restorebench/stores/memory"
	"restorebench/stores/rocks"
	"restorebench/stores/storetest"
)

// live is a store under test beside its model.
type live struct {
	*model
	durable   bool
	dir       string
	options   Options
	store     *Store
	changelog storetest.Changelog
	committed int
	replayed  bool // records that the files held already
}

func space(durable bool, dir string) stores.Space {
	if durable {
		return rocks.NewSpace(dir, rocks.Options{Topic: "t"})
	}
	return memory.NewSpace()
}

// prepare skips a test of an engine that is missing, and spares one that takes long.
func prepare(t *testing.T, durable bool) {
	if durable {
		storetest.Needs(t, rocks.Version)
		storetest.Seldom(t, 25)
	}
}

func (l *live) open(t *rapid.T) {
	var err error
	l.store, err = Open(space(l.durable, l.dir), "", l.options, l.changelog.Write)
	if err != nil {
		t.Fatal(err)
	}
}

var (
	someKeys   = rapid.SampledFrom([]string{"a", "a\x00", "a\x00\x00\x00\x00\x00\x00\x00\x05", "aa", "\x00", "\xff", "\xff\xff", ""})
	someValues = rapid.SampledFrom([][]byte{nil, nil, {}, []byte("v"), []byte("other"), []byte("a third value")})
)

// drawTime is often near the stream time, on either side of what is still taken.
func (l *live) drawTime(t *rapid.T) int64 {
	around := max(l.time, 0)
	return max(rapid.OneOf(
		rapid.Int64Range(around-20, around+20),
		rapid.Int64Range(around-l.history-5, around+l.history/2+5),
		rapid.SampledFrom([]int64{0, 1, around, around - l.history, around - l.history - 1, around + 3*l.history}),
	).Draw(t, "time"), 0)
}

// TestModel drives live writes, reads, commits, reopenings and restores from the
// logged changelog in any order.
func TestModel(t *testing.T) {
	for _, durable := range []bool{false, true} {
		t.Run(fmt.Sprint("durable=", durable), func(t *testing.T) {
			prepare(t, durable)
			rapid.Check(t, func(t *rapid.T) {
				o := Options{
					History:         rapid.SampledFrom([]int64{0, 1, 30, 100, 6_000, 60_000}).Draw(t, "history"),
					SegmentInterval: rapid.SampledFrom([]int64{0, 1, 7, 40}).Draw(t, "interval"),
				}
				if o.History > 1000 {
					o.SegmentInterval = 0
				}
				l := &live{model: newModel(o.History), durable: durable, dir: storetest.TempDir(t), options: o}
				l.open(t)
				defer func() { l.store.Close() }()
				t.Repeat(map[string]func(*rapid.T){
					"put": l.testPut, "put again": l.testPut, "delete": l.testDelete, "reads": l.testReads,
					"range": l.testRange, "commit": l.commit, "reopen": l.reopen, "restore": l.restore,
					"": l.check,
				})
			})
		})
	}
}

func (l *live) testPut(t *rapid.T) {
	key, value, time := someKeys.Draw(t, "key"), someValues.Draw(t, "value"), l.drawTime(t)
	want := l.put([]byte(key), value, time)
	if got, err := l.store.Put([]byte(key), value, time); got != want || err != nil {
		t.Fatalf("put is %d, %v; want %d", got, err, want)
	}
}

func (l *live) testDelete(t *rapid.T) {
	key, time := []byte(someKeys.Draw(t, "key")), l.drawTime(t)
	var want *Record
	if time >= l.time-l.history {
		want = l.asOf(key, time)
	}
	l.put(key, nil, time)
	got, err := l.store.Delete(key, time)
	same(t, "delete", got, want, err)
}

func (l *live) testReads(t *rapid.T) {
	key, from, to := []byte(someKeys.Draw(t, "key")), l.drawTime(t), l.drawTime(t)
	got, err := l.store.Latest(key)
	same(t, "latest", got, l.latest(key), err)
	got, err = l.store.AsOf(key, to)
	same(t, "as of", got, l.asOf(key, to), err)
	for _, newestFirst := range []bool{false, true} {
		got, err := l.store.History(key, from, to, newestFirst)
		same(t, "history", got, l.between(key, from, to, newestFirst), err)
	}
	for _, e := range l.all(string(key)) {
		got, err := l.store.Get(binary.BigEndian.AppendUint64(slices.Clone(key), uint64(e.from)))
		same(t, "get", got, e.encode(), err)
	}
	if got, err := l.store.Get(binary.BigEndian.AppendUint64(slices.Clone(key), 1<<60)); got != nil || err != nil {
		t.Fatalf("get of what is not there is %x, %v", got, err)
	}
}

func same[T any](t *rapid.T, what string, got, want T, err error) {
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); show(got) != show(want) || err != nil {
		t.Fatalf("%s is %s, %v; want %s", what, g, err, w)
	}
}

func show(v any) string {
	if r, ok := v.(*Record); ok && r != nil {
		return fmt.Sprintf("%+v", *r)
	}
	return fmt.Sprintf("%+v", v)
}

func (l *live) testRange(t *rapid.T) {
	from, to := []byte(someKeys.Draw(t, "from")), []byte(someKeys.Draw(t, "to"))
	if rapid.Bool().Draw(t, "with time") {
		from = binary.BigEndian.AppendUint64(from, uint64(l.drawTime(t)))
		to = binary.BigEndian.AppendUint64(to, uint64(l.drawTime(t)))
	}
	if got, want := storetest.Contents(t, l.store.Range(from, to)), l.logical(from, to); got != want {
		t.Fatalf("range from %x to %x is\n%s\nwant\n%s", from, to, got, want)
	}
}

func (l *live) check(t *rapid.T) {
	if got, want := logical(t, l.store), l.logical(nil, nil); got != want {
		t.Fatalf("store holds\n%s\nwant\n%s", got, want)
	}
	if l.store.StreamTime() != l.time {
		t.Fatalf("stream time is %d, want %d", l.store.StreamTime(), l.time)
	}
}

func (l *live) commit(t *rapid.T) {
	l.committed = len(l.changelog)
	b := &stores.Batch{Next: stores.Offset(l.committed)}
	if err := errors.Join(l.store.Apply(b), l.store.Flush()); err != nil {
		t.Fatal(err)
	}
}

// reopen comes back with what was committed at the least, and replays the rest, over
// all that RocksDB flushed when it was closed. That changes nothing but where Kafka
// Streams forgets a tombstone (see model.ended): replayed, it finds no value in its
// place, and stays.
func (l *live) reopen(t *rapid.T) {
	if err := l.store.Close(); err != nil {
		t.Fatal(err)
	}
	l.open(t)
	from, _ := l.store.Offset()
	if l.durable && int(from) != l.committed {
		t.Fatalf("came back at %d, committed was %d", from, l.committed)
	}
	storetest.Replay(t, l.store, l.changelog, from, nil)
	if l.durable && int(from) < len(l.changelog) {
		l.replayed = true
		for _, w := range l.changelog[from:] {
			l.put(w.Key, w.Value, w.Timestamp)
		}
	}
	l.committed = len(l.changelog)
}

// restore fills an empty store from the changelog. Its rows must be those of the live
// store, byte for byte.
func (l *live) restore(t *rapid.T) {
	durable := l.durable && rapid.IntRange(0, 3).Draw(t, "into files?") == 0 // they take their time
	s, err := Open(space(durable, storetest.TempDir(t)), "", l.options, func([]byte, []byte, int64) { t.Fatal("a restore logs") })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	storetest.Replay(t, s, l.changelog, 0, nil)
	m := newModel(l.options.History)
	for _, w := range l.changelog {
		m.put(w.Key, w.Value, w.Timestamp)
	}
	if got, want := logical(t, s), m.logical(nil, nil); got != want {
		t.Fatalf("restored store holds\n%s\nwant\n%s", got, want)
	}
	if l.replayed {
		return
	}
	if got, want := dump(t, s.rows), dump(t, l.store.rows); got != want {
		t.Fatalf("restored rows are\n%s\nwant\n%s", got, want)
	}
}
