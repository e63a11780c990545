package segments_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"restorebench/stores"
	"restorebench/stores/memory"
	"restorebench/stores/segments"
)

// watched is a space in memory that notes what its byte stores are asked to do, such as "apply s.0", and fails at
// what it is told to.
type watched struct {
	stores.Space
	asked   []string
	failing map[string]error
	open    int // iterators
}

func newWatched() *watched { return &watched{Space: memory.NewSpace(), failing: map[string]error{}} }

func (w *watched) do(what string) error {
	w.asked = append(w.asked, what)
	return w.failing[what]
}

// want compares what was asked for since the last call.
func (w *watched) want(t *testing.T, asked ...string) {
	t.Helper()
	if !slices.Equal(w.asked, asked) {
		t.Errorf("the space was asked to %q, want %q", w.asked, asked)
	}
	w.asked = nil
}

func (w *watched) Open(name string) (stores.Store, error) {
	if err := w.do("open " + name); err != nil {
		return nil, err
	}
	s, err := w.Space.Open(name)
	if err != nil {
		return nil, err
	}
	return &watchedStore{s.(*memory.Store), name, w}, nil
}

func (w *watched) Remove(name string) error {
	if err := w.do("remove " + name); err != nil {
		return err
	}
	return w.Space.Remove(name)
}

type watchedStore struct {
	*memory.Store
	name  string
	space *watched
}

func (s *watchedStore) Apply(b *stores.Batch) error {
	return errors.Join(s.space.do("apply "+s.name), s.Store.Apply(b))
}

func (s *watchedStore) Flush() error {
	return errors.Join(s.space.do("flush "+s.name), s.Store.Flush())
}

func (s *watchedStore) Close() error {
	return errors.Join(s.space.do("close "+s.name), s.Store.Close())
}

func (s *watchedStore) HoldFlush(bytes int) error {
	return s.space.do(fmt.Sprintf("hold %d of %s", bytes, s.name))
}

func (s *watchedStore) ApproximateCount() (int64, error) {
	n, err := s.Store.ApproximateCount()
	return n, errors.Join(s.space.do("count "+s.name), err)
}

func (s *watchedStore) Range(from, to []byte) stores.Iterator {
	s.space.open++
	return &watchedIterator{s.Store.Range(from, to), s.space}
}

type watchedIterator struct {
	stores.Iterator
	space *watched
}

func (it *watchedIterator) Close() error {
	it.space.open--
	return it.Iterator.Close()
}

func (s *watchedStore) DiskBytes() int64 { return int64(len(s.name)) }

