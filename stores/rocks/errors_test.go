//go:build cgo && !norocksdb

package rocks

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"restorebench/internal/lockholder"
	"restorebench/stores"
)

// wantError checks what an error wraps and what its one line names.
func wantError(t *testing.T, err, wraps error, names ...string) {
	t.Helper()
	if !errors.Is(err, wraps) {
		t.Fatalf("error is %v, want one that wraps %q", err, wraps)
	}
	for _, name := range names {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("error %q does not name %q", err, name)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error has several lines: %q", err)
	}
}

func TestOpenCreatesOnlyWhenAsked(t *testing.T) {
	o := options
	o.CreateIfMissing = false
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		_, err := Open(dir, o)
		wantError(t, err, fs.ErrNotExist, dir)
		if entries, _ := os.ReadDir(dir); len(entries) > 0 {
			t.Errorf("open left %v", entries)
		}
	}
	dir := filepath.Join(t.TempDir(), "a", "b")
	if err := open(t, dir, options).Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir, o)
}

// lockVictim names the environment variable that makes TestLocked the process
// that holds the lock.
const lockVictim = "ROCKS_TEST_LOCK_DIR"

func TestLocked(t *testing.T) {
	if dir := os.Getenv(lockVictim); dir != "" {
		open(t, dir, options)
		fmt.Println("locked")
		_, _ = os.Stdin.Read(make([]byte, 1)) // until the parent closes it
		return
	}
	dir := t.TempDir()
	s := open(t, dir, options)
	_, err := Open(dir, options)
	wantError(t, err, stores.ErrLocked, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	child := exec.Command(os.Args[0], "-test.run=^TestLocked$")
	child.Env = append(os.Environ(), lockVictim+"="+dir)
	in, _ := child.StdinPipe()
	out, _ := child.StdoutPipe()
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "locked\n" {
		t.Fatalf("the holder says %q, %v", line, err)
	}
	_, err = Open(dir, options)
	wantError(t, err, stores.ErrLocked, dir)
	t.Log(err)
	if lockholder.Of(filepath.Join(dir, "LOCK")) != "" { // not on every file system
		wantError(t, err, stores.ErrLocked, fmt.Sprintf("(pid %d)", child.Process.Pid))
	}
	_ = in.Close()
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	open(t, dir, options)
}

// Each way to damage a directory ends in stores.ErrCorrupt, when it is opened or
// when the damaged bytes are read, and nothing in it is touched.
func TestCorrupt(t *testing.T) {
	for name, damage := range map[string]struct {
		pattern string
		change  func(path string) error
	}{
		"CURRENT missing":    {"CURRENT", os.Remove},
		"CURRENT empty":      {"CURRENT", truncate},
		"CURRENT misleading": {"CURRENT", overwrite("MANIFEST-999999\n")},
		"MANIFEST missing":   {"MANIFEST-*", os.Remove},
		"MANIFEST empty":     {"MANIFEST-*", truncate},
		"file missing":       {"*.sst", os.Remove},
		"file empty":         {"*.sst", truncate},
		"file of nonsense":   {"*.sst", overwrite(strings.Repeat("nonsense", 1000))},
		"flipped bit":        {"*.sst", flip},
	} {
		for _, create := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, create=%v", name, create), func(t *testing.T) {
				dir := t.TempDir()
				s := open(t, dir, options)
				apply(t, s, 1000)
				if err := errors.Join(s.Flush(), s.Close()); err != nil {
					t.Fatal(err)
				}
				paths, _ := filepath.Glob(filepath.Join(dir, damage.pattern))
				for _, path := range paths {
					if err := damage.change(path); err != nil {
						t.Fatal(err)
					}
				}
				before := listFiles(t, dir)
				err := openAndRead(dir, create)
				wantError(t, err, stores.ErrCorrupt, dir)
				for file := range before {
					if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
						t.Errorf("a file is gone: %v", err)
					}
				}
			})
		}
	}
}

// openAndRead opens a store and reads all of it.
func openAndRead(dir string, create bool) error {
	o := options
	o.CreateIfMissing = create
	s, err := Open(dir, o)
	if err != nil {
		return err
	}
	defer s.Close()
	it := s.Range(nil, nil)
	for it.Next() {
	}
	return errors.Join(it.Err(), it.Close())
}

// What ended an iteration is known after Close, too.
func TestIteratorTellsItsErrorAfterClose(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, options)
	apply(t, s, 10_000)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	paths, _ := filepath.Glob(filepath.Join(dir, "*.sst"))
	for _, path := range paths {
		if err := flip(path); err != nil { // in its place, under the open store
			t.Fatal(err)
		}
	}
	it := s.Range(nil, nil)
	for it.Next() {
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, it.Err(), stores.ErrCorrupt, dir)
}

func truncate(path string) error { return os.Truncate(path, 0) }

func overwrite(text string) func(string) error {
	return func(path string) error { return os.WriteFile(path, []byte(text), 0o644) }
}

func flip(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text[len(text)/3] ^= 1
	return os.WriteFile(path, text, 0o644)
}

func listFiles(t *testing.T, dir string) map[string]bool {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]bool{}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".sst") {
			files[e.Name()] = true
		}
	}
	return files
}

func TestCloseRefusesOpenIterators(t *testing.T) {
	s := open(t, t.TempDir(), options)
	apply(t, s, 10)
	it, another := s.Range(nil, nil), s.Range(nil, nil)
	if err := another.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err == nil {
		t.Fatal("closed under an iterator")
	}
	if !it.Next() {
		t.Errorf("the iterator ended: %v", it.Err())
	}
	if err := errors.Join(it.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get([]byte{0}); err == nil {
		t.Error("a closed store is read")
	}
}
