package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
)

// File appends records to a results/raw/RUN.jsonl.
type File struct {
	f *os.File
}

// Create creates the file of a new run; it must not exist yet.
func Create(path string) (*File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	return &File{f: f}, nil
}

// Append writes one record as one line and makes it durable: a trial takes longer
// than an fsync, and a crash must not cost a finished one.
func (f *File) Append(r *Record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := f.f.Write(append(line, '\n')); err != nil {
		return err
	}
	return f.f.Sync()
}

// Close closes the file.
func (f *File) Close() error { return f.f.Close() }

// ErrTruncated means that the last line of a file was cut off, by a crash while it was
// written. The records before it are good.
var ErrTruncated = errors.New("last record is cut off")

// Scan reads the records of one file. With ErrTruncated it still returns those
// that are whole; any other error names the line.
func Scan(path string) ([]Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var records []Record
	r := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if len(bytes.TrimSpace(line)) > 0 {
				return records, fmt.Errorf("%s:%d: %w", path, n, ErrTruncated)
			}
			return records, nil
		}
		if err != nil {
			return records, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		var rec Record
		if err := json.Unmarshal(line, &rec); err != nil {
			return records, fmt.Errorf("%s:%d: not a record: %w", path, n, err)
		}
		if rec.Schema != Schema {
			return records, fmt.Errorf("%s:%d: schema %d, this version reads %d", path, n, rec.Schema, Schema)
		}
		records = append(records, rec)
	}
}

// Latest is the path of the newest run in a raw directory; run ids sort by time.
func Latest(rawDir string) (string, error) {
	paths, err := filepath.Glob(filepath.Join(rawDir, "*.jsonl"))
	if err != nil {
		return "", err
	}
	if len(paths) == 0 {
		return "", fmt.Errorf("%s: no runs (*.jsonl); make one with 'restorebench run'", rawDir)
	}
	sort.Strings(paths)
	return paths[len(paths)-1], nil
}
