package format

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"restorebench/stores"
)

// The bytes that Kafka Streams 4.3.1 writes for these.
func TestGolden(t *testing.T) {
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		"timestamped":              {AppendTimestamped(nil, 10, []byte("a")), "000000000000000a 61"},
		"timestamped, empty":       {AppendTimestamped(nil, 1<<40, nil), "0000010000000000"},
		"window":                   {AppendWindowKey(nil, []byte("k"), 1000, 0), "6b 00000000000003e8 00000000"},
		"window, a duplicate":      {AppendWindowKey(nil, []byte("k"), 0, 7), "6b 0000000000000000 00000007"},
		"window, far future":       {AppendWindowKey(nil, nil, math.MaxInt64, 0), "7fffffffffffffff 00000000"},
		"session: end, then start": {AppendSessionKey(nil, []byte("k"), 1, 10), "6b 000000000000000a 0000000000000001"},
	} {
		if want, err := hex.DecodeString(strings.ReplaceAll(c.want, " ", "")); err != nil || !bytes.Equal(c.got, want) {
			t.Errorf("%s is %x, want %s", name, c.got, c.want)
		}
	}
}

func TestRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key, value := rapid.SliceOf(rapid.Byte()).Draw(t, "key"), rapid.SliceOf(rapid.Byte()).Draw(t, "value")
		a, b := rapid.Int64Min(0).Draw(t, "a"), rapid.Int64Min(0).Draw(t, "b")
		start, end, seq := min(a, b), max(a, b), rapid.Uint32().Draw(t, "seq")
		if ts, v, err := SplitTimestamped(key, AppendTimestamped(nil, a, value)); ts != a || v == nil || !bytes.Equal(v, value) || err != nil {
			t.Fatal(ts, v, err)
		}
		if k, s, n, err := SplitWindowKey(AppendWindowKey(nil, key, start, seq)); !bytes.Equal(k, key) || s != start || n != seq || err != nil {
			t.Fatal(k, s, n, err)
		}
		if k, s, e, err := SplitSessionKey(AppendSessionKey(nil, key, start, end)); !bytes.Equal(k, key) || s != start || e != end || err != nil {
			t.Fatal(k, s, e, err)
		}
	})
}

func TestBadBytesAreNamed(t *testing.T) {
	split := func(f func() error) error { return f() }
	window := func(stored []byte) error { _, _, _, err := SplitWindowKey(stored); return err }
	session := func(stored []byte) error { _, _, _, err := SplitSessionKey(stored); return err }
	for want, err := range map[string]error{
		"key 6b01 has a value of 7 bytes, want 8": split(func() error {
			_, _, err := SplitTimestamped([]byte("k\x01"), make([]byte, 7))
			return err
		}),
		"key 6b01 has 2 bytes, want a key, 8 bytes of window start": window([]byte("k\x01")),
		"want 0 or later":                      window(AppendWindowKey(nil, []byte("k"), -1, 0)),
		"has 15 bytes":                         session(make([]byte, 15)),
		"session from 3 to 2, want 0 <= start": session(AppendSessionKey(nil, nil, 3, 2)),
		"session from -1 to 2":                 session(AppendSessionKey(nil, nil, -1, 2)),
		"... (65536 bytes)":                    Bad(make([]byte, 64<<10), "is long"),
		strings.Repeat("00", 256) + " is":      Bad(make([]byte, 256), "is not too long to be shown"),
	} {
		if !errors.Is(err, stores.ErrLayout) || !strings.Contains(err.Error(), want) || len(err.Error()) > 1000 {
			t.Errorf("error is %q, want %q", err, want)
		}
	}
}

// The shortest bytes and the least times that a layout allows are no error.
func TestLeast(t *testing.T) {
	if timestamp, value, err := SplitTimestamped(nil, make([]byte, 8)); timestamp != 0 || value == nil || len(value) > 0 || err != nil {
		t.Errorf("a timestamp alone is %d, %x, %v", timestamp, value, err)
	}
	if key, start, seq, err := SplitWindowKey(make([]byte, 12)); key == nil || len(key) > 0 || start != 0 || seq != 0 || err != nil {
		t.Errorf("a window at 0 of the empty key is %x, %d, %d, %v", key, start, seq, err)
	}
	for _, at := range []int64{0, 7} { // sessions of one record
		if key, start, end, err := SplitSessionKey(AppendSessionKey(nil, nil, at, at)); key == nil || len(key) > 0 || start != at || end != at || err != nil {
			t.Errorf("a session at %d of the empty key is %x, %d, %d, %v", at, key, start, end, err)
		}
	}
}

