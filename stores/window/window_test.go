package window_test

import (
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
	for _, name := range names {
		n := 0
		it := s.FetchRange([]byte(name), 0, math.MaxInt64)
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
