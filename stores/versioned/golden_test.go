package versioned

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"restorebench/stores"
	"restorebench/stores/memory"
	"restorebench/stores/rocks"
	"restorebench/stores/storetest"
)

// The files of testdata are Kafka Streams' own answers and bytes; see the README
// there. Every operation must return the same, and leave the same rows.
func TestKafkaStreamsDidTheSame(t *testing.T) {
	for _, history := range []int64{60_000, 3_000} {
		for _, durable := range []bool{false, true} {
			t.Run(fmt.Sprintf("history=%d/durable=%v", history, durable), func(t *testing.T) {
				prepare(t, durable)
				s, err := Open(space(durable, storetest.TempDir(t)), "", Options{History: history}, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				var rows []string
				for _, line := range golden(t, history) {
					fields := strings.Fields(line)
					if fields[0] == "row" {
						rows = append(rows, line)
						continue
					}
					if got := perform(t, s, fields); got != fields[4] {
						t.Fatalf("%s: got %s", line, got)
					}
				}
				if got, want := dump(t, s.rows), strings.Join(rows, "\n"); got != want {
					t.Errorf("rows are\n%s\nwant\n%s", got, want)
				}
			})
		}
	}
}

func golden(t *testing.T, history int64) []string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("testdata/history-%d.txt", history))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// perform runs one line of a golden file and returns what it returned.
func perform(t *testing.T, s *Store, fields []string) string {
	t.Helper()
	key, value := unhex(t, fields[1]), unhex(t, fields[2])
	var time int64
	if _, err := fmt.Sscan(fields[3], &time); err != nil {
		t.Fatal(err)
	}
	var err error
	var r *Record
	switch fields[0] {
	case "put":
		validTo, err := s.Put(key, value, time)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(validTo)
	case "delete":
		r, err = s.Delete(key, time)
	case "get":
		r, err = s.AsOf(key, time)
	case "latest":
		r, err = s.Latest(key)
	default:
		t.Fatalf("operation %s", fields[0])
	}
	if err != nil {
		t.Fatal(err)
	}
	if r == nil {
		return "null"
	}
	return fmt.Sprintf("%s@%d..-1", tohex(r.Value), r.From)
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	switch text {
	case "-":
		return nil
	case ".":
		return []byte{}
	}
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func tohex(b []byte) string {
	if len(b) == 0 {
		return "."
	}
	return hex.EncodeToString(b)
}

type fataler interface {
	Helper()
	Fatal(args ...any)
}

// dump is all rows but that of the stream time, which is ours alone.
func dump(t fataler, rows stores.Store) string {
	t.Helper()
	var lines []string
	it := rows.Range(nil, nil)
	for it.Next() {
		if !bytes.Equal(it.Key(), appendKey(nil, streamTime, nil)) {
			lines = append(lines, fmt.Sprintf("row %s %s", tohex(it.Key()), tohex(it.Value())))
		}
	}
	if err := errors.Join(it.Err(), it.Close()); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// A directory of Kafka Streams opens as it is, with all versions and the stream time,
// and goes on.
func TestOpenKafkaStreamsDirectory(t *testing.T) {
	prepare(t, true)
	dir := storetest.TempDir(t)
	if err := os.CopyFS(filepath.Join(dir, "store"), os.DirFS("testdata/kafka-streams-60000")); err != nil {
		t.Fatal(err)
	}
	ours, err := Open(memory.NewSpace(), "", Options{History: 60_000}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	for _, line := range golden(t, 60_000) {
		if fields := strings.Fields(line); fields[0] != "row" {
			perform(t, ours, fields)
		}
	}
	space := rocks.NewSpace(dir, rocks.Options{Topic: "app-store-changelog"})
	for _, when := range []string{"first", "again, with the stream time saved"} {
		theirs, err := Open(space, "store", Options{History: 60_000}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if theirs.StreamTime() != ours.StreamTime() {
			t.Errorf("%s: stream time is %d, want %d", when, theirs.StreamTime(), ours.StreamTime())
		}
		if got, want := logical(t, theirs), logical(t, ours); got != want || want == "" {
			t.Errorf("%s: their store holds\n%s\nwant\n%s", when, got, want)
		}
		for _, s := range []*Store{theirs, ours} {
			if _, err := s.Put([]byte("new"), []byte(when), ours.StreamTime()-10); err != nil {
				t.Fatal(err)
			}
		}
		if err := theirs.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// logical is what Range shows, as text.
func logical(t fataler, s *Store) string {
	t.Helper()
	return storetest.Contents(t, s.Range(nil, nil))
}
