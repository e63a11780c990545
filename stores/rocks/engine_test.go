//go:build cgo && !norocksdb

package rocks

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"restorebench/stores"
)

func TestVersion(t *testing.T) {
	version, err := Version()
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) {
		t.Errorf("version is %q", version)
	}
}

func TestDiskBytes(t *testing.T) {
	s := open(t, t.TempDir(), options)
	apply(t, s, 1000)
	before := s.DiskBytes()
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	if after := s.DiskBytes(); before != 0 || after < 50_000 || after > 200_000 {
		t.Errorf("1000 records of 103 bytes take %d bytes on disk before the flush, %d after", before, after)
	}
	if err := s.Close(); err != nil || s.DiskBytes() != 0 {
		t.Errorf("a closed store takes %d bytes, %v", s.DiskBytes(), err)
	}
}

// holdVictim names the environment variable that makes TestHoldFlush the process
// that holds its flushes and is killed.
const holdVictim = "ROCKS_TEST_HOLD_DIR"

// The tail that HoldFlush keeps in memory is lost by a kill, all of it and no more,
// however much larger it is than a memtable normally gets.
func TestHoldFlush(t *testing.T) {
	const flushed, tail = 10_000, 400_000 // the tail is about 40 MB, a memtable 16 MiB
	if dir := os.Getenv(holdVictim); dir != "" {
		s := open(t, dir, options)
		apply(t, s, flushed)
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := s.HoldFlush(256 << 20); err != nil {
			t.Fatal(err)
		}
		for range tail / 1000 {
			apply(t, s, 1000)
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	dir := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestHoldFlush$")
	child.Env = append(os.Environ(), holdVictim+"="+dir)
	out, err := child.CombinedOutput()
	if status, _ := child.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
		t.Fatalf("the victim ended with %v:\n%s", err, out)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.sst"))
	s := open(t, dir, options)
	if next, ok := s.Offset(); next != flushed || !ok {
		t.Errorf("came back at %d, %v; flushed was %d", next, ok, flushed)
	}
	if count := len(files); count != 2 { // a file of each column family
		t.Errorf("%d files were written, want 2: %v", count, files)
	}

	t.Run("0 goes back", func(t *testing.T) {
		for _, hold := range []int{256 << 20, 0} {
			if err := s.HoldFlush(hold); err != nil {
				t.Fatal(err)
			}
		}
		before := s.DiskBytes()
		for range tail / 1000 {
			apply(t, s, 1000)
		}
		if after := s.DiskBytes(); after == before {
			t.Error("nothing was flushed after the hold ended")
		}
	})
}

// configured is what RocksDB has written down last of the options of the data, and of the offsets.
func configured(t *testing.T, dir string) (data, offsets string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "OPTIONS-*"))
	text, err := os.ReadFile(files[len(files)-1])
	if err != nil {
		t.Fatal(err)
	}
	data, offsets, ok := strings.Cut(string(text), `[CFOptions "offsets"]`)
	if !ok {
		t.Fatalf("no column family offsets in:\n%s", text)
	}
	return data, offsets
}

// A hold is as large as was asked for, for both.
func TestHoldFlushSize(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, options)
	for _, c := range []struct{ hold, data, offsets int }{{123 << 20, 123 << 20, 123 << 20}, {0, 16 << 20, 1 << 20}} {
		if err := s.HoldFlush(c.hold); err != nil {
			t.Fatal(err)
		}
		data, offsets := configured(t, dir)
		if want := fmt.Sprintf(" write_buffer_size=%d\n", c.data); !strings.Contains(data, want) {
			t.Errorf("held are %d bytes, and the data have no%s", c.hold, want)
		}
		if want := fmt.Sprintf(" write_buffer_size=%d\n", c.offsets); !strings.Contains(offsets, want) {
			t.Errorf("held are %d bytes, and the offsets have no%s", c.hold, want)
		}
	}
}

