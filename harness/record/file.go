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

// Resume opens the file of a run that was stopped, to append to it, and returns the records that it
// holds. A last record that was cut off is removed.
func Resume(path string) (*File, []Record, error) {
	records, err := Scan(path)
	torn := errors.Is(err, ErrTruncated)
	if err != nil && !torn {
		return nil, nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return nil, nil, err
	}
	if torn {
		err = cutTail(f)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return &File{f: f}, records, nil
}

// cutTail removes what follows the last whole line.
func cutTail(f *os.File) error {
	data, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	if err := f.Truncate(int64(bytes.LastIndexByte(data, '\n') + 1)); err != nil {
		return err
	}
	return f.Sync()
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

// Scan reads the records of one file, but for the interrupted trials that were run again later. With ErrTruncated it still returns those
// that are whole; any other error names the line.
func Scan(path string) ([]Record, error) {
	records, err := scan(path)
	last := map[int]int{}
	for i := range records {
		last[records[i].Trial] = i
	}
	kept := records[:0]
	for i := range records {
		if records[i].Why != Interrupted || last[records[i].Trial] == i {
			kept = append(kept, records[i])
		}
	}
	return kept, err
}

func scan(path string) ([]Record, error) {
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
			if len(line) > 0 { // blanks too: the next record is not to stand behind them
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
		if rec.Subject == "" || rec.Store == "" {
			return records, fmt.Errorf("%s:%d: %w", path, n, foreign(line))
		}
		records = append(records, rec)
	}
}

// foreign says what a line is that is no trial's.
func foreign(line []byte) error {
	var kill struct {
		Cell string `json:"cell"`
		Kill int    `json:"kill"`
	}
	if json.Unmarshal(line, &kill) == nil && kill.Cell != "" && kill.Kill > 0 {
		return fmt.Errorf("kill %d of %s of 'restorebench torture', which is judged in its line, and not the record of a trial", kill.Kill, kill.Cell)
	}
	return errors.New("not the record of a trial: it names no subject or no store")
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
