package versioned

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"restorebench/stores"
	"restorebench/stores/format"
	"restorebench/stores/memory"
)

func sampleRows() map[string]*row {
	return map[string]*row{
		"one version":     {next: 10, versions: []version{{3, []byte("v")}}},
		"empty value":     {next: 10, versions: []version{{3, []byte{}}}},
		"degenerate":      {next: 3, versions: []version{{from: 3}}},
		"tombstone":       {next: 10, versions: []version{{from: 3}}},
		"time 0":          {next: 1, versions: []version{{0, []byte("v")}}},
		"long value":      {next: 10, versions: []version{{3, bytes.Repeat([]byte("v"), 100)}}},
		"several":         {next: 9, versions: []version{{7, []byte("new")}, {from: 5}, {4, []byte{}}, {2, []byte("old")}}},
		"far in the time": {next: 1<<63 - 1, versions: []version{{1 << 62, []byte("v")}}},
	}
}

func TestRowEncoding(t *testing.T) {
	for name, r := range sampleRows() {
		var got row
		if err := got.parse(r.encode()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !slices.EqualFunc(got.versions, r.versions, func(a, b version) bool {
			return a.from == b.from && bytes.Equal(a.value, b.value) && (a.value == nil) == (b.value == nil)
		}) || got.next != r.next {
			t.Errorf("%s: parsed %v, want %v", name, got, *r)
		}
	}
}

// Whatever bytes are in a row, they are an error, or a row with the same bytes.
func TestRowBadBytes(t *testing.T) {
	check := func(name string, b []byte) (ok bool) {
		var r row
		if err := r.parse(b); err != nil {
			if !strings.Contains(err.Error(), "want") {
				t.Fatalf("%s: %x: error %v does not say what was expected", name, b, err)
			}
			return false
		}
		if !bytes.Equal(r.encode(), b) {
			t.Fatalf("%s: %x parses as %v, which is %x", name, b, r, r.encode())
		}
		return true
	}
	random := rand.New(rand.NewPCG(1, 1))
	for name, r := range sampleRows() {
		whole := r.encode()
		for n := range whole {
			if check(name, whole[:n]) {
				t.Errorf("%s: cut to %d of %d bytes it parses", name, n, len(whole))
			}
		}
		if twice := (&row{next: 10, versions: []version{{3, []byte("v")}, {3, []byte("w")}}}).encode(); check("twice", twice) {
			t.Errorf("%x has two versions from the same time, and parses", twice)
		}
		if check(name, append(slices.Clone(whole), 0)) {
			t.Errorf("%s: with a byte more it parses", name)
		}
		for range 20_000 {
			b := slices.Clone(whole)
			for range 1 + random.IntN(3) {
				b[random.IntN(len(b))] = byte(random.Uint32()) >> random.IntN(8)
			}
			check(name, b)
		}
	}
	for range 100_000 {
		b := make([]byte, random.IntN(80))
		for i := range b {
			if random.IntN(3) == 0 {
				b[i] = byte(random.Uint32())
			}
		}
		check("random", b)
	}
}

func FuzzRow(f *testing.F) {
	for _, r := range sampleRows() {
		f.Add(r.encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var r row
		if r.parse(b) == nil && !bytes.Equal(r.encode(), b) {
			t.Errorf("%x parses as %v", b, r)
		}
	})
}

// A directory that Kafka Streams was killed over, between two rows of one put, has
// the older row end later than the newer one begins.
func TestRowCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOfNDistinct(rapid.Int64Range(0, 30), 2, 8, rapid.ID).Draw(t, "times")
		slices.Sort(times)
		slices.Reverse(times)
		r := row{next: times[0]}
		for _, from := range times[1:] {
			r.versions = append(r.versions, version{from, []byte("v")})
		}
		from := rapid.Int64Range(0, 40).Draw(t, "from")
		r.pushNewest(version{from, []byte("new")}, 50)
		if r.next != 50 || r.versions[0].from != from {
			t.Fatalf("the newest is %v", r)
		}
		var again row
		if err := again.parse(r.encode()); err != nil {
			t.Fatal(err)
		}
	})
}

// Every place where such a row can be cut.
func TestRowIsCut(t *testing.T) {
	for from, want := range []string{
		2: "60: 2", 3: "60: 3", 4: "60: 4 3", 5: "60: 5 3", 6: "60: 6 5 3", 7: "60: 7 5 3", 8: "60: 8 5 3", 9: "60: 9 8- 5 3",
	} {
		if want == "" {
			continue
		}
		r := row{next: 8, versions: []version{{5, []byte("w")}, {3, []byte("v")}}}
		r.pushNewest(version{int64(from), []byte("new")}, 60)
		got := fmt.Sprintf("%d:", r.next)
		for _, v := range r.versions {
			got += fmt.Sprintf(" %d", v.from)
			if v.value == nil {
				got += "-"
			}
		}
		if got != want {
			t.Errorf("with a version from %d on the row is %s, want %s", from, got, want)
		}
	}
}