// records is a batch of records that begin at a time and have a name, "60000 a", in the changelog from offset on. Their
// values are their names.
func records(offset stores.Offset, all ...string) *stores.Batch {
	b := &stores.Batch{Next: offset}
	for _, record := range all {
		var start int64
		var name string
		if _, err := fmt.Sscan(record, &start, &name); err != nil {
			panic(err)
		}
		b.Append(at(start, name), []byte(name), 0, b.Next)
	}
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// contents are the names of the records that can be read, in order.
func contents(t *testing.T, it stores.Iterator) string {
	t.Helper()
	var names []string
	for it.Next() {
		names = append(names, string(it.Value()))
	}
	must(t, errors.Join(it.Err(), it.Close()))
	return strings.Join(names, " ")
}

// A segment is begun with the offset that the store has, durably, before it gets a record.
func TestNewSegment(t *testing.T) {
	w := newWatched()
	s := open(t, w)
	must(t, s.Apply(records(0, "0 a")))
	w.want(t, "open s.0", "apply s.0") // there is no offset yet
	must(t, s.Apply(records(1, "60000 b")))
	w.want(t, "open s.60000", "apply s.60000", "flush s.60000", "apply s.0", "apply s.60000")
	must(t, s.Flush())
	w.want(t, "flush s.0", "flush s.60000")
	must(t, s.Close())
	w.want(t, "close s.0", "close s.60000")
}

// A live write is one to the segment of its record.
func TestWriteTouchesOneSegment(t *testing.T) {
	w := newWatched()
	s := open(t, w)
	must(t, s.Apply(records(0, "0 a", "60000 b")))
	w.asked = nil
	for _, start := range []int64{0, 60_000} {
		must(t, s.Write(at(start, "live"), []byte("live"), 0, nil))
	}
	w.want(t, "apply s.0", "apply s.60000")
	if next, ok := s.Offset(); next != 2 || !ok {
		t.Errorf("live writes moved the offset to %d, %v", next, ok)
	}
}

// At each bound, a ms before it and at it: when a record expires, and when its segment goes.
func TestBounds(t *testing.T) {
	const now = 200_000 // 80,000 is expired by then, and the segment before 60,000 gone
	w := newWatched()
	s := open(t, w)
	must(t, s.Apply(records(0, "200000 now", "59999 gone", "60000 expired", "80000 just", "80001 live")))
	w.want(t, "open s.180000", "open s.60000", "apply s.60000", "apply s.180000") // and no s.0
	if s.Stats() != (segments.Stats{Expired: 3, Dropped: 1}) {
		t.Errorf("stats are %+v", s.Stats())
	}
	if n, err := s.ApproximateCount(); n != 4 || err != nil {
		t.Errorf("%d records, %v; want 4, expired ones with them", n, err)
	}
	if got := contents(t, s.Range(nil, nil)); got != "live now" {
		t.Errorf("%q can be read", got)
	}
	for name, start := range map[string]int64{"just": 80_000, "live": 80_001, "now": now} {
		if v, err := s.Get(at(start, name)); (v != nil) != (start > now-retention) || err != nil {
			t.Errorf("%s at %d is %q, %v", name, start, v, err)
		}
	}

	w = newWatched()
	s = open(t, w)
	must(t, s.Apply(records(0, "0 old", "179999 before")))
	must(t, s.Write(at(179_999, "again"), []byte("again"), 0, nil))
	w.want(t, "open s.0", "open s.120000", "apply s.0", "apply s.120000", "apply s.120000")
	must(t, s.Write(at(180_000, "goes"), []byte("goes"), 0, nil))
	if got := w.asked[len(w.asked)-2:]; !slices.Equal(got, []string{"close s.0", "remove s.0"}) {
		t.Errorf("a retention and a segment later the space was asked to %q", w.asked)
	}
}

// The times of a query are inclusive, and it holds only the segments that they lie in: another one can go meanwhile.
func TestScan(t *testing.T) {
	w := newWatched()
	s := open(t, w)
	must(t, s.Apply(records(0, "59999 a", "60000 b", "60001 c", "119999 d", "120000 e")))
	for _, c := range []struct {
		earliest, latest int64
		want             string
	}{
		{60_000, 119_999, "b c d"},
		{60_001, 60_001, "c"},
		{59_999, 60_000, "a b"},
		{119_999, 120_000, "d e"},
		{60_001, 60_000, ""},
		{120_001, 119_998, ""},
		{-5, 1 << 40, "a b c d e"},
	} {
		if got := contents(t, s.Scan(segments.Query{Earliest: c.earliest, Latest: c.latest})); got != c.want {
			t.Errorf("from %d to %d: %q, want %q", c.earliest, c.latest, got, c.want)
		}
	}
	newer := s.Scan(segments.Query{Earliest: 60_000, Latest: 119_999})
	must(t, s.Write(at(180_000, "f"), []byte("f"), 0, nil))
	if got := w.asked[len(w.asked)-1]; got != "remove s.0" {
		t.Errorf("at last the space was asked to %s, want the segment away that no iterator reads", got)
	}
	must(t, s.Write(at(300_000, "g"), []byte("g"), 0, nil)) // s.60000 waits for the iterator, s.120000 does not
	if got := w.asked[len(w.asked)-1]; got != "remove s.120000" {
		t.Errorf("at last the space was asked to %s, want the segment away that no iterator reads", got)
	}
	if got := contents(t, newer); got != "b c d" {
		t.Errorf("an iterator that is older shows %q", got)
	}
	must(t, s.Flush())
	if got := w.asked[len(w.asked)-1]; got != "remove s.60000" {
		t.Errorf("at last the space was asked to %s, want the last old segment away", got)
	}
}

// An iterator can be closed twice, is at its end then, and counts once for Close of the store.
func TestIteratorIsClosedOnce(t *testing.T) {
	w := newWatched()
	s := open(t, w)
	must(t, s.Apply(records(0, "0 a", "60000 b")))
	it := s.Range(nil, nil)
	if w.open != 2 {
		t.Errorf("%d iterators are open, want one of each segment", w.open)
	}
	if it.Key() != nil || it.Value() != nil || !it.Next() || string(it.Value()) != "a" {
		t.Error("an iterator does not begin at its first record")
	}
	must(t, errors.Join(it.Close(), it.Close()))
	if w.open != 0 {
		t.Errorf("%d iterators are left open", w.open)
	}
	if it.Next() || it.Key() != nil || it.Value() != nil {
		t.Error("a closed iterator goes on")
	}
	it = s.Scan(segments.Query{Latest: 1})
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), "iterators still read 1 segments") {
		t.Errorf("closed with an iterator that is open: %v", err)
	}
	must(t, errors.Join(it.Close(), s.Close()))
}

