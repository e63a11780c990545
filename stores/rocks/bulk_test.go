//go:build cgo && !norocksdb

package rocks

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"restorebench/stores"
	"restorebench/stores/storetest"
)

// bulkStore is bulk loaded until it is read for the first time.
type bulkStore struct {
	*Store
	read sync.Once
}

func openBulk(dir string) (stores.Store, error) {
	s, err := Open(dir, options)
	if err != nil {
		return nil, err
	}
	err = s.BeginBulk(64 << 20)
	if err != nil && !errors.Is(err, stores.ErrNotEmpty) {
		return nil, errors.Join(err, s.Close())
	}
	return &bulkStore{Store: s}, nil
}

func (s *bulkStore) end() {
	s.read.Do(func() {
		if s.bulk != nil {
			if err := s.EndBulk(); err != nil {
				panic(err)
			}
		}
	})
}

func (s *bulkStore) Get(key []byte) ([]byte, error) {
	s.end()
	return s.Store.Get(key)
}

func (s *bulkStore) Range(from, to []byte) stores.Iterator {
	s.end()
	return s.Store.Range(from, to)
}

func (s *bulkStore) ApproximateCount() (int64, error) {
	s.end()
	return s.Store.ApproximateCount()
}

func TestBulkStore(t *testing.T) {
	storetest.Seldom(t, 30)
	storetest.Run(t, storetest.Harness{Open: openBulk, Durable: true, Ahead: true})
}

func TestBulkWrongUse(t *testing.T) {
	s := open(t, t.TempDir(), options)
	if err := s.EndBulk(); err == nil {
		t.Error("ended what had not begun")
	}
	begin(t, s, 1<<20)
	apply(t, s, 10)
	_, err := s.Get([]byte{0})
	wantError(t, err, stores.ErrBulk, s.dir)
	_, err = s.ApproximateCount()
	wantError(t, err, stores.ErrBulk, s.dir)
	wantError(t, s.BeginBulk(1<<20), stores.ErrBulk, s.dir)
	for _, it := range []stores.Iterator{s.Range(nil, nil), s.ReverseRange(nil, nil)} {
		if it.Next() {
			t.Error("an iterator yields what is being loaded")
		}
		wantError(t, errors.Join(it.Err(), it.Close()), stores.ErrBulk, s.dir)
	}
	if err := errors.Join(s.EndBulk(), s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{s.BeginBulk(1), s.EndBulk(), s.Flush(), s.Apply(&stores.Batch{})} {
		wantError(t, err, errClosed)
	}
}

func TestBulkOnlyFromNothing(t *testing.T) {
	records, offset := t.TempDir(), t.TempDir()
	s := open(t, records, options)
	if err := s.db.PutCF(s.options.write, s.data, []byte("k"), []byte("v")); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.BeginBulk(1<<20), stores.ErrNotEmpty, records)
	if v, err := s.Get([]byte("k")); string(v) != "v" || err != nil {
		t.Errorf("the refused store has %q, %v", v, err)
	}
	s = open(t, offset, options)
	if err := s.Apply(&stores.Batch{Next: 3}); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.BeginBulk(1<<20), stores.ErrNotEmpty, offset)
	apply(t, s, 1)
}

// Closing forgets what no round has taken, and leaves no files behind.
func TestBulkClose(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, options)
	begin(t, s, 1<<20)
	apply(t, s, 100)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, options)
	if next, ok := s.Offset(); ok || next != 0 {
		t.Errorf("came back at %d, %v", next, ok)
	}
	begin(t, s, 1<<20)
	apply(t, s, 100)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	apply(t, s, 100)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, options)
	if next, ok := s.Offset(); next != 100 || !ok {
		t.Errorf("came back at %d, %v; want 100", next, ok)
	}
	if _, err := os.Stat(filepath.Join(dir, bulkDir)); !os.IsNotExist(err) {
		t.Errorf("%s: %v", bulkDir, err)
	}
}

// What was written of a record again and again in memory is written to files once.
func TestBulkSqueezes(t *testing.T) {
	s := open(t, t.TempDir(), options)
	begin(t, s, 1<<20)
	b := &stores.Batch{}
	for i := range 100_000 { // 10 MB of 100 keys
		b.Append([]byte{byte(i % 100)}, make([]byte, 100), 0, stores.Offset(i))
	}
	if err := s.Apply(b); err != nil {
		t.Fatal(err)
	}
	if s.bulk.rounds > 0 {
		t.Errorf("%d rounds were written", s.bulk.rounds)
	}
	if err := s.EndBulk(); err != nil {
		t.Fatal(err)
	}
	if n, err := s.ApproximateCount(); n != 100 || err != nil {
		t.Errorf("%d records, %v; want 100", n, err)
	}
}

// The files are those that the store's settings ask for. The first round's are on the
// last level, where optimize_filters_for_hits does without filters.
func TestBulkFilesHaveTheSettings(t *testing.T) {
	const noFilter, properties = "filter block size=0;", "rocksdb.aggregated-table-properties"
	for compression, bytes := range map[string]int64{"none": 100_000, "zstd": 1000} {
		o := options
		o.Settings = KafkaStreams()
		o.Settings.Compression = compression
		s := open(t, t.TempDir(), o)
		begin(t, s, 1<<20)
		apply(t, s, 1000)
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		if got := s.DiskBytes(); got < bytes || got > 2*bytes+10_000 {
			t.Errorf("%s: 1000 records of 100 zeros take %d bytes", compression, got)
		}
		if got := s.db.GetPropertyCF(properties, s.data); !strings.Contains(got, noFilter) {
			t.Errorf("%s: the first round's files have a filter: %s", compression, got)
		}
		apply(t, s, 1000)
		if err := s.EndBulk(); err != nil {
			t.Fatal(err)
		}
		if got := s.db.GetPropertyCF(properties, s.data); strings.Contains(got, noFilter) {
			t.Errorf("%s: the second round's files have no filter: %s", compression, got)
		}
	}
}

