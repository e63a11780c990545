package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// WriteSummary writes the summary as JSON, as WriteFile does.
func WriteSummary(path string, s *Summary) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = WriteFile(path, append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("summary: %w", err)
	}
	return nil
}

// WriteFile writes a file that others may read. A reader, or a crash at any moment, finds
// the old file or the new one, never a part: it is written beside it, made durable and
// renamed. The directory must exist.
func WriteFile(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // the first error is the one to tell
			_ = os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil { // temporary files are private
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a rename in the directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// ReadSummary reads what WriteSummary wrote and refuses any other schema.
func ReadSummary(path string) (*Summary, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("summary: %w", err)
	}
	var s Summary
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("summary %s: %w", path, err)
	}
	if s.Schema != Schema {
		return nil, fmt.Errorf("summary %s has schema %d, this version reads %d", path, s.Schema, Schema)
	}
	return &s, nil
}
