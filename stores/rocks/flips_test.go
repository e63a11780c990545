//go:build cgo && !norocksdb

package rocks

import (
	"errors"
	flags "flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"restorebench/stores"
)

var stride = flags.Int("stride", 199, "of TestDamagedFiles: which places are damaged, ten times fewer with -short; 1 is every bit and every truncation")

// steps of a small store, each flushed but the last: its contents by the offset behind. With kill, dir gets a copy of the files as a
// kill would leave them; with bulk, the first step is loaded in bulk.
func smallStore(t *testing.T, dir string, o Options, kill, bulk bool) (states map[string]bool, last string) {
	t.Helper()
	states = map[string]bool{"0 false": true}
	lives := dir
	if kill {
		lives = t.TempDir()
	}
	s := open(t, lives, o)
	const steps = 4
	for step := range steps {
		var b stores.Batch
		for i := range 4 {
			b.Append(fmt.Append(nil, "key-", i+step), fmt.Append(nil, "value-", step), 0, stores.Offset(4*step+i))
		}
		b.Append([]byte("key-1"), nil, 0, stores.Offset(4*step+4))
		var err error
		if bulk && step == 0 {
			err = s.BeginBulk(1 << 20)
		}
		err = errors.Join(err, s.Apply(&b))
		switch {
		case bulk && step == 0:
			err = errors.Join(err, s.EndBulk())
		case step < steps-1:
			err = errors.Join(err, s.Flush())
		}
		if err != nil {
			t.Fatal(err)
		}
		last = all(t, s)
		states[last] = true
	}
	if kill {
		if err := os.CopyFS(dir, os.DirFS(lives)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return states, last
}

// read is a store's offset and records.
func read(s *Store) (string, error) {
	next, ok := s.Offset()
	text := fmt.Sprint(next, ok)
	it := s.Range(nil, nil)
	for it.Next() {
		text += fmt.Sprintf(" %q=%q", it.Key(), it.Value())
	}
	return text, errors.Join(it.Err(), it.Close())
}

func all(t *testing.T, s *Store) string {
	t.Helper()
	text, err := read(s)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A bit that is wrong, or an end that is missing, in any file: the store is refused, or it is
// one that it was, with the offset that it had then.
func TestDamagedFiles(t *testing.T) {
	logged := options
	logged.Settings = KafkaStreams()
	logged.Settings.WAL = true
	for name, c := range map[string]struct {
		options    Options
		kill, bulk bool
	}{
		"closed":                             {options, false, false},
		"killed, with a log":                 {logged, true, false},
		"killed, loaded in bulk, with a log": {logged, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they mostly wait for the disk
			dir := t.TempDir()
			states, last := smallStore(t, dir, c.options, c.kill, c.bulk)
			damageAll(t, dir, c.options, states, last)
		})
	}
}

func damageAll(t *testing.T, dir string, o Options, states map[string]bool, last string) {
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var refused, same, earlier int
	for _, file := range files {
		whole, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(file.Name(), "LOG") || strings.HasPrefix(file.Name(), "OPTIONS") {
			continue // RocksDB's diary, which nobody reads
		}
		try := func(damaged []byte, how string, at int) {
			switch got, err := opened(t, dir, file.Name(), damaged, o); {
			case err != nil:
				refused++
			case got == last:
				same++
			case states[got]:
				earlier++
			default:
				t.Errorf("%s, %s %d of %d: taken for %s, want %s", file.Name(), how, at, len(whole), got, last)
			}
		}
		step := *stride
		if testing.Short() {
			step *= 10
		}
		for bit := 0; bit < 8*len(whole); bit += step {
			damaged := append([]byte{}, whole...)
			damaged[bit/8] ^= 1 << (bit % 8)
			try(damaged, "bit", bit)
		}
		if strings.HasPrefix(file.Name(), manifestPrefix) && !testing.Short() {
			step = min(step, 7) // an end between two of its records is one that it had
		}
		for n := 0; n < len(whole); n += step {
			try(whole[:n], "cut to", n)
		}
	}
	t.Logf("%d damaged files: %d refused, %d as before, %d as at an earlier step", refused+same+earlier, refused, same, earlier)
}

// opened reads a copy of a directory with one file changed.
func opened(t *testing.T, dir, name string, contents []byte, o Options) (string, error) {
	t.Helper()
	copied, err := os.MkdirTemp("", "rocks-damaged-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(copied)
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(copied, name), contents, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(copied, o)
	if err != nil {
		return "", err
	}
	text, err := read(s)
	return text, errors.Join(err, s.Close())
}
