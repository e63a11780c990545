package kafkastreams_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"text/tabwriter"

	peer "restorebench/bench/peers/kafkastreams"
)

var mutate = flag.Bool("mutations", false, "run TestMutations, which takes minutes")

// mutation changes a byte format where it is written and where it is read, so that no
// round trip within our own code can see it.
type mutation struct {
	format, change string
	edits          []edit
	caught         string // by this subtest of TestWeReadIts
}

// edit replaces text that stands exactly once in a file below stores.
type edit struct{ file, from, to string }

var mutations = []mutation{
	{"value in the changelog", "a byte behind it", []edit{
		{"keyvalue/keyvalue.go", "	s.log(key, value, timestamp)\n	return nil\n}\n", `
	if value != nil {
		value = append(append([]byte{}, value...), 0)
	}
	s.log(key, value, timestamp)
	return nil
}

func (s *KeyValue) Apply(b *stores.Batch) error {
	for i := range b.Entries {
		if b.Entries[i].ValueLen != stores.Tombstone {
			b.Entries[i].ValueLen--
		}
	}
	return s.Ordered.Apply(b)
}
`},
	}, "key-value/same_operations"},
	{"timestamped value", "little-endian timestamp", []edit{
		{"format/timestamped.go", "dst = binary.BigEndian", "dst = binary.LittleEndian"},
		{"format/timestamped.go", "int64(binary.BigEndian", "int64(binary.LittleEndian"},
	}, "timestamped-key-value/state_directory"},
	{"versioned, latest value", "last bit of the timestamp", []edit{
		{"versioned/place.go", "uint64(v.from)", "uint64(v.from^1)"},
		{"versioned/versioned.go", "if err == nil && from < 0 {", "if from ^= 1; err == nil && from < 0 {"},
	}, "versioned-key-value/state_directory"},
	{"versioned, segment row", "values newest first", []edit{
		{"versioned/row.go", "for _, v := range slices.Backward(r.versions) {", "for _, v := range r.versions {"},
		{"versioned/row.go", "	if list != values {", `
	at := list
	for i := range r.versions {
		if v := &r.versions[i]; v.value != nil {
			v.value = b[at : at+len(v.value) : at+len(v.value)]
			at += len(v.value)
		}
	}
	if list != values {`},
	}, "versioned-key-value/state_directory"},
	{"window key", "sequence number before start", []edit{
		{
			"format/keys.go", "dst = binary.BigEndian.AppendUint64(dst, uint64(start))\n	return binary.BigEndian.AppendUint32(dst, seq)",
			"dst = binary.BigEndian.AppendUint32(dst, seq)\n	return binary.BigEndian.AppendUint64(dst, uint64(start))",
		},
		{"format/keys.go", "start = int64(binary.BigEndian.Uint64(stored[n:]))\n", "start = int64(binary.BigEndian.Uint64(stored[n+4:]))\n"},
		{"format/keys.go", "binary.BigEndian.Uint32(stored[n+TimestampBytes:])", "binary.BigEndian.Uint32(stored[n:])"},
	}, "window/same_operations"},
	{"session key", "start before end", []edit{
		{"format/keys.go", "uint64(end))\n	return binary.BigEndian.AppendUint64(dst, uint64(start))", "uint64(start))\n	return binary.BigEndian.AppendUint64(dst, uint64(end))"},
		{"format/keys.go", "end = int64(binary.BigEndian.Uint64(stored[n:]))", "start = int64(binary.BigEndian.Uint64(stored[n:]))"},
		{"format/keys.go", "start = int64(binary.BigEndian.Uint64(stored[n+TimestampBytes:]))", "end = int64(binary.BigEndian.Uint64(stored[n+TimestampBytes:]))"},
	}, "session/same_operations"},
	{"saved offset", "the next one, not the last", []edit{
		{"rocks/offsets.go", "return int64(next) - 1", "return int64(next)"},
		{"rocks/offsets.go", "return stores.Offset(last) + 1, true, nil", "return stores.Offset(last), true, nil"},
	}, "key-value/state_directory"},
}

// difference is what the tests say when both sides have the same layout of other
// contents: not an error of a build, of a start, or of a read.
var difference = regexp.MustCompile(`(?s)(entry \d+ is\n|record \d+ of our changelog is|its saved offset is).*?\n`)

// The text that each mutation replaces is still there.
func TestMutationsAreUpToDate(t *testing.T) {
	for _, m := range mutations {
		t.Run(m.format, func(t *testing.T) { overlay(t, t.TempDir(), m.edits) })
	}
}

// Each mutation must make the test fail that holds its format against Kafka Streams.
func TestMutations(t *testing.T) {
	if !*mutate {
		t.Skip("takes minutes; make mutations runs it")
	}
	peer.Build(t, "../kafka-streams") // or skip
	whole := run(t, nil, "^TestWeReadIts$")
	var table strings.Builder
	rows := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(rows, "format\tmutation\tfails")
	for _, m := range mutations {
		t.Run(m.format, func(t *testing.T) {
			name := "TestWeReadIts/" + m.caught
			if !strings.Contains(whole, "--- PASS: "+name+" ") {
				t.Fatalf("without a mutation, %s does not pass:\n%s", name, whole)
			}
			out := run(t, m.edits, "^"+strings.ReplaceAll(name, "/", "$/^")+"$")
			said := difference.FindString(out)
			if said == "" || !strings.Contains(out, "--- FAIL: "+name+" ") {
				t.Fatalf("%s does not fail by a difference:\n%s", name, out)
			}
			t.Log(said)
			fmt.Fprintf(rows, "%s\t%s\t%s\n", m.format, m.change, name)
		})
	}
	rows.Flush()
	t.Logf("every mutation was caught but those that failed above:\n%s", &table)
}

// run builds the tests of this package with the edits, runs some of them, and returns
// what they printed.
func run(t *testing.T, edits []edit, tests string) string {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "mutant.test")
	build := exec.Command("go", "test", "-c", "-o", binary, "-overlay", overlay(t, dir, edits), ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	out, err := exec.Command(binary, "-test.v", "-test.count=1", "-test.run", tests).CombinedOutput()
	if failed := err != nil; failed != (len(edits) > 0) {
		t.Fatalf("failed: %v\n%s", failed, out)
	}
	return string(out)
}

// overlay writes the edited files, and the file that makes go build take them.
func overlay(t *testing.T, dir string, edits []edit) string {
	t.Helper()
	texts := map[string]string{}
	for _, e := range edits {
		path, err := filepath.Abs(filepath.Join("..", "..", "..", "stores", e.file))
		if err != nil {
			t.Fatal(err)
		}
		if _, edited := texts[path]; !edited {
			texts[path] = read(t, path)
		}
		if n := strings.Count(texts[path], e.from); n != 1 {
			t.Fatalf("%s has %q %d times, want once: bring the mutation up to date", e.file, e.from, n)
		}
		texts[path] = strings.Replace(texts[path], e.from, e.to, 1)
	}
	replace := map[string]string{}
	for path, text := range texts {
		replace[path] = filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		write(t, replace[path], text)
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	write(t, file, string(list))
	return file
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
