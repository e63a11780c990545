//go:build cgo && !norocksdb

package rocks

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"restorebench/stores"
)

// An earlier MANIFEST comes back, and CURRENT with it: the records that were in a log then, and are in a file since that it does not
// know, would be missing from a store at the newest offset.
func TestStaleManifest(t *testing.T) {
	logged := options
	logged.Settings = KafkaStreams()
	logged.Settings.WAL = true
	dir := t.TempDir()
	s := open(t, dir, logged)
	apply(t, s, 10)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	apply(t, s, 10)
	then := currentOf(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, logged) // the last ten are in a file now, and their log is gone
	apply(t, s, 10)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	now := currentOf(t, dir)
	for name, text := range then {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(dir, logged)
	if s != nil {
		next, _ := s.Offset()
		value, getErr := s.Get([]byte{0, 0, 15})
		t.Errorf("it is open at offset %d, record 15 has %d bytes: %v", next, len(value), errors.Join(getErr, s.Close()))
	}
	wantError(t, err, stores.ErrCorrupt, dir, strings.TrimSpace(string(then["CURRENT"])))
	for name, text := range now { // the newer one is right
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if next, ok := open(t, dir, logged).Offset(); next != 30 || !ok {
		t.Errorf("the offset is %d, %v, want 30", next, ok)
	}
}

// A kill just before CURRENT names the new MANIFEST leaves both, and nothing that was written behind it.
func TestNewerManifest(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("CURRENT", "MANIFEST-000005\n")
	write("MANIFEST-000005", "old")
	write("000009.sst", "recovered from the log")
	write("MANIFEST-000011", "new")
	write("000012.log", "")
	if err := checkCurrent(dir); err != nil {
		t.Error(err)
	}
	write("000012.log", "r") // of a record
	wantError(t, checkCurrent(dir), stores.ErrCorrupt, dir, "MANIFEST-000005", "000011", "000012")
	write("CURRENT", "MANIFEST-000011\n")
	if err := checkCurrent(dir); err != nil {
		t.Error(err)
	}
}

// What counts is what was written behind a newer MANIFEST, in a file or in a log that is none yet.
func TestFilesBehindAManifest(t *testing.T) {
	for _, c := range []struct {
		current string
		files   []string // with a byte in each
		refused bool
	}{
		{"MANIFEST-000005\n", []string{"MANIFEST-000005"}, false},
		{"MANIFEST-000005\n", []string{"MANIFEST-000005", "MANIFEST-000011"}, false},
		{"MANIFEST-000005\n", []string{"MANIFEST-000005", "MANIFEST-000011", "000009.sst"}, false},
		{"MANIFEST-000005\n", []string{"MANIFEST-000005", "MANIFEST-000011", "000008.log", "000009.sst"}, false},
		{"MANIFEST-000005\n", []string{"MANIFEST-000005", "MANIFEST-000011", "000012.sst"}, true},
		{"MANIFEST-000005\n", []string{"MANIFEST-000005", "MANIFEST-000011", "000010.log", "000009.sst"}, true},
		{"MANIFEST-000011\n", []string{"MANIFEST-000005", "MANIFEST-000011", "000012.sst", "000013.log"}, false},
		{"MANIFEST-000011\n", []string{"MANIFEST-000011", "LOCK", "OPTIONS-000099", "000014.dbtmp"}, false},
	} {
		dir := t.TempDir()
		for _, name := range append(c.files, "CURRENT") {
			text := "x"
			if name == "CURRENT" {
				text = c.current
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err := checkCurrent(dir)
		if !c.refused && err != nil {
			t.Errorf("CURRENT is %q beside %q: %v", c.current, c.files, err)
		} else if c.refused {
			wantError(t, err, stores.ErrCorrupt, dir, "MANIFEST-000005", "000011")
		}
	}
	if err := checkCurrent(t.TempDir()); err != nil {
		t.Errorf("an empty directory: %v", err)
	}
	for name, want := range map[string]int64{"MANIFEST-000005\n": 5, "000012.log": 12, "x.sst": 0, "": 0, "LOCK": 0} {
		if n := numberOf(name); n != want {
			t.Errorf("the number of %q is %d, want %d", name, n, want)
		}
	}
}

// currentOf returns CURRENT and the MANIFEST that it names.
func currentOf(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, name := range []string{"CURRENT", ""} {
		if name == "" {
			name = strings.TrimSpace(string(files["CURRENT"]))
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = text
	}
	return files
}
