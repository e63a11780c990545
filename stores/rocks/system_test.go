//go:build cgo && !norocksdb

package rocks

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"restorebench/stores"
)

// What RocksDB says of a disk is the disk's error, also where it calls that a corruption: the files may be good, and must
// not be given up.
func TestErrorsOfTheDisk(t *testing.T) {
	for text, want := range map[string]syscall.Errno{
		"IO error: No space left on device: While appending to file: /d/000012.sst: No space left on device":            syscall.ENOSPC,
		"IO error: While fdatasync: /d/MANIFEST-000004: Input/output error":                                             syscall.EIO,
		"IO error: While open a file for appending: /d/000022.log: Read-only file system":                               syscall.EROFS,
		"IO error: While open a file for random read: /d/000009.sst: Permission denied":                                 syscall.EACCES,
		"Corruption: Can't access /000009.sst: IO error: while stat a file for size: /d/000009.sst: Input/output error": syscall.EIO,
	} {
		err := classify("open", "/d", errors.New(text))
		wantError(t, err, want, "/d", text)
		if errors.Is(err, stores.ErrCorrupt) {
			t.Errorf("%v: it is called corrupt", err)
		}
	}
	for _, text := range []string{
		"Corruption: block checksum mismatch: stored = 1, computed = 2 in /d/000009.sst offset 0 size 4",
		"IO error: No such file or directory: While opening a file for sequentially reading: /d/MANIFEST-000001: No such file or directory",
	} {
		wantError(t, classify("open", "/d", errors.New(text)), stores.ErrCorrupt, "/d")
	}
}

// A flush that fails saves no offset: the store is as it was at the flush before it, data and offset alike.
func TestFlushThatFails(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, options)
	apply(t, s, 10)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	apply(t, s, 1000)
	limitFiles(t, 4096, func() {
		err := s.Flush()
		if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "File too large") {
			t.Errorf("flush: %v", err)
		}
	})
	fork := filepath.Join(t.TempDir(), "copy") // what a kill would leave now
	if err := os.CopyFS(fork, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	again := open(t, fork, options)
	if next, ok := again.Offset(); next != 10 || !ok {
		t.Errorf("the saved offset is %d, %v, want 10", next, ok)
	}
	for i := range 20 {
		value, err := again.Get([]byte{0, 0, byte(i)})
		if err != nil || (value != nil) != (i < 10) {
			t.Errorf("record %d: %d bytes, %v", i, len(value), err)
		}
	}
}

// A batch that the write-ahead log does not take is an error and moves no offset, and a kill behind it leaves what was there before.
func TestLogThatFails(t *testing.T) {
	dir := t.TempDir()
	logged := options
	logged.Settings = KafkaStreams()
	logged.Settings.WAL = true
	s := open(t, dir, logged)
	apply(t, s, 10)
	b := &stores.Batch{}
	for next := stores.Offset(10); next < 1000; next++ {
		b.Append([]byte{0, byte(next >> 8), byte(next)}, make([]byte, 100), 0, next)
	}
	limitFiles(t, 4096, func() {
		if err := s.Apply(b); err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "File too large") {
			t.Errorf("apply: %v", err)
		}
	})
	if next, ok := s.Offset(); next != 10 || !ok {
		t.Errorf("the offset is %d, %v, want 10", next, ok)
	}
	fork := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(fork, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	again := open(t, fork, logged)
	if next, ok := again.Offset(); next != 10 || !ok {
		t.Errorf("the saved offset is %d, %v, want 10", next, ok)
	}
	if value, err := again.Get([]byte{0, 0, 10}); value != nil || err != nil {
		t.Errorf("record 10 is there: %d bytes, %v", len(value), err)
	}
}

// limitFiles runs f while no file of this process can grow beyond a size.
func limitFiles(t *testing.T, size uint64, f func()) {
	t.Helper()
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(unix.SIGXFSZ) // of the threads that are not of Go
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
			t.Fatal(fmt.Errorf("the limit of file sizes: %w", err))
		}
	}()
	f()
}