// What is written or read does not stay in the process beside RocksDB's memtables.
func TestWritesAndReadsLeaveNoMemory(t *testing.T) {
	s := open(t, t.TempDir(), options)
	b := scattered(1, 1000) // 1 MB, of the same keys each time
	write := func(times int) (resident int64) {
		for range times {
			if err := s.Apply(b); err != nil {
				t.Fatal(err)
			}
		}
		_, resident = memoryOf(t)
		return resident
	}
	before := write(60) // more than all memtables
	if after := write(240); after-before > 120<<20 {
		t.Errorf("240 MB that were written leave %d MB", (after-before)>>20)
	}

	large := &stores.Batch{}
	large.Append([]byte("large"), make([]byte, 1<<20), 0, s.next)
	if err := s.Apply(large); err != nil {
		t.Fatal(err)
	}
	_, before = memoryOf(t)
	for range 240 {
		if value, err := s.Get([]byte("large")); len(value) != 1<<20 || err != nil {
			t.Fatal(len(value), err)
		}
	}
	if _, after := memoryOf(t); after-before > 120<<20 {
		t.Errorf("240 MB that were read leave %d MB", (after-before)>>20)
	}
}

func TestKafkaStreamsSettings(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, options)
	data, offsets := configured(t, dir)
	for _, want := range []string{
		"atomic_flush=true", "info_log_level=ERROR_LEVEL", "max_open_files=-1",
		"write_buffer_size=16777216", "max_write_buffer_number=3", "compression=kNoCompression",
		"compaction_style=kCompactionStyleUniversal", "optimize_filters_for_hits=true",
		"block_size=4096", "filter_policy=bloomfilter",
	} {
		if !strings.Contains(data, want) {
			t.Errorf("the data has no %s in:\n%s", want, data)
		}
	}
	for _, want := range []string{"write_buffer_size=1048576", "compression=kNoCompression"} {
		if !strings.Contains(offsets, want) {
			t.Errorf("the offsets have no %s in:\n%s", want, offsets)
		}
	}
}

