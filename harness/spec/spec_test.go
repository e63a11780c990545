package spec

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"restorebench/harness/record"
)

func TestDefault(t *testing.T) {
	s := Default()
	if !reflect.DeepEqual(s.Keys, []int64{10_000, 100_000, 1_000_000}) || s.Runs != 5 || !reflect.DeepEqual(s.Tail, []float64{0.1}) || s.StallTimeout != time.Minute {
		t.Fatalf("%+v", s)
	}
	cells, left, err := s.Cells()
	if err != nil {
		t.Fatal(err)
	}
	if len(cells) != 18 { // 3 sizes x (memory, rocksdb) x (replay, local, local+tail)
		t.Errorf("%d cells: %+v", len(cells), cells)
	}
	if len(left) != 0 {
		t.Errorf("left out: %q", left)
	}
	for _, c := range cells {
		if (c.Tail > 0) != (c.Recovery == record.LocalTail) {
			t.Errorf("tail of %+v", c)
		}
	}
}

func TestParseCount(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "10k": 10_000, "1M": 1_000_000, "1.5M": 1_500_000, "1_000": 1000, "2Ki": 2048, "2Gi": 2 << 30,
		"0": 0, "-3": -3, "1G": 1_000_000_000,
	} {
		if got, err := ParseCount(text); err != nil || got != want {
			t.Errorf("%q is %d (%v), want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "k", "ten", "1.5", "1x", "0x10", "1e400", "99999999999999999999", "9223372036854775807k", "1 k", "NaN", "10B", "2KiB", "3GB"} {
		if n, err := ParseCount(text); err == nil {
			t.Errorf("%q was read as %d", text, n)
		}
	}
}

// Only sizes are in bytes, and say so if they like.
func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{"100": 100, "100B": 100, "1MiB": 1 << 20, "2Ki": 2048, "3GB": 3e9, "1kB": 1000, "0": 0} {
		if got, err := ParseSize(" " + text + " "); err != nil || got != want {
			t.Errorf("%q is %d (%v), want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "B", "1BB", "1iB", "1.5B", "64mb"} {
		if n, err := ParseSize(text); err == nil || err.Error() != text {
			t.Errorf("%q was read as %d, %v", text, n, err)
		}
	}
	s := Default()
	for knob, text := range map[string]string{"value-bytes": "1KiB,2kB", "key-bytes": "32B", "cache-bytes": "10MiB", "restore-memory": "1GB", "rocksdb": "write_buffer_size=64Mi,block_size=16KiB|max_open_files=5,block_size=x"} {
		if err := s.Set(knob, text, "--"+knob); err != nil {
			t.Errorf("--%s %s: %v", knob, text, err)
		}
	}
	if !slices.Equal(s.ValueBytes, []int64{1024, 2000}) || s.KeyBytes != 32 || s.CacheBytes != 10<<20 || s.RestoreMemory != 1e9 ||
		s.RocksDB[0].String() != "block_size=16384,write_buffer_size=67108864" || s.RocksDB[1].String() != "block_size=x,max_open_files=5" {
		t.Errorf("%+v", s)
	}
	for _, knob := range []string{"keys", "partitions", "updates-per-key", "runs", "minutes", "instances", "standby"} {
		if err := s.Set(knob, "1B", "--"+knob); err == nil {
			t.Errorf("--%s 1B is taken", knob)
		}
	}
}

// What is probably meant is said.
func TestHints(t *testing.T) {
	for _, c := range []struct{ knob, text, want string }{
		{"keys", "20,000,000", `"000": want a whole number from 1 to 1G, such as 10k or 1M; a comma separates values: 20,000,000 is 20000000 or 20_000_000`},
		{"keys", "1M,20,000", "; a comma separates values: 20,000 is 20000 or 20_000"},
		{"runs", "1,000", `"1,000": want a whole number from 1 to 1000; a comma separates values: 1,000 is 1000 or 1_000`},
		{"stall-timeout", "90", `"90": want a duration from 1s to 1h, such as 60s; with its unit, as 90s`},
		{"session-timeout", "6", "; with its unit, as 6s"},
		{"snapshot-interval", "30", "; with its unit, as 30s"},
		{"stall-timeout", "soon", "such as 60s"},
		{"keys", "10,0", "such as 10k or 1M"},
	} {
		if err := Default().Set(c.knob, c.text, "--"+c.knob); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("--%s %s: %v, want ...%s", c.knob, c.text, err, c.want)
		}
	}
}

func TestFormatCount(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 1000: "1k", 1500: "1500", 2_000_000: "2M", 3_000_000_000: "3G"} {
		if got := FormatCount(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

func TestBadValues(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"keys", "0"},
		{"keys", "-1"},
		{"keys", "many"},
		{"keys", ""},
		{"keys", "10k,"},
		{"keys", "2G"},
		{"value-bytes", "0"},
		{"value-bytes", "1048577"},
		{"value-bytes", "2Mi"},
		{"key-bytes", "7"},
		{"key-bytes", "16,17"},
		{"partitions", "0"},
		{"updates-per-key", "0"},
		{"runs", "0"},
		{"cache-bytes", "-1"},
		{"restore-mode", "fast"},
		{"restore-memory", "1Mi"},
		{"snapshot-interval", "1ms"},
		{"standby", "-1"},
		{"standby", "2"},
		{"standby", ""},
		{"snapshot-interval", "often"},
		{"cache-bytes", "65G"},
		{"stores", "rocks"},
		{"stores", ""},
		{"recovery", "remote"},
		{"subjects", "a b"},
		{"tail", "0"},
		{"tail", "110%"},
		{"tail", "NaN"},
		{"tombstones", "-1%"},
		{"seed", "-1"},
		{"seed", "x"},
		{"broker", ""},
		{"out", ""},
		{"topic-prefix", "a b"},
		{"topic-prefix", ""},
		{"topic-prefix", strings.Repeat("a", 101)},
		{"stall-timeout", "5"},
		{"stall-timeout", "0s"},
		{"rocksdb", "x"},
		{"consumer", "=1"},
	} {
		before := Default()
		s := Default()
		err := s.Set(c.name, c.text, "--"+c.name)
		var bad *Error
		if !errors.As(err, &bad) {
			t.Errorf("--%s %q: %v", c.name, c.text, err)
			continue
		}
		if bad.Where != "--"+c.name || bad.Allowed == "" || strings.Contains(err.Error(), "\n") {
			t.Errorf("--%s %q: %v", c.name, c.text, err)
		}
		if !reflect.DeepEqual(s, before) {
			t.Errorf("--%s %q changed the spec", c.name, c.text)
		}
	}
	if err := Default().Set("kyes", "1", "--kyes"); err == nil {
		t.Error("an unknown knob was set")
	}
}

func TestYAML(t *testing.T) {
	s := Default()
	err := s.Parse([]byte("keys: [1k, 2k]\nstores: rocksdb\ntail: 20%\nrocksdb:\n  block_size: 8192\nruns: 3\n"), "s.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s.Keys, []int64{1000, 2000}) || s.Runs != 3 || !reflect.DeepEqual(s.Tail, []float64{0.2}) || s.RocksDB[0]["block_size"] != "8192" ||
		!reflect.DeepEqual(s.Stores, []string{StoreRocks}) {
		t.Fatalf("%+v", s)
	}
	if err := s.Set("keys", "5", "--keys"); err != nil || !reflect.DeepEqual(s.Keys, []int64{5}) {
		t.Fatalf("a flag must override the file: %v %v", s.Keys, err)
	}
	if err := Default().Parse(nil, "empty.yaml"); err != nil {
		t.Error(err)
	}
}

func TestBadYAML(t *testing.T) {
	for text, want := range map[string]string{
		"keys: 10\nkyes: 20\n":    `s.yaml:2: unknown field: "kyes"`,
		"runs: 3\nkeys: [10, 0]":  `s.yaml:2: keys: "0"`,
		"keys: 1\nkeys: 2":        "s.yaml:2: field given twice",
		"keys: {a: {b: c}}":       "s.yaml:1: keys",
		"keys: []":                "s.yaml:1: keys",
		"- keys":                  "s.yaml:1",
		"keys: [":                 "s.yaml",
		"value-bytes: 2Mi # much": `s.yaml:1: value-bytes: "2Mi": want a whole number from 1 to 1Mi`,
	} {
		err := Default().Parse([]byte(text), "s.yaml")
		var bad *Error
		if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s...", text, err, want)
		}
	}
	if err := Default().Load(filepath.Join(t.TempDir(), "none.yaml")); err == nil {
		t.Error("a file that does not exist was read")
	}
	path := filepath.Join(t.TempDir(), "s.yaml")
	if err := os.WriteFile(path, []byte("runs: 7"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := Default()
	if err := s.Load(path); err != nil || s.Runs != 7 {
		t.Error(s.Runs, err)
	}
}

func TestCellsThatCannotExist(t *testing.T) {
	s := Default()
	s.Stores, s.Recovery, s.SnapshotInterval = []string{StoreMemory}, []string{record.Local}, 0
	var bad *Error
	if _, _, err := s.Cells(); !errors.As(err, &bad) {
		t.Errorf("memory from local files: %v", err)
	}
	s = Default()
	s.Stores, s.CacheBytes = []string{StoreMemory, "rocksdb-versioned"}, 1
	if _, _, err := s.Cells(); !errors.As(err, &bad) || bad.Where != "--cache-bytes" {
		t.Errorf("a cache before a versioned store: %v", err)
	}
	s = Default()
	s.Stores, s.Recovery = []string{StoreLRU, StoreRocks}, []string{record.Replay, record.Local}
	if cells, left, err := s.Cells(); err != nil || len(cells) != 3*len(s.Keys) || len(left) != 1 {
		t.Errorf("%d cells, left out %q, %v", len(cells), left, err)
	}
	s = Default()
	s.RestoreMode = []string{ModeBatch, ModeBulk} // of a replay by RocksDB only
	if cells, _, err := s.Cells(); err != nil || len(cells) != 7*len(s.Keys) {
		t.Errorf("%d cells, %v", len(cells), err)
	}
	s = Default()
	s.Keys, s.Partitions = []int64{3}, []int64{4}
	if _, _, err := s.Cells(); !errors.As(err, &bad) {
		t.Errorf("3 keys on 4 partitions: %v", err)
	}
}

// The group is an axis, static membership another one that only groups have; a subject is only asked for
// what it can do.
func TestGroupsAndSubjects(t *testing.T) {
	s := Default()
	for name, value := range map[string]string{
		"keys": "10k", "stores": "memory", "recovery": "replay,local", "subjects": "restorebench,other", "group": "none,classic,streams",
		"static-membership": "false,true", "session-timeout": "6s",
	} {
		if err := s.Set(name, value, name); err != nil {
			t.Fatal(err)
		}
	}
	s.Systems = map[string]System{"other": {Stores: []string{"memory"}, Recovery: []string{"replay", "local"}, Groups: []string{"streams"}}}
	cells, left, err := s.Cells()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range cells {
		got = append(got, fmt.Sprintf("%s %s %s%v %d", c.Subject, c.Recovery, c.Group, c.StaticMembership, c.SessionTimeoutMS))
	}
	want := []string{
		"restorebench replay false 0", "restorebench local false 0",
		"restorebench replay classicfalse 6000", "restorebench local classicfalse 6000",
		"restorebench replay classictrue 6000", "restorebench local classictrue 6000",
		"other replay streamsfalse 0", // whose session the broker has the say of
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(left) < 4 {
		t.Errorf("left out: %q", left)
	}
	for _, bad := range [][2]string{{"group", "static"}, {"session-timeout", "1ms"}, {"session-timeout", "x"}, {"static-membership", "maybe"}, {"key-order", "reverse"}, {"compressible", "2"}, {"fetcher", "kafka"}, {"recovery-model", "4.1"}} {
		if err := s.Set(bad[0], bad[1], bad[0]); err == nil {
			t.Errorf("%s %s was taken", bad[0], bad[1])
		}
	}
}

// Another system is run under exactly once if it can be.
func TestExactlyOnceOfOtherSystems(t *testing.T) {
	s := Default()
	s.Keys, s.Stores, s.Recovery, s.Guarantee = []int64{10}, []string{StoreRocks}, []string{record.Local}, []string{AtLeastOnce, ExactlyOnce}
	s.Subjects = []string{"once", "other"}
	can := System{Stores: s.Stores, Recovery: s.Recovery, Groups: []string{GroupNone}}
	s.Systems = map[string]System{"other": can}
	can.ExactlyOnce = true
	s.Systems["once"] = can
	cells, left, err := s.Cells()
	if err != nil || len(cells) != 3 || cells[1].Subject != "once" || cells[1].Guarantee != ExactlyOnce || len(left) != 1 || !strings.Contains(left[0], "other is run under at least once only") {
		t.Errorf("%+v, left out %q, %v", cells, left, err)
	}
}

// Only what secures a connection is a setting of every client; a password is a reference, wherever settings are given; and a
// system that can't take what the cluster asks for is left out.
func TestClientSettings(t *testing.T) {
	s := Default()
	if s.Security() != "" {
		t.Errorf("security %q", s.Security())
	}
	if err := s.Set("client", "security.protocol=SASL_SSL,sasl.password=env:P,ssl.ca.location=ca.pem", "--client"); err != nil || s.Security() != "sasl_ssl" || s.Client["sasl.password"] != "env:P" {
		t.Errorf("%v, security %q, %v", s.Client, s.Security(), err)
	}
	for knob, text := range map[string]string{
		"client": "sasl.password=hunter2,ter3", "consumer": "|sasl.password=hunter2,ter3", "producer": "ssl.key.password=hunter2", "exclude": "sasl.password=hunter2",
	} {
		err := s.Set(knob, text, "--"+knob)
		var bad *Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), "password: want a secret as file:PATH or env:NAME") || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "ter3") {
			t.Errorf("--%s: %v", knob, err)
		}
	}
	for _, text := range []string{"group.id=x", "sasl", "bootstrap.servers=x", "isolation.level=read_committed"} {
		if err := s.Set("client", text, "--client"); err == nil {
			t.Errorf("%s was taken for a client setting", text)
		}
	}
	if text, err := s.YAML(); err != nil || !strings.Contains(string(text), "sasl.password=env:P") {
		t.Errorf("%s, %v", text, err)
	}
	s.Keys, s.Stores, s.Recovery, s.Subjects = []int64{10}, []string{StoreMemory}, []string{record.Replay}, []string{SubjectSelf, "all", "some", "none"}
	can := System{Stores: s.Stores, Recovery: s.Recovery, Groups: []string{GroupNone}}
	all, some := can, can
	all.Client, some.Client = ClientAll(), []string{"security.protocol", "sasl.password"}
	s.Systems = map[string]System{"all": all, "some": some, "none": can}
	cells, left, err := s.Cells()
	if err != nil || len(cells) != 2 || cells[1].Subject != "all" || len(left) != 2 || !strings.Contains(left[0], "some takes no client setting ssl.ca.location") {
		t.Errorf("%+v, left out %q, %v", cells, left, err)
	}
}
