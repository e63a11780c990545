// Package kafkastreams builds and runs the Kafka Streams application of
// bench/peers/kafka-streams, so that tests can hold our stores against the real
// ones: it applies operations to stores of any type, and it restores them from
// their changelogs and tells what they hold.
package kafkastreams

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"restorebench/harness/changelog"
)

// Types and engines of a Store.
const (
	KeyValue            = "key-value"
	TimestampedKeyValue = "timestamped-key-value"
	VersionedKeyValue   = "versioned-key-value"
	LRU                 = "lru"
	Window              = "window"
	TimestampedWindow   = "timestamped-window"
	Session             = "session"

	Memory = "memory"
	Rocks  = "rocksdb"
)

// Store says which store the application builds.
type Store struct {
	Name, Type, Engine string
	// Retention is that of windows and sessions and the history's of versions, in ms,
	// and the capacity of an LRU map.
	Retention int64
	// WindowSize is in ms.
	WindowSize int64
}

// App is an application of one task, whose state and input have one partition.
type App struct {
	Bootstrap string
	ID        string
	StateDir  string
	Stores    []Store
}

// Input is the topic of the operations that Process applies. It has to exist, for
// Dump too.
func (a App) Input() string { return a.ID + "-input" }

// Changelog is the topic of a store's changelog.
func (a App) Changelog(s Store) string { return changelog.TopicName(a.ID, s.Name) }

// Dir is where the application keeps a store of RocksDB files: the store itself or,
// for windows and sessions, a directory per segment.
func (a App) Dir(s Store) string {
	task := filepath.Join(a.StateDir, a.ID, "0_0")
	switch s.Type {
	case Window, TimestampedWindow, Session:
		return filepath.Join(task, s.Name)
	}
	return filepath.Join(task, "rocksdb", s.Name)
}

// Entry is what a store holds of a key: its value, a window, a session, or a
// version. What a type does not have is 0.
type Entry struct {
	Store      string `json:"store"`
	Key        []byte `json:"key"`
	Value      []byte `json:"value"`
	Timestamp  int64  `json:"timestamp"`
	Start, End int64  // a version that is the latest ends at -1
}

// Compare orders entries by key, start and end.
func Compare(a, b Entry) int {
	return cmp.Or(bytes.Compare(a.Key, b.Key), cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
}

// Program is the built application.
type Program struct{ java, jar string }

// Process applies the operations of the input to the stores, up to the input's
// present end, and stops cleanly: the state directory and the changelogs stay.
func (p *Program) Process(ctx context.Context, a App) error {
	return p.run(ctx, "process", a, "-", io.Discard)
}

// Dump restores the stores into the state directory, which should be empty, and
// returns each store's entries in the order of Compare. Versioned stores and LRU
// maps can't list their keys, and are asked for the given ones.
func (p *Program) Dump(ctx context.Context, a App, keys [][]byte) (map[string][]Entry, error) {
	dir, err := os.MkdirTemp("", "kafka-streams-keys-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var lines strings.Builder
	for _, key := range keys {
		lines.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	}
	file := filepath.Join(dir, "keys")
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := p.run(ctx, "dump", a, file, &out); err != nil {
		return nil, err
	}
	entries := map[string][]Entry{}
	for d := json.NewDecoder(&out); ; {
		var e Entry
		if err := d.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("what Kafka Streams printed: %w", err)
		}
		entries[e.Store] = append(entries[e.Store], e)
	}
	for _, list := range entries {
		slices.SortStableFunc(list, Compare)
	}
	return entries, nil
}

func (p *Program) run(ctx context.Context, mode string, a App, keys string, out io.Writer) error {
	args := []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m", "-jar", p.jar, mode, a.Bootstrap, a.ID, a.StateDir, keys}
	for _, s := range a.Stores {
		args = append(args, fmt.Sprintf("%s,%s,%s,%d,%d", s.Name, s.Type, s.Engine, s.Retention, s.WindowSize))
	}
	// The JVM unpacks RocksDB's library there and leaves it behind when it is killed.
	tmp, err := os.MkdirTemp("", "kafka-streams-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, p.java, args...)
	cmd.Env = append(os.Environ(), "ROCKSDB_SHAREDLIB_DIR="+tmp)
	cmd.Stdout, cmd.Stderr = out, &stderr
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("kafka streams, %s %s: %w\n%s", mode, a.ID, err, stderr.Bytes())
	}
	return nil
}
