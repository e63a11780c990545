package window_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"restorebench/stores"
	"restorebench/stores/memory"
	"restorebench/stores/window"
)

func open(t *testing.T, space stores.Space, o window.Options) *window.Store {
	t.Helper()
	s, err := window.New(space, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func put(t *testing.T, s *window.Store, key string, value []byte, start, timestamp int64) {
	t.Helper()
	if err := s.Put([]byte(key), value, start, timestamp); err != nil {
		t.Fatal(err)
	}
}

// The bytes of Kafka Streams 4.3.1, in the store and in the changelog.
func TestGolden(t *testing.T) {
	for _, timestamped := range []bool{false, true} {
		var logged string
		s := open(t, memory.NewSpace(), options(timestamped, func(key, value []byte, timestamp int64) {
			logged = fmt.Sprintf("%x = %x @%d", key, value, timestamp)
		}))
		put(t, s, "k", []byte("v"), 1000, 1005)
		if want := "6b00000000000003e800000000 = 76 @1005"; logged != want {
			t.Errorf("logged %s, want %s", logged, want)
		}
		key, _ := hex.DecodeString("6b00000000000003e800000000")
		want := "76"
		if timestamped {
			want = "00000000000003ed" + want
		}
		if got, err := s.Get(key); hex.EncodeToString(got) != want || err != nil {
			t.Errorf("timestamped %v: kept %x, %v; want %s", timestamped, got, err, want)
		}
		put(t, s, "k", nil, 1000, 1006)
		if want := "6b00000000000003e800000000 =  @1006"; logged != want {
			t.Errorf("logged %s, want %s", logged, want)
		}
	}
}

// RocksDB directories are <store>/<store>.<first ms>.
func TestDirectories(t *testing.T) {
	dir := home(t)
	s := open(t, rocksSpace(dir, true), options(true, nil))
	for _, start := range []int64{0, interval - 1, interval, 2*interval + 5} {
		put(t, s, "k", []byte("v"), start, 0)
	}
	wantDirectories(t, dir, "w.0", "w.150000", "w.75000")
	put(t, s, "k", []byte("v"), 3*interval+retention, 0)
	wantDirectories(t, dir, "w.375000")
}

func wantDirectories(t *testing.T, dir string, want ...string) {
	t.Helper()
	var got []string
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, want) || err != nil {
		t.Errorf("directories are %q, %v; want %q", got, err, want)
	}
}

// Keys that begin one another, and long ones.
func TestNeighbours(t *testing.T) {
	s := open(t, memory.NewSpace(), options(false, nil))
	names := []string{"", "\x00", "a", "a\x00", "a" + strings.Repeat("\x00", 12), "a\xff", strings.Repeat("\xff", 64<<10)}
	for _, name := range names {
		for _, start := range []int64{0, 255, interval} {
			put(t, s, name, []byte(name), start, 0)
		}
	}
	for i, name := range names {
		n, key := 0, []byte(name)
		if i == 0 {
			key = nil // is the empty one here
		}
		it := s.FetchRange(key, 0, math.MaxInt64)
		for ; it.Next(); n++ {
			if string(it.Entry().Key) != name {
				t.Errorf("%.10q brought %.10q", name, it.Entry().Key)
			}
		}
		if err := errors.Join(it.Err(), it.Close()); n != 3 || err != nil {
			t.Errorf("%.10q has %d windows, %v; want 3", name, n, err)
		}
	}
}

// All bounds are inclusive, of keys as of times.
func TestBounds(t *testing.T) {
	s := open(t, memory.NewSpace(), options(false, nil))
	for _, key := range []string{"a", "b", "c"} {
		for _, start := range []int64{0, 20, interval} {
			put(t, s, key, []byte(key), start, 0)
		}
	}
	b, c := []byte("b"), []byte("c")
	if v, timestamp, err := s.Fetch(b, 20); string(v) != "b" || timestamp != 0 || err != nil {
		t.Errorf("fetch of one is %q @%d, %v", v, timestamp, err)
	}
	for _, x := range []struct {
		what string
		it   *window.Iterator
		want string
	}{
		{"from its first to its last", s.FetchRange(b, 0, interval), "b0 b20 b75000"},
		{"from behind its first to before its last", s.FetchRange(b, 1, interval-1), "b20"},
		{"at one time", s.FetchRange(b, 20, 20), "b20"},
		{"at time 0", s.FetchRange(b, 0, 0), "b0"},
		{"before all times", s.FetchRange(b, -10, -1), ""},
		{"backward in time", s.FetchRange(b, 20, 19), ""},
		{"the latest first", s.BackwardFetchRange(b, 0, 20), "b20 b0"},
		{"two keys", s.FetchKeys(b, c, 20, interval), "b20 b75000 c20 c75000"},
		{"a key alone", s.FetchKeys(b, b, 20, 20), "b20"},
		{"up to a key", s.FetchKeys(nil, b, 0, 0), "a0 b0"},
		{"from a key on", s.FetchKeys(b, nil, 20, 20), "b20 c20"},
		{"keys from the last", s.BackwardFetchKeys(b, c, 0, 20), "c20 c0 b20 b0"},
		{"from a key to one before it", s.FetchKeys(c, b, 0, interval), ""},
		{"all", s.All(), "a0 a20 a75000 b0 b20 b75000 c0 c20 c75000"},
		{"all from the last", s.BackwardAll(), "c75000 c20 c0 b75000 b20 b0 a75000 a20 a0"},
	} {
		var got []string
		for x.it.Next() {
			e := x.it.Entry()
			got = append(got, fmt.Sprintf("%s%d", e.Key, e.Start))
			if e.End != e.Start+size || !bytes.Equal(e.Value, e.Key) || e.Timestamp != 0 {
				t.Errorf("%s: %+v", x.what, e)
			}
		}
		if err := errors.Join(x.it.Err(), x.it.Close()); strings.Join(got, " ") != x.want || err != nil {
			t.Errorf("%s: %s, %v; want %s", x.what, got, err, x.want)
		}
	}
}

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		size, retention int64
		end             int64 // of a window at 0; negative for an error
	}{
		{0, 1, 0},
		{1, 1, 1},
		{10, 11, 10},
		{10, 9, -1},
		{-1, 0, -1},
		{-1, -1, -1},
	} {
		s, err := window.New(memory.NewSpace(), window.Options{Name: "w", WindowSize: c.size, Retention: c.retention})
		if err != nil {
			if c.end >= 0 {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		put(t, s, "k", []byte("v"), 0, 0)
		it := s.All()
		if !it.Next() || it.Entry().End != c.end || it.Close() != nil || s.Close() != nil {
			t.Errorf("%+v: a window at 0 ends at %d", c, it.Entry().End)
		}
	}
}
