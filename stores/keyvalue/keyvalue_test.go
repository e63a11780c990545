package keyvalue

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"restorebench/stores"
	"restorebench/stores/format"
	"restorebench/stores/memory"
	"restorebench/stores/rocks"
	"restorebench/stores/storetest"
)

// space opens byte stores for the tests, without the rest of a stores.Space.
type space func(name string) (stores.Store, error)

func (open space) Open(name string) (stores.Store, error) { return open(name) }
func (space) Names() ([]string, error)                    { panic("not needed") }
func (space) Remove(string) error                         { panic("not needed") }

func inMemory() stores.Space {
	return space(func(string) (stores.Store, error) { return memory.New(), nil })
}

func inRocks(dir, family string) stores.Space {
	return space(func(name string) (stores.Store, error) {
		return rocks.Open(filepath.Join(dir, name), rocks.Options{Topic: "app-store-changelog", CreateIfMissing: true, Family: family})
	})
}

// kind is a store type on an engine.
type kind struct {
	name               string
	durable, timestamp bool
	size               int // of an LRU map
	open               func(dir string, log stores.Log) (*KeyValue, error)
}

// prepare skips the test where the engine is missing. The engine has a test of its own
// that tries more.
func (k kind) prepare(t *testing.T) {
	if k.durable {
		storetest.Needs(t, rocks.Version)
		storetest.Seldom(t, 25)
	}
}

var kinds = []kind{
	{name: "plain/memory", open: func(_ string, log stores.Log) (*KeyValue, error) { return Open(inMemory(), "s", log) }},
	{name: "plain/rocks", durable: true, open: func(dir string, log stores.Log) (*KeyValue, error) {
		return Open(inRocks(dir, ""), "s", log)
	}},
	{name: "timestamped/memory", timestamp: true, open: func(_ string, log stores.Log) (*KeyValue, error) {
		return plain(OpenTimestamped(inMemory(), "s", log))
	}},
	{name: "timestamped/rocks", timestamp: true, durable: true, open: func(dir string, log stores.Log) (*KeyValue, error) {
		return plain(OpenTimestamped(inRocks(dir, rocks.TimestampedFamily), "s", log))
	}},
	{name: "lru", size: 5, open: func(_ string, log stores.Log) (*KeyValue, error) { return NewLRU(5, log) }},
}

func plain(s *TimestampedKeyValue, err error) (*KeyValue, error) {
	if err != nil {
		return nil, err
	}
	return s.KeyValue, nil
}

// The suite is called by top-level functions, since a kill test runs them by name.

func TestPlainMemory(t *testing.T)       { suite(t, kinds[0]) }
func TestPlainRocks(t *testing.T)        { suite(t, kinds[1]) }
func TestTimestampedMemory(t *testing.T) { suite(t, kinds[2]) }
func TestTimestampedRocks(t *testing.T)  { suite(t, kinds[3]) }

func TestLRU(t *testing.T) {
	storetest.Run(t, storetest.Harness{Open: func(string) (stores.Store, error) { return NewLRU(100_000, nil) }})
}