func begin(t testing.TB, s *Store, memory int64) {
	t.Helper()
	if err := s.BeginBulk(memory); err != nil {
		t.Fatal(err)
	}
}

// A first round is announced if it has files, however few.
func TestBulkAnnounces(t *testing.T) {
	s := open(t, t.TempDir(), options)
	for files, want := range map[int]bool{0: false, 1: true, 2: true} {
		if err := s.announce(&round{first: true, offset: 7, files: make([]string, files)}); err != nil {
			t.Fatal(err)
		}
		if next, ok, err := s.readOffset(s.announcedKey()); ok != want || want && next != 7 || err != nil {
			t.Errorf("%d files: announced is %d, %v, %v", files, next, ok, err)
		}
		if err := s.save(&round{first: true}); err != nil {
			t.Fatal(err)
		}
	}
}

// A load of nothing saves no offset, which nobody has told.
func TestBulkOfNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, options)
	begin(t, s, 64<<20)
	if err := errors.Join(s.Flush(), s.EndBulk(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if next, ok := open(t, dir, options).Offset(); ok {
		t.Errorf("it came back at %d", next)
	}
}

// A tombstone hides what an earlier round has; in the first one there is nothing to hide, and it takes no room.
func TestBulkTombstones(t *testing.T) {
	s := open(t, t.TempDir(), options)
	begin(t, s, 64<<20)
	round := func(value []byte, keys ...string) {
		b := &stores.Batch{}
		for i, key := range keys {
			b.Append([]byte(key), value, 0, s.next+stores.Offset(i))
		}
		if err := errors.Join(s.Apply(b), s.Flush()); err != nil {
			t.Fatal(err)
		}
	}
	entries := func() uint64 {
		n, _ := s.db.GetIntPropertyCF("rocksdb.total-sst-files-size", s.data)
		return n
	}
	round(nil, "never", "was")
	if n := entries(); n > 0 {
		t.Errorf("tombstones of nothing take %d bytes", n)
	}
	round([]byte("v"), "gone") // in a file of its own
	b := &stores.Batch{}
	b.Append([]byte("gone"), nil, 0, s.next)
	b.Append([]byte("stays"), []byte("v"), 0, s.next+1)
	if err := errors.Join(s.Apply(b), s.makeRoom(s.next), s.EndBulk()); err != nil { // as when the buffer is full
		t.Fatal(err)
	}
	for key, want := range map[string]string{"gone": "", "stays": "v", "never": ""} {
		if value, err := s.Get([]byte(key)); string(value) != want || err != nil {
			t.Errorf("%s is %q, %v; want %q", key, value, err, want)
		}
	}
}

// A round that fails in the background fails the load, from then on: what it was to write is lost.
func TestBulkRoundThatFails(t *testing.T) {
	s := open(t, t.TempDir(), options)
	begin(t, s, 64<<20)
	if err := os.RemoveAll(s.bulk.dir); err != nil {
		t.Fatal(err)
	}
	apply(t, s, 1000)
	if err := s.beginRound(s.next); err != nil {
		t.Fatal(err)
	}
	<-s.bulk.running.done
	if err := s.Flush(); err == nil {
		t.Error("a round that could not be written is flushed")
	}
	if err := s.Apply(&stores.Batch{Next: s.next}); err == nil {
		t.Error("the load goes on behind a round that is lost")
	}
	if err := s.EndBulk(); err == nil {
		t.Error("the load ends well without a round")
	}
}

// Close waits for the round that is running, whose memory it gives back.
func TestBulkCloseWaitsForTheRound(t *testing.T) {
	s := open(t, t.TempDir(), options)
	begin(t, s, 64<<20)
	if err := s.Apply(scattered(1, 20_000)); err != nil {
		t.Fatal(err)
	}
	s.bulk.collecting.sort(true)
	if err := s.beginRound(s.next); err != nil {
		t.Fatal(err)
	}
	running := s.bulk.running
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-running.done:
	default:
		t.Error("it runs on")
		<-running.done
	}
}

// A bulk load takes the memory that it may, and has given it back once it has ended, or was closed in the middle.
func TestBulkLeavesNoMemory(t *testing.T) {
	const memory, rounds = 512 << 20, 8 // what nobody writes to is only reserved
	load := func(end bool) {
		s := open(t, t.TempDir(), options)
		before, _ := memoryOf(t)
		begin(t, s, memory)
		if after, _ := memoryOf(t); after-before < memory || after-before > memory*5/4 {
			t.Errorf("a load with %d MiB takes %d", memory>>20, (after-before)>>20)
		}
		if info, err := os.Stat(s.bulk.dir); err != nil || info.Mode() != fs.ModeDir|0o700 {
			t.Errorf("its directory: %v, %v", info, err)
		}
		if end {
			if err := s.EndBulk(); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, end := range []bool{false, true} {
		load(end)
		before, _ := memoryOf(t)
		for range rounds {
			load(end)
		}
		if after, _ := memoryOf(t); after-before > rounds/2*memory/2 {
			left := after - before
			t.Errorf("ended: %v; %d bulk loads of %d MiB leave %d MiB", end, rounds, memory>>20, left>>20)
		}
	}
}

// memoryOf is what the process has mapped, and how much of that is there, in bytes.
func memoryOf(t *testing.T) (mapped, resident int64) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("only Linux tells what memory a process has: ", err)
	} else if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(text), &mapped, &resident); err != nil {
		t.Fatal(err)
	}
	page := int64(os.Getpagesize())
	return mapped * page, resident * page
}
