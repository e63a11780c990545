package session_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"restorebench/stores"
	"restorebench/stores/format"
	"restorebench/stores/memory"
	"restorebench/stores/rocks"
	"restorebench/stores/segments"
	"restorebench/stores/session"
	"restorebench/stores/storetest"
)

func open(t *testing.T, space stores.Space, o session.Options) *session.Store {
	t.Helper()
	s, err := session.New(space, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func of(start, end int64) session.Session {
	return session.Session{Key: []byte("k"), Start: start, End: end}
}

// The bytes of Kafka Streams 4.3.1: end before start, removal as a tombstone.
func TestGolden(t *testing.T) {
	var logged string
	s := open(t, memory.NewSpace(), options(func(key, value []byte, timestamp int64) {
		logged = fmt.Sprintf("%x = %x @%d, tombstone: %v", key, value, timestamp, value == nil)
	}))
	const stored = "6b000000000000000a0000000000000001"
	if err := s.Put(of(1, 10), []byte{}, 12); err != nil {
		t.Fatal(err)
	}
	if want := stored + " =  @12, tombstone: false"; logged != want {
		t.Errorf("logged %s, want %s", logged, want)
	}
	key, _ := hex.DecodeString(stored)
	if got, err := s.Get(key); got == nil || len(got) > 0 || err != nil {
		t.Errorf("an empty aggregate is %x, %v", got, err)
	}
	if err := s.Remove(of(1, 10), 13); err != nil {
		t.Fatal(err)
	}
	if want := stored + " =  @13, tombstone: true"; logged != want {
		t.Errorf("logged %s, want %s", logged, want)
	}
	if got, err := s.Get(key); got != nil || err != nil {
		t.Errorf("a removed session is %x, %v", got, err)
	}
}

// A session belongs to the segment of its end, and expires with it.
func TestExpiry(t *testing.T) {
	storetest.Needs(t, rocks.Version)
	dir := storetest.TempDir(t)
	s := open(t, rocks.NewSpace(dir, rocks.Options{}), options(nil))
	for _, x := range []session.Session{of(0, interval), of(0, 0), of(5, retention)} {
		if err := s.Put(x, []byte("v"), 0); err != nil {
			t.Fatal(err)
		}
	}
	for end, there := range map[int64]bool{0: false, interval: true} {
		if v, err := s.FetchSession(of(0, end)); (v != nil) != there || err != nil {
			t.Errorf("session until %d is %q, %v", end, v, err)
		}
	}
	if err := s.Put(of(math.MaxInt64, math.MaxInt64), []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(of(0, interval), []byte("late"), 0); err != nil {
		t.Fatal(err)
	}
	if s.Stats() != (segments.Stats{Expired: 1, Dropped: 1}) {
		t.Errorf("%+v", s.Stats())
	}
	entries, err := os.ReadDir(dir)
	if name := fmt.Sprintf("s.%d", int64(math.MaxInt64/interval)*interval); err != nil || len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("segments are %v, %v; want %s", entries, err, name)
	}
}

func TestBadInput(t *testing.T) {
	s := open(t, memory.NewSpace(), options(nil))
	b := &stores.Batch{}
	b.Append(format.AppendSessionKey(nil, []byte("k"), 1, 10), []byte("v"), 0, 0)
	b.Append([]byte("bad"), []byte("v"), 0, 1)
	for want, err := range map[string]error{
		"session from 9 to 3, want 0 <= start <= end": s.Put(of(9, 3), []byte("v"), 0),
		"key 626164 has 3 bytes":                      s.Apply(b),
	} {
		if !errors.Is(err, stores.ErrLayout) || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
	if n, err := s.ApproximateCount(); n != 0 || err != nil {
		t.Errorf("%d records of a bad batch were applied, %v", n, err)
	}
	if _, err := session.New(memory.NewSpace(), session.Options{Name: "s", Retention: -1}); err == nil {
		t.Error("a negative retention was taken")
	}
}

// A record at a time touches the sessions that are its gap away at most, on either side.
func TestAtTheGap(t *testing.T) {
	const gap = 5
	s := open(t, memory.NewSpace(), options(nil))
	for _, key := range []string{"a", "b", "c"} {
		for _, x := range [][2]int64{{0, 0}, {10, 20}, {30, 30}, {interval - 1, interval}} {
			if err := s.Put(session.Session{Key: []byte(key), Start: x[0], End: x[1]}, []byte(key), 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	b, c := []byte("b"), []byte("c")
	near := func(time int64) *session.Iterator { return s.FindSessions(b, time-gap, time+gap) }
	for _, x := range []struct {
		what string
		it   *session.Iterator
		want string
	}{
		{"4", near(4), "b0-0"},
		{"5", near(5), "b0-0 b10-20"},
		{"6", near(6), "b10-20"},
		{"15", near(15), "b10-20"},
		{"25", near(25), "b10-20 b30-30"},
		{"26", near(26), "b30-30"},
		{"36", near(36), ""},
		{"before the last", near(interval - 7), ""},
		{"at the last", near(interval - 6), "b74999-75000"},
		{"behind the last", near(interval + 6), ""},
		{"backward", s.BackwardFindSessions(b, 5, 35), "b30-30 b10-20"},
		{"of a key", s.Fetch(b), "b0-0 b10-20 b30-30 b74999-75000"},
		{"of a key, backward", s.BackwardFetch(b), "b74999-75000 b30-30 b10-20 b0-0"},
		{"of the empty key", s.Fetch(nil), ""},
		{"of two keys", s.FindKeys(b, c, 20, 30), "b10-20 b30-30 c10-20 c30-30"},
		{"of a key alone", s.FindKeys(b, b, 21, 30), "b30-30"},
		{"up to a key", s.FindKeys(nil, b, 0, 0), "a0-0 b0-0"},
		{"from a key on", s.FindKeys(b, nil, 0, 9), "b0-0 c0-0"},
		{"keys from the last", s.BackwardFindKeys(b, c, 20, 29), "c10-20 b10-20"},
		{"all of two keys", s.FetchKeys(b, c), "b0-0 b10-20 b30-30 b74999-75000 c0-0 c10-20 c30-30 c74999-75000"},
		{"all of a key, backward", s.BackwardFetchKeys(c, nil), "c74999-75000 c30-30 c10-20 c0-0"},
	} {
		var got []string
		for x.it.Next() {
			e := x.it.Entry()
			got = append(got, fmt.Sprintf("%s%d-%d", e.Key, e.Start, e.End))
			if !bytes.Equal(e.Aggregate, e.Key) {
				t.Errorf("%s: %+v", x.what, e)
			}
		}
		if err := errors.Join(x.it.Err(), x.it.Close()); strings.Join(got, " ") != x.want || err != nil {
			t.Errorf("%s: %s, %v; want %s", x.what, got, err, x.want)
		}
	}
}
