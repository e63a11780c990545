package format

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

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
	} {
		if !errors.Is(err, stores.ErrLayout) || !strings.Contains(err.Error(), want) || len(err.Error()) > 1000 {
			t.Errorf("error is %q, want %q", err, want)
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