// What is set reaches RocksDB, setting by setting.
func TestEverySettingReachesRocksDB(t *testing.T) {
	wants := map[string]struct{ value, data, offsets string }{
		"write_buffer_size":         {"131072", "write_buffer_size=131072", "write_buffer_size=1048576"},
		"max_write_buffer_number":   {"5", "max_write_buffer_number=5", "max_write_buffer_number=2"},
		"offsets_write_buffer_size": {"262144", "write_buffer_size=16777216", "write_buffer_size=262144"},
		"block_size":                {"8192", "block_size=8192", "block_size=4096"},
		"bloom_bits_per_key":        {"0", "filter_policy=nullptr", "filter_policy=nullptr"},
		"optimize_filters_for_hits": {"false", "optimize_filters_for_hits=false", "optimize_filters_for_hits=false"},
		"compaction_style":          {"level", "compaction_style=kCompactionStyleLevel", "compaction_style=kCompactionStyleLevel"},
		"compression":               {"lz4", "compression=kLZ4Compression", "compression=kNoCompression"},
		"wal":                       {"true", "track_and_verify_wals=true", ""},
		"parallelism":               {"3", "max_background_jobs=3", ""},
		"max_open_files":            {"77", "max_open_files=77", ""},
		"block_cache_bytes":         {"1234567", "", ""}, // is not written down
	}
	for _, name := range SettingNames() {
		want, known := wants[name]
		if !known {
			t.Errorf("%s is not looked at", name)
		}
		settings := KafkaStreams()
		if err := settings.Set(name, want.value); err != nil {
			t.Fatal(err)
		}
		dir, o := t.TempDir(), options
		o.Settings = settings
		s := open(t, dir, o)
		data, offsets := configured(t, dir)
		if !strings.Contains(data, "\t"+want.data) && !strings.Contains(data, " "+want.data) || !strings.Contains(offsets, want.offsets) {
			t.Errorf("%s=%s: the data lack %q or the offsets %q in:\n%s\n%s", name, want.value, want.data, want.offsets, data, offsets)
		}
		capacity, _ := s.db.GetIntPropertyCF("rocksdb.block-cache-capacity", s.data)
		if (capacity == 1234567) != (name == "block_cache_bytes") {
			t.Errorf("%s=%s: the block cache has %d bytes", name, want.value, capacity)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSavedOffsetIsKafkaStreams(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, options)
	apply(t, s, 42)
	saved, err := s.db.GetCF(s.options.read, s.offsets, []byte("app-store-changelog-0"))
	if err != nil {
		t.Fatal(err)
	}
	defer saved.Free()
	if string(saved.Data()) != "\x00\x00\x00\x00\x00\x00\x00\x29" { // the last one applied: 41
		t.Errorf("saved is %x", saved.Data())
	}
	s = reopenWithSaved(t, s, offsetUnknown)
	if _, ok := s.Offset(); ok {
		t.Error("a saved offset of -4 is taken for a known one")
	}
	s.batch.reset()
	s.batch.addNumber(s.offsets.ID(), s.offsetKey, -5)
	if err := errors.Join(s.write(), s.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = Open(dir, options)
	wantError(t, err, stores.ErrCorrupt, dir, "app-store-changelog-0", "-5")
}

// reopenWithSaved writes a saved offset as another program would.
func reopenWithSaved(t *testing.T, s *Store, saved int64) *Store {
	t.Helper()
	s.batch.reset()
	s.batch.addNumber(s.offsets.ID(), s.offsetKey, saved)
	if err := errors.Join(s.write(), s.Close()); err != nil {
		t.Fatal(err)
	}
	return open(t, s.dir, options)
}

// RocksDB's files are in a directory that nobody else can enter.
func TestDirectoryIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	open(t, dir, options)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v; want 0700", info.Mode(), err)
	}
}

// A store is unclean if it was written to files since it was closed, and a kill came.
func TestUnclean(t *testing.T) {
	dir, killed, idle := t.TempDir(), filepath.Join(t.TempDir(), "killed"), filepath.Join(t.TempDir(), "idle")
	kill := func(as string) { // leaves the files as they are now
		t.Helper()
		if err := os.CopyFS(as, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
	}
	unclean := func(dir string, want bool) {
		t.Helper()
		s := open(t, dir, options)
		if s.Unclean() != want {
			t.Errorf("unclean is %v, want %v", s.Unclean(), want)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	unclean(dir, false)
	s := open(t, dir, options)
	apply(t, s, 10)
	kill(idle)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	kill(killed)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	unclean(dir, false)
	unclean(idle, false) // all since it was closed was in memory only
	unclean(killed, true)
	unclean(killed, false)
}

// A store that is refused is closed: it is opened again at once, or wiped.
func TestRefusedStoreIsClosed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, options)
	apply(t, s, 10)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other := options
	other.Topic = "another-changelog"
	if _, err := Open(dir, other); !errors.Is(err, stores.ErrCorrupt) {
		t.Fatalf("the store of another changelog: %v", err)
	}
	if next, ok := open(t, dir, options).Offset(); next != 10 || !ok {
		t.Errorf("came back at %d, %v", next, ok)
	}
}

// An iterator that is closed holds no version of the store any more, whose files could not go.
func TestClosedIteratorHoldsNothing(t *testing.T) {
	s := open(t, t.TempDir(), options)
	for range 3 {
		apply(t, s, 100)
		it := s.Range(nil, nil)
		if !it.Next() {
			t.Fatal("there is nothing")
		}
		if err := errors.Join(it.Close(), s.Flush()); err != nil {
			t.Fatal(err)
		}
	}
	if n, _ := s.db.GetIntPropertyCF("rocksdb.num-live-versions", s.data); n != 1 {
		t.Errorf("%d versions are held", n)
	}
}

// The least filter is one.
func TestLeastFilter(t *testing.T) {
	dir, o := t.TempDir(), options
	o.Settings = KafkaStreams()
	o.Settings.BloomBitsPerKey = 1
	open(t, dir, o)
	if data, _ := configured(t, dir); !strings.Contains(data, "filter_policy=bloomfilter") {
		t.Errorf("no filter in:\n%s", data)
	}
}
