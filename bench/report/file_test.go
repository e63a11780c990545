package report

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestWriteAndReadSummary(t *testing.T) {
	want, err := New(runs["invalid"]())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "summary.json")
	for range 2 { // the second replaces the first
		if err := WriteSummary(path, want); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadSummary(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, wrote %+v", got, want)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("the directory holds %v, want the summary alone", files)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, want one that others can read", info.Mode())
	}
}

// A summary that can't take its place leaves what was there, and nothing else.
func TestWriteSummaryFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "summary.json")
	if err := os.MkdirAll(filepath.Join(path, "in-the-way"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := WriteSummary(path, &Summary{Schema: Schema}); err == nil {
		t.Error("a directory was replaced by a file")
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
	if err := WriteSummary(filepath.Join(dir, "missing", "summary.json"), &Summary{}); err == nil {
		t.Error("wrote into a directory that does not exist")
	}
}

func TestReadSummaryRefuses(t *testing.T) {
	dir := t.TempDir()
	for content, want := range map[string]string{
		`{"schema": 99}`:  "has schema 99, this version reads 1",
		`{"schema": 1, "`: "unexpected end",
	} {
		path := filepath.Join(dir, "summary.json")
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSummary(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one that has %q", content, err, want)
		}
	}
	if _, err := ReadSummary(filepath.Join(dir, "none.json")); err == nil {
		t.Error("read a file that does not exist")
	}
}
