package segments_test

import (
	"errors"
	"strings"
	"testing"

	"restorebench/stores"
	"restorebench/stores/segments"
)

func wantLayout(t *testing.T, err error, want string) {
	t.Helper()
	if !errors.Is(err, stores.ErrLayout) || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want one with %q", err, want)
	}
}

// What is not called as a segment of this store is refused, and stays.
func TestNamesOfOthers(t *testing.T) {
	for _, name := range []string{"", "s", "s.", "s.x", "s.-60000", "s.060000", "s.+60000", "s.60001", "s.99999999999999999999", "S.60000", "other.60000", "60000", "0"} {
		space := newLossySpace()
		space.files[name] = &lossyFile{}
		space.files["s.0"] = &lossyFile{}
		_, err := segments.Open(space, options(false))
		wantLayout(t, err, `"`+name+`", want only s.START with a multiple of 60000 ms`)
		if len(space.files) != 2 {
			t.Errorf("beside %q, %d stores are left of 2", name, len(space.files))
		}
	}
}

// A record that is not in the segment of its time, or has none, is named by whoever
// meets it: by Open, when it is the first, by an iterator, and by RecoverStreamTime.
func TestRecordOfAnotherType(t *testing.T) {
	for want, bad := range map[string][]byte{
		"s.60000: store has another layout: key 66000000000000000000000000 has the time 0, want one from 60000 to 119999": at(0, "f"),
		"s.60000: store has another layout: key 66 has 1 bytes, want a key, 8 bytes of window start":                      []byte("f"),
	} {
		space := newLossySpace()
		s := open(t, space)
		if err := errors.Join(s.Apply(batchAt(0, 0, "z", "v")), s.Apply(batchAt(1, 60_000, "a", "v")), s.Flush()); err != nil {
			t.Fatal(err)
		}
		b := &stores.Batch{}
		b.Append(bad, []byte("v"), 0, 2)
		file := space.files["s.60000"]
		file.pending = append(file.pending, b)
		file.flush()
		space.kill()

		s = open(t, space) // whose first record is good
		it := s.Range(nil, nil)
		if !it.Next() || it.Next() || it.Next() || it.Key() != nil || it.Value() != nil {
			t.Error("an iterator does not stop at the bad record")
		}
		wantLayout(t, it.Err(), want)
		wantLayout(t, s.RecoverStreamTime(), want)
		if err := errors.Join(it.Close(), s.Close()); err != nil {
			t.Fatal(err)
		}
		file.durable = []*stores.Batch{b}
		_, err := segments.Open(space, options(false))
		wantLayout(t, err, want)
	}
}
