//go:build cgo && !norocksdb

package rocks

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"restorebench/stores"
	"restorebench/stores/storetest"
)

func TestSpace(t *testing.T) {
	storetest.RunSpace(t, NewSpace(filepath.Join(t.TempDir(), "task"), Options{Topic: "t"}), true)
}

// The directories are where Open finds them: other types and Kafka Streams rely on it.
func TestSpaceDirectories(t *testing.T) {
	dir := t.TempDir()
	space := NewSpace(dir, options)
	for _, name := range []string{"", "store.60000"} {
		s, err := space.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		b := &stores.Batch{}
		b.Append([]byte("k"), []byte("v of "+name), 0, 7)
		if err := s.Apply(b); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		again := open(t, filepath.Join(dir, name), options)
		if v, err := again.Get([]byte("k")); string(v) != "v of "+name || err != nil {
			t.Errorf("%q has %q, %v", name, v, err)
		}
	}
	if names, err := space.Names(); !slices.Equal(names, []string{"", "store.60000"}) || err != nil {
		t.Errorf("names are %q, %v", names, err)
	}
}

func TestSpaceFinishesRemovals(t *testing.T) {
	dir := t.TempDir()
	half := filepath.Join(dir, removed+"store.0")
	for _, path := range []string{filepath.Join(half, "x"), filepath.Join(dir, bulkDir)} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "notes"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if names, err := NewSpace(dir, options).Names(); len(names) > 0 || err != nil {
		t.Errorf("names are %q, %v", names, err)
	}
	if _, err := os.Stat(half); !os.IsNotExist(err) {
		t.Errorf("what was being removed is still there: %v", err)
	}
}

func TestSpaceStaysInItsDirectory(t *testing.T) {
	dir := t.TempDir()
	space := NewSpace(filepath.Join(dir, "task"), options)
	for _, name := range []string{"..", ".", "../x", "a/b", "/x", removed + "x"} {
		if _, err := space.Open(name); err == nil {
			t.Errorf("%q was opened", name)
		}
		if err := space.Remove(name); err == nil {
			t.Errorf("%q was removed", name)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Error(slices.Collect(slices.Values(entries)))
	}
}