// What fails is named with its segment.
func TestErrorsNameTheSegment(t *testing.T) {
	for failing, do := range map[string]func(s *segments.Store) error{
		"apply s.120000":    func(s *segments.Store) error { return s.Apply(records(2, "120000 c")) },
		"flush s.120000":    func(s *segments.Store) error { return s.Apply(records(2, "120000 c")) },
		"apply s.60000":     func(s *segments.Store) error { return s.Write(at(60_000, "c"), nil, 0, nil) },
		"apply s.0":         func(s *segments.Store) error { return s.Apply(records(2, "60000 c")) },
		"flush s.60000":     func(s *segments.Store) error { return s.Flush() },
		"close s.60000":     func(s *segments.Store) error { return s.Close() },
		"count s.60000":     func(s *segments.Store) error { _, err := s.ApproximateCount(); return err },
		"hold 7 of s.60000": func(s *segments.Store) error { return s.HoldFlush(7) },
		"remove s.0":        func(s *segments.Store) error { return s.Apply(records(2, "180000 c")) },
		"close s.0":         func(s *segments.Store) error { return s.Write(at(180_000, "c"), nil, 0, nil) },
	} {
		w := newWatched()
		s := open(t, w)
		must(t, s.Apply(records(0, "0 a", "60000 b")))
		w.failing[failing] = errors.New("refused")
		err := do(s)
		name := failing[strings.LastIndexByte(failing, ' ')+1:]
		if !errors.Is(err, w.failing[failing]) || !strings.Contains(err.Error(), "segments: ") || !strings.Contains(err.Error(), name+": ") {
			t.Errorf("%s: %v", failing, err)
		}
	}
}

// A segment whose removal fails is removed by the next one who gets to it.
func TestRemovalIsTriedAgain(t *testing.T) {
	w := newWatched()
	s := open(t, w)
	must(t, s.Apply(records(0, "0 a")))
	w.failing["remove s.0"] = errors.New("busy")
	for _, err := range []error{s.Apply(records(1, "180000 b")), s.Flush()} {
		if !errors.Is(err, w.failing["remove s.0"]) {
			t.Errorf("removal failed, and the error is %v", err)
		}
	}
	delete(w.failing, "remove s.0")
	w.asked = nil
	must(t, errors.Join(s.Flush(), s.Flush()))
	w.want(t, "flush s.180000", "close s.0", "remove s.0", "flush s.180000")
}

// After a batch for which a segment could not be made, others are applied as they are.
func TestSegmentThatCannotBeMade(t *testing.T) {
	for _, timestamped := range []bool{false, true} {
		w := newWatched()
		s, err := segments.Open(w, options(timestamped))
		must(t, err)
		w.failing["open s.60000"] = errors.New("full")
		if err := s.Apply(records(0, "0 not-applied", "60000 neither")); err == nil {
			t.Error("no error")
		}
		delete(w.failing, "open s.60000")
		must(t, s.Apply(records(0, "0 a")))
		if n, err := s.ApproximateCount(); n != 1 || err != nil {
			t.Errorf("%d records, %v; want 1", n, err)
		}
		must(t, s.Close())
	}

	w := newWatched()
	s := open(t, w)
	w.failing["open s.60000"] = errors.New("full")
	if err := s.Apply(records(0, "60001 a")); err == nil {
		t.Error("no error")
	}
	delete(w.failing, "open s.60000")
	w.asked = nil
	must(t, s.Apply(&stores.Batch{Next: 5})) // an offset without records goes to the segment of the present
	w.want(t, "open s.60000", "apply s.60000")
	if next, ok := s.Offset(); next != 5 || !ok {
		t.Errorf("the offset is %d, %v", next, ok)
	}
}

// Flushes are held in the segments that are there and in those to come.
func TestHoldFlush(t *testing.T) {
	w := newWatched()
	s := open(t, w)
	must(t, s.Apply(records(0, "0 a")))
	w.want(t, "open s.0", "apply s.0")
	must(t, s.HoldFlush(1))
	w.want(t, "hold 1 of s.0")
	must(t, s.Write(at(60_000, "b"), nil, 0, nil))
	if !slices.Contains(w.asked, "hold 1 of s.60000") {
		t.Errorf("a later segment was asked to %q", w.asked)
	}

	s = open(t, memory.NewSpace()) // which has nothing to hold
	must(t, s.Apply(records(0, "0 a")))
	must(t, s.HoldFlush(1))
}

func TestDiskBytes(t *testing.T) {
	s := open(t, newWatched())
	must(t, s.Apply(records(0, "0 a", "60000 b")))
	if n := s.DiskBytes(); n != int64(len("s.0")+len("s.60000")) {
		t.Errorf("%d bytes", n)
	}
	s = open(t, memory.NewSpace())
	must(t, s.Apply(records(0, "0 a")))
	if n := s.DiskBytes(); n != 0 {
		t.Errorf("%d bytes in memory alone", n)
	}
}