// Beside an error nothing is returned that could be taken for a time.
func TestNothingBesideAnError(t *testing.T) {
	for _, stored := range [][]byte{{1, 2}, AppendWindowKey(nil, nil, -1, 5)} {
		if key, start, seq, err := SplitWindowKey(stored); key != nil || start != 0 || seq != 0 || err == nil {
			t.Errorf("window key %x: %x, %d, %d, %v", stored, key, start, seq, err)
		}
	}
	for _, stored := range [][]byte{{1, 2}, AppendSessionKey(nil, nil, 3, 2)} {
		if key, start, end, err := SplitSessionKey(stored); key != nil || start != 0 || end != 0 || err == nil {
			t.Errorf("session key %x: %x, %d, %d, %v", stored, key, start, end, err)
		}
	}
	if timestamp, value, err := SplitTimestamped(nil, make([]byte, 7)); timestamp != 0 || value != nil || err == nil {
		t.Errorf("%d, %x, %v", timestamp, value, err)
	}
}

func TestGetTimestamped(t *testing.T) {
	refused := errors.New("no")
	for name, c := range map[string]struct {
		stored    []byte
		err       error
		value     []byte
		timestamp int64
	}{
		"absent":    {},
		"present":   {stored: AppendTimestamped(nil, 5, []byte("v")), value: []byte("v"), timestamp: 5},
		"empty":     {stored: AppendTimestamped(nil, 6, nil), value: []byte{}, timestamp: 6},
		"not read":  {stored: AppendTimestamped(nil, 7, nil), err: refused},
		"too short": {stored: make([]byte, 7), err: stores.ErrLayout},
	} {
		value, timestamp, err := GetTimestamped(func([]byte) ([]byte, error) {
			if errors.Is(c.err, refused) {
				return c.stored, refused
			}
			return c.stored, nil
		}, []byte("k"))
		if (value == nil) != (c.value == nil) || !bytes.Equal(value, c.value) || timestamp != c.timestamp || !errors.Is(err, c.err) {
			t.Errorf("%s: %x @%d, %v", name, value, timestamp, err)
		}
	}
}

// A batch that its timestamps bring to exactly 4 GiB, less a byte, fits; its arena is never touched here.
func TestFitsTimestamped(t *testing.T) {
	arena, err := unix.Mmap(-1, 0, math.MaxUint32, unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(arena) }()
	b := &stores.Batch{Arena: arena[:math.MaxUint32-2*8], Entries: make([]stores.Entry, 2)}
	if err := FitsTimestamped(b); err != nil {
		t.Error(err)
	}
	b.Arena = arena[:len(b.Arena)+1]
	if err := FitsTimestamped(b); err == nil || !strings.Contains(err.Error(), "4294967280 bytes and 2 records") {
		t.Errorf("a batch that is a byte too large: %v", err)
	}
}

func TestAppendRecord(t *testing.T) {
	b, kept := &stores.Batch{}, &stores.Batch{}
	b.Append([]byte("a"), []byte("value"), 5, 10)
	b.Append([]byte("b"), []byte{}, 6, 11)
	b.Append([]byte("c"), nil, 7, 12)
	for i := range b.Len() {
		AppendRecord(kept, b, i)
	}
	want := [][]byte{AppendTimestamped(nil, 5, []byte("value")), AppendTimestamped(nil, 6, nil), nil}
	for i, e := range kept.Entries {
		value := kept.Value(i)
		if !bytes.Equal(kept.Key(i), b.Key(i)) || !bytes.Equal(value, want[i]) || (value == nil) != (want[i] == nil) || e.Offset != b.Entries[i].Offset {
			t.Errorf("record %d is %q = %x at %d, want %q = %x at %d", i, kept.Key(i), value, e.Offset, b.Key(i), want[i], b.Entries[i].Offset)
		}
	}
	if kept.Len() != b.Len() {
		t.Errorf("%d records, want %d", kept.Len(), b.Len())
	}
}

// names is a space of which only the names are asked for.
type names []string

func (n names) Names() ([]string, error)        { return n, nil }
func (names) Open(string) (stores.Store, error) { panic("not needed") }
func (names) Remove(string) error               { panic("not needed") }

// A store without a name takes a whole space, those with names share one.
func TestAlone(t *testing.T) {
	for _, c := range []struct {
		name  string
		there names
		want  string // "" for no error
	}{
		{"", nil, ""},
		{"", names{""}, ""},
		{"", names{"", "s.0"}, `a store "s.0"`},
		{"", names{"s.0"}, `a store "s.0"`},
		{"s", names{"", "t"}, ""},
	} {
		err := Alone(c.there, c.name)
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, stores.ErrLayout) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("store %q beside %q: %v, want %q", c.name, c.there, err, c.want)
		}
	}
}