// What is said of a row that is none has its numbers right.
func TestRowErrors(t *testing.T) {
	whole := (&row{next: 10, versions: []version{{3, []byte("value")}}}).encode()
	changed := func(at int, to byte) []byte {
		b := bytes.Clone(whole)
		b[at] = to
		return b
	}
	twice := row{next: 12, versions: []version{{from: 12}, {3, []byte("v")}}}
	notNull := row{next: 10, versions: []version{{10, []byte{}}}} // a row like that of a tombstone that is alone
	for want, b := range map[string][]byte{
		"has a segment row with a version from 12, want one from 3 on that is before 12":                              twice.encode(),
		"has a segment row with a version from 10, want one from 10 on that is before 10":                             notNull.encode(),
		"has a segment row of 27 bytes, want at least 28":                                                             whole[:27],
		"has a segment row from 3 to 2, want 0 <= from <= to":                                                         changed(7, 2),
		"has a segment row with a version from 2, want one from 3 on that is before 10":                               changed(23, 2),
		"has a segment row with a version from 10, want one from 3 on that is before 10":                              changed(23, 10),
		"has a segment row with a value of 6 bytes, want -1 for a tombstone, or up to the 5 that are left":            changed(27, 6),
		"has a segment row with 1 bytes that belong to no version, want 0":                                            changed(27, 4),
		"has a segment row whose list of versions runs into its values at byte 28 of 33, want it to end with the one": changed(23, 4),
	} {
		var r row
		if err := r.parse(b); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}

func TestBadStores(t *testing.T) {
	good := (&row{next: 10, versions: []version{{3, []byte("v")}}}).encode()
	for name, c := range map[string]struct {
		key, row []byte
		want     string
	}{
		"plain store":          {[]byte("user"), []byte("value"), "want 8 bytes of segment number"},
		"plain, longer keys":   {[]byte("user-00001"), []byte("value"), "want at least 28"},
		"latest too short":     {appendKey(nil, latestValues, []byte("k")), make([]byte, 7), "want 8 bytes of timestamp"},
		"latest before 0":      {appendKey(nil, latestValues, []byte("k")), bytes.Repeat([]byte{0xff}, 8), "want 0 or later"},
		"stream time":          {appendKey(nil, streamTime, nil), make([]byte, 7), "want 8 bytes from 0 on"},
		"unknown segment":      {appendKey(nil, -3, []byte("k")), good, "want one from 0 on"},
		"other segment length": {appendKey(nil, 5, []byte("k")), good, "want segment 5"},
	} {
		t.Run(name, func(t *testing.T) {
			rows := memory.New()
			defer rows.Close()
			b := &stores.Batch{}
			b.Append(c.key, c.row, 0, 0)
			if err := rows.Apply(b); err != nil {
				t.Fatal(err)
			}
			_, err := Open(one{rows}, "votes", Options{History: 10_000}, nil)
			for _, want := range []string{"votes", c.want, tohex(c.key)} {
				if !errors.Is(err, stores.ErrLayout) || !strings.Contains(err.Error(), want) {
					t.Errorf("error is %v, want one with %q", err, want)
				}
			}
		})
	}
}

// A row that is bad behind the ones that opening looks at fails every read of it, and
// the write that would change it, which then changes nothing.
func TestBadRow(t *testing.T) {
	rows := memory.New()
	s, err := Open(one{rows}, "votes", Options{History: 10_000}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, time := range []int64{1, 5} {
		if _, err := s.Put([]byte("k"), []byte("v"), time); err != nil {
			t.Fatal(err)
		}
	}
	b := &stores.Batch{}
	b.Append(appendKey(nil, 0, []byte("k")), make([]byte, 30), 0, 0)
	if err := rows.Apply(b); err != nil {
		t.Fatal(err)
	}
	before := dump(t, rows)
	_, asOf := s.AsOf([]byte("k"), 2)
	_, history := s.History([]byte("k"), 0, 9, false)
	_, get := s.Get(append([]byte("k"), make([]byte, format.TimestampBytes)...))
	_, put := s.Put([]byte("k"), []byte("w"), 700)
	it := s.Range(nil, nil)
	for it.Next() {
		t.Error("an iterator shows a bad row")
	}
	for _, err := range []error{asOf, history, get, put, it.Err()} {
		if !errors.Is(err, stores.ErrLayout) || !strings.Contains(err.Error(), "votes") || !strings.Contains(err.Error(), "00000000000000006b") {
			t.Errorf("error is %v", err)
		}
	}
	it.Close()
	if after := dump(t, rows); after != before || s.StreamTime() != 5 {
		t.Errorf("the failed write left\n%s\nwant\n%s", after, before)
	}
}

// one is a space with one byte store.
type one struct{ stores.Store }

func (o one) Open(string) (stores.Store, error) { return keep(o), nil }
func (one) Names() ([]string, error)            { return nil, nil }
func (one) Remove(string) error                 { return nil }

// keep is not closed with the store above it.
type keep struct{ stores.Store }

func (keep) Close() error { return nil }