// bare is a space of byte stores that can do no more than stores.Store.
type bare struct{ stores.Space }

func (b bare) Open(name string) (stores.Store, error) {
	s, err := b.Space.Open(name)
	return struct{ stores.Store }{s}, err
}

func TestEngineWithoutOrder(t *testing.T) {
	s := open(t, bare{memory.NewSpace()})
	if err := s.Apply(records(0, "0 a")); err == nil || !strings.Contains(err.Error(), "is no stores.Ordered") {
		t.Errorf("error is %v", err)
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name                string
		retention, interval int64 // 0 for an error
	}{
		{"", 1, 0},
		{"s", -1, 0},
		{"s", 0, 60_000},
		{"s", 120_001, 60_000},
		{"s", 120_002, 60_001},
		{"s", 150_000, 75_000},
	} {
		o := segments.Options{Name: c.name, Retention: c.retention, Time: startOf}
		_, err := segments.Open(memory.NewSpace(), o)
		if (err != nil) != (c.interval == 0) || err == nil && o.Interval() != c.interval {
			t.Errorf("%+v: segments of %d ms, %v", c, o.Interval(), err)
		}
	}
}

// Applying over records that are there allocates nothing per record.
func TestApplyAllocatesNothing(t *testing.T) {
	for _, timestamped := range []bool{false, true} {
		s, err := segments.Open(memory.NewSpace(), options(timestamped))
		must(t, err)
		b := &stores.Batch{}
		for i := range 10_000 {
			b.Append(spread([]byte{byte(i >> 8), byte(i)}), []byte("value"), 0, stores.Offset(i))
		}
		apply := func() { must(t, s.Apply(b)) }
		apply()
		if n := testing.AllocsPerRun(10, apply); n > 5 {
			t.Errorf("timestamped %v: a batch of 10,000 records takes %v allocations", timestamped, n)
		}
		must(t, s.Close())
	}
}

// Stream time is recovered from the latest record, wherever its key lies, and from an older segment where the newest has none.
func TestRecoverStreamTime(t *testing.T) {
	for _, c := range []struct {
		batch   *stores.Batch
		deleted []byte
		want    int64
	}{
		{records(0, "70000 a", "70009 b", "70004 c", "99 d"), nil, 70_009},
		{records(0, "70009 a", "70000 b", "99 d"), nil, 70_009},
		{records(0, "70009 a", "98 b", "99 c"), at(70_009, "a"), 99},
		{records(0, "0 a"), nil, 0},
		{&stores.Batch{Next: 1}, nil, -1},
	} {
		space := newLossySpace()
		s := open(t, space)
		must(t, s.Apply(c.batch))
		if c.deleted != nil {
			b := &stores.Batch{}
			b.Append(c.deleted, nil, 0, c.batch.Next)
			must(t, s.Apply(b))
		}
		must(t, s.Flush())
		space.kill()
		s = open(t, space)
		if at, known := s.StreamTime(); known || at != -1 {
			t.Errorf("before it is asked for, the time is %d, %v", at, known)
		}
		must(t, s.RecoverStreamTime())
		if at, known := s.StreamTime(); at != c.want || known != (c.want >= 0) {
			t.Errorf("the time is %d, %v; want %d", at, known, c.want)
		}
	}
}

// The offset is unknown when that of one segment is, also of a later one.
func TestOffsetOfOneIsUnknown(t *testing.T) {
	for _, flushed := range []string{"s.0", "s.60000", "s.120000"} {
		space := newLossySpace()
		s := open(t, space)
		must(t, s.Apply(records(0, "0 a", "60000 b", "120000 c")))
		space.files[flushed].flush()
		space.kill()
		if next, ok := open(t, space).Offset(); next != 0 || ok {
			t.Errorf("with %s alone the offset is %d, %v", flushed, next, ok)
		}
	}
}

// A record that no batch can hold is refused before it is looked at, and not logged.
func TestRecordTooLarge(t *testing.T) {
	value, err := unix.Mmap(-1, 0, math.MaxInt32+1, unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	must(t, err)
	defer func() { _ = unix.Munmap(value) }()
	s := open(t, memory.NewSpace())
	err = s.Write(at(0, "k"), value, 0, func([]byte, []byte, int64) { t.Error("it was logged") })
	if err == nil || !strings.Contains(err.Error(), "store s: a record of 2147483661 bytes is too large") {
		t.Errorf("error is %v", err)
	}
	if n, err := s.ApproximateCount(); n != 0 || err != nil {
		t.Errorf("%d records, %v", n, err)
	}
}