// The bounds of one key are exact: from its first record asked for to right behind its last.
func TestBoundsOfOneKey(t *testing.T) {
	key := []byte("k")
	behind := func(last []byte) []byte { return append(last, 0) } // the next in the order of bytes
	for _, early := range []int64{5, 0, -1, math.MinInt64} {
		from, to := WindowRange(key, key, early, 6)
		if first := AppendWindowKey(nil, key, max(early, 0), 0); !bytes.Equal(from, first) || !bytes.Equal(to, behind(AppendWindowKey(nil, key, 6, math.MaxUint32))) {
			t.Errorf("windows from %d to 6 lie in [%x, %x)", early, from, to)
		}
		from, to = SessionRange(key, key, early, 6)
		if first := AppendSessionKey(nil, key, 0, max(early, 0)); !bytes.Equal(from, first) || !bytes.Equal(to, behind(AppendSessionKey(nil, key, 6, math.MaxInt64))) {
			t.Errorf("sessions that end from %d on and begin until 6 lie in [%x, %x)", early, from, to)
		}
	}
}

// A nil key is no bound, the empty one is: that only the empty key is below.
func TestBoundsOfNil(t *testing.T) {
	for _, c := range []struct{ fromKey, toKey, from, to []byte }{
		{nil, nil, nil, nil},
		{[]byte{}, nil, []byte{}, nil},
		{[]byte("k"), nil, []byte("k"), nil},
		{nil, []byte{}, nil, append(AppendWindowKey(nil, nil, 9, math.MaxUint32), 0)},
	} {
		from, to := WindowRange(c.fromKey, c.toKey, 3, 9)
		if !bytes.Equal(from, c.from) || !bytes.Equal(to, c.to) || (to == nil) != (c.to == nil) {
			t.Errorf("keys from %x to %x: [%x, %x), want [%x, %x)", c.fromKey, c.toKey, from, to, c.from, c.to)
		}
	}
}

// The times below look like the upper key: its beginnings with the latest time behind them come after it, or before.
func TestBoundsWhereATimeLooksLikeAKey(t *testing.T) {
	for _, c := range []struct {
		to   string
		late int64
	}{
		{"\x01", 0x61 << 56},
		{"a", 0x61 << 56},
		{"a", 0x61<<56 | 0x61<<48},
		{"aa", 0x61<<56 | 0x60<<48},
		{"\x7f", math.MaxInt64},
		{"\x7f\xff", math.MaxInt64},
		{"\x00", 0},
		{"\x00\x00\x01", 1 << 40},
		{strings.Repeat("\x00", 12) + "\x01", 0},
		{strings.Repeat("a", 13), 0x6161616161616161},
	} {
		for n := range len(c.to) + 1 { // beginnings, which are below it
			stored := AppendWindowKey(nil, []byte(c.to[:n]), c.late, math.MaxUint32)
			if from, to := WindowRange(nil, []byte(c.to), 0, c.late); bytes.Compare(stored, from) < 0 || bytes.Compare(stored, to) >= 0 {
				t.Errorf("up to the key %x and the time %x: %x does not lie in [%x, %x)", c.to, c.late, stored, from, to)
			}
		}
	}
}

// Every key that is asked for lies between the bounds, and between those of one key
// alone nothing lies that another key of the same length could have.
func TestBoundsEnclose(t *testing.T) {
	keys := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 'a', 0x7f, 0xff}), 0, 12)
	times := rapid.OneOf(rapid.Int64Range(0, 3), rapid.SampledFrom([]int64{255, 256, 1 << 40, 0x61 << 56, math.MaxInt64}))
	rapid.Check(t, func(t *rapid.T) {
		drawn := []([]byte){keys.Draw(t, "a"), keys.Draw(t, "b"), keys.Draw(t, "c")}
		slices.SortFunc(drawn, bytes.Compare)
		at := []int64{times.Draw(t, "t"), times.Draw(t, "u"), times.Draw(t, "v")}
		slices.Sort(at)

		from, to := WindowRange(drawn[0], drawn[2], at[0], at[2])
		enclosed(t, from, to, AppendWindowKey(nil, drawn[1], at[1], rapid.Uint32().Draw(t, "seq")))
		from, to = SessionRange(drawn[0], drawn[2], at[0], at[1])
		enclosed(t, from, to, AppendSessionKey(nil, drawn[1], rapid.Int64Range(0, at[1]).Draw(t, "start"), at[2]))

		from, to = WindowRange(nil, drawn[1], at[0], at[2])
		enclosed(t, from, to, AppendWindowKey(nil, drawn[0], at[1], 0))
		from, to = WindowRange(drawn[1], nil, at[0], at[2])
		enclosed(t, from, to, AppendWindowKey(nil, drawn[2], at[1], 0))
	})
	if from, to := WindowRange([]byte("k"), []byte("k"), 5, 6); bytes.Compare(AppendWindowKey(nil, []byte("k"), 4, math.MaxUint32), from) >= 0 ||
		bytes.Compare(AppendWindowKey(nil, []byte("k"), 7, 0), to) < 0 {
		t.Errorf("the bounds of one key are %x and %x", from, to)
	}
}

func enclosed(t *rapid.T, from, to, stored []byte) {
	if bytes.Compare(stored, from) < 0 || to != nil && bytes.Compare(stored, to) >= 0 {
		t.Fatalf("%x does not lie in [%x, %x)", stored, from, to)
	}
}