// The entry that was used longest ago goes, and its tombstone comes before the record.
func TestLRUEvicts(t *testing.T) {
	var logged string
	s, err := NewLRU(2, func(key, value []byte, timestamp int64) { logged += fmt.Sprintf(" %s=%s@%d", key, value, timestamp) })
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range []string{"a", "b", "a", "c"} {
		if err := s.Put([]byte(key), fmt.Append(nil, i), int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if want := " a=0@0 b=1@1 a=2@2 b=@3 c=3@3"; logged != want {
		t.Errorf("logged%s, want%s", logged, want)
	}
	var b stores.Batch
	b.Append([]byte("d"), []byte("4"), 4, 5) // a restore evicts as well
	if err := s.Apply(&b); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"a": "", "b": "", "c": "3", "d": "4"} {
		if got, err := s.Get([]byte(key)); string(got) != want || err != nil {
			t.Errorf("%s is %q, %v; want %q", key, got, err, want)
		}
	}
}

// A read is a use, as in MemoryLRUCache of Kafka Streams, whose LinkedHashMap is in access order.
func TestLRUReadIsUse(t *testing.T) {
	s, err := NewLRU(2, nil)
	if err != nil {
		t.Fatal(err)
	}
	put := func(key string) {
		if err := s.Put([]byte(key), []byte(key), 0); err != nil {
			t.Fatal(err)
		}
	}
	there := func() (keys string) {
		it := s.Range(nil, nil)
		for it.Next() {
			keys += string(it.Key())
		}
		return keys
	}
	put("a")
	put("b")
	if _, err := s.Get([]byte("a")); err != nil {
		t.Fatal(err)
	}
	put("c")
	if got := there(); got != "ac" {
		t.Errorf("after a was read and c was put there are %q, want a and c", got)
	}
	put("d")
	if got := there(); got != "cd" {
		t.Errorf("after d was put, too, there are %q, want c and d", got)
	}
}

// A map of one entry holds the last record.
func TestLRUOfOne(t *testing.T) {
	s, err := NewLRU(1, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", "b"} {
		if err := s.Put([]byte(key), []byte(key), 0); err != nil {
			t.Fatal(err)
		}
	}
	it := s.Range(nil, nil)
	if !it.Next() || string(it.Key()) != "b" || it.Next() || it.Close() != nil {
		t.Error("want b alone")
	}
	it = s.Range(nil, nil)
	if it.Close() != nil || it.Next() {
		t.Error("a closed iterator goes on")
	}
}

func suite(t *testing.T, k kind) {
	k.prepare(t)
	storetest.Run(t, storetest.Harness{Durable: k.durable, Open: func(dir string) (stores.Store, error) {
		s, err := k.open(dir, nil)
		if err != nil || !k.timestamp {
			return s, err
		}
		return &stripped{s}, nil
	}})
}

// stripped shows a timestamped store without its timestamps, as the changelog has
// its values.
type stripped struct{ *KeyValue }

func (s *stripped) Get(key []byte) ([]byte, error) {
	value, timestamp, err := (&TimestampedKeyValue{s.KeyValue}).GetWithTimestamp(key)
	if timestamp != 0 {
		err = errors.New("the timestamp is not the record's")
	}
	return value, err
}

func (s *stripped) Range(from, to []byte) stores.Iterator {
	return &strippedIterator{s.KeyValue.Range(from, to)}
}

func (s *stripped) ReverseRange(from, to []byte) stores.Iterator {
	return &strippedIterator{s.KeyValue.ReverseRange(from, to)}
}

type strippedIterator struct{ stores.Iterator }

func (it *strippedIterator) Value() []byte { return it.Iterator.Value()[format.TimestampBytes:] }

// A batch is converted in buffers that are there already.
func TestTimestampedAllocatesNothing(t *testing.T) {
	s, err := OpenTimestamped(inMemory(), "s", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b := &stores.Batch{}
	for i := range 10_000 {
		b.Append([]byte{byte(i >> 8), byte(i)}, []byte("value"), int64(i), stores.Offset(i))
	}
	apply := func() {
		if err := s.Apply(b); err != nil {
			t.Fatal(err)
		}
	}
	apply()
	if n := testing.AllocsPerRun(10, apply); n > 5 {
		t.Errorf("a batch of 10,000 records takes %v allocations", n)
	}
}

func TestBadRows(t *testing.T) {
	rows := memory.New()
	s, err := OpenTimestamped(space(func(string) (stores.Store, error) { return rows, nil }), "votes", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for n := range 8 {
		key := []byte{0xab, byte(n)}
		b := &stores.Batch{}
		b.Append(key, make([]byte, n), 0, 0)
		if err := rows.Apply(b); err != nil {
			t.Fatal(err)
		}
		it := s.Range(nil, nil)
		if it.Next() {
			t.Error("an iterator shows a bad value")
		}
		_, getErr := s.Get(key)
		_, _, valueErr := s.GetWithTimestamp(key)
		for _, err := range []error{getErr, valueErr, it.Err()} {
			if !errors.Is(err, stores.ErrLayout) || !strings.Contains(err.Error(), "votes") || !strings.Contains(err.Error(), "key ab0") {
				t.Errorf("error for a value of %d bytes is %v", n, err)
			}
		}
		it.Close()
	}
	if err := s.Put(nil, nil, 0); err == nil {
		t.Error("a nil key is taken")
	}
	if _, err := NewLRU(0, nil); err == nil {
		t.Error("a map of 0 entries is made")
	}
}

// A record that no batch can hold is refused before it is looked at: its value here can't even be read.
func TestRecordTooLarge(t *testing.T) {
	value, err := unix.Mmap(-1, 0, math.MaxUint32, unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(value) }()
	s, err := Open(inMemory(), "s", func([]byte, []byte, int64) { t.Error("it was logged") })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Put([]byte("k"), value, 0); err == nil || !strings.Contains(err.Error(), "4294967296 bytes is too large") {
		t.Errorf("error is %v", err)
	}
	if n, err := s.ApproximateCount(); n != 0 || err != nil {
		t.Errorf("%d records, %v", n, err)
	}
}

// An engine that can do no more than stores.Store is refused, and closed.
func TestEngineWithoutOrder(t *testing.T) {
	for name, open := range map[string]func(stores.Space) error{
		"plain":       func(s stores.Space) error { _, err := Open(s, "votes", nil); return err },
		"timestamped": func(s stores.Space) error { _, err := OpenTimestamped(s, "votes", nil); return err },
	} {
		rows := memory.New()
		err := open(space(func(string) (stores.Store, error) { return struct{ stores.Store }{rows}, nil }))
		if err == nil || !strings.Contains(err.Error(), "votes: engine") {
			t.Errorf("%s: error is %v", name, err)
		}
		if _, err := rows.Get(nil); !errors.Is(err, stores.ErrClosed) {
			t.Errorf("%s: the engine is not closed: %v", name, err)
		}
	}
}

// The database is one that Kafka Streams 4.3.1 wrote; see testdata/README.md.
func TestKafkaStreamsWroteTimestamped(t *testing.T) {
	k := kinds[3]
	k.prepare(t)
	dir := storetest.TempDir(t)
	if err := os.CopyFS(filepath.Join(dir, "s"), os.DirFS("testdata/kafka-streams-timestamped")); err != nil {
		t.Fatal(err)
	}
	theirs, err := k.open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	script, err := os.ReadFile("testdata/timestamped.txt")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := kinds[2].open("", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	for line := range strings.Lines(string(script)) {
		w := parseWrite(t, line)
		if err := ours.Put(w.Key, w.Value, w.Timestamp); err != nil {
			t.Fatal(err)
		}
	}
	want := storetest.Contents(t, ours.Range(nil, nil))
	if got := storetest.Contents(t, theirs.Range(nil, nil)); got != want || want == "" {
		t.Errorf("their store holds\n%s\nwant\n%s", got, want)
	}
}
