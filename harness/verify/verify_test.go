package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

func digestOf(entries ...[2]string) *Digest {
	d := &Digest{}
	for _, e := range entries {
		d.Add([]byte(e[0]), []byte(e[1]))
	}
	return d
}

// The definition, computed another way: with big integers, without buckets.
func TestDigestIsASumModulo2To256(t *testing.T) {
	want := new(big.Int)
	d := &Digest{}
	var size int64
	for i := range 1000 {
		k, v := fmt.Sprintf("key-%d", i), fmt.Sprintf("v%d", i*i)
		size += int64(len(k) + len(v))
		d.Add([]byte(k), []byte(v))
		h := sha256.Sum256([]byte("\x00\x00\x00" + string(rune(len(k))) + k + "\x00\x00\x00" + string(rune(len(v))) + v))
		want.Add(want, new(big.Int).SetBytes(h[:]))
	}
	want.Mod(want, new(big.Int).Lsh(big.NewInt(1), 256))
	if got := d.String(); got != fmt.Sprintf("%064x", want) {
		t.Errorf("%s, want %064x", got, want)
	}
	if d.Count != 1000 || d.Bytes != size {
		t.Errorf("%d entries of %d bytes, want 1000 of %d", d.Count, d.Bytes, size)
	}
}

func TestDigestTellsStatesApart(t *testing.T) {
	base := digestOf([2]string{"a", "1"}, [2]string{"b", "2"})
	if o := digestOf([2]string{"b", "2"}, [2]string{"a", "1"}); o.String() != base.String() {
		t.Error("the order of entries changes the digest")
	}
	for name, d := range map[string]*Digest{
		"other value":        digestOf([2]string{"a", "1"}, [2]string{"b", "3"}),
		"other key":          digestOf([2]string{"a", "1"}, [2]string{"c", "2"}),
		"values swapped":     digestOf([2]string{"a", "2"}, [2]string{"b", "1"}),
		"boundary moved":     digestOf([2]string{"a1", ""}, [2]string{"b", "2"}),
		"one missing":        digestOf([2]string{"a", "1"}),
		"a pair of extras":   digestOf([2]string{"a", "1"}, [2]string{"b", "2"}, [2]string{"x", "9"}, [2]string{"x", "9"}),
		"nothing":            {},
		"an empty entry too": digestOf([2]string{"a", "1"}, [2]string{"b", "2"}, [2]string{"", ""}),
	} {
		if d.String() == base.String() {
			t.Errorf("%s: same digest", name)
		}
	}
}

func sum256(text string) []byte {
	h := sha256.Sum256([]byte(text))
	return h[:]
}

func TestDifferingCountsBuckets(t *testing.T) {
	a := digestOf([2]string{"a", "1"}, [2]string{"b", "2"}, [2]string{"c", "3"})
	b := digestOf([2]string{"a", "1"}, [2]string{"b", "X"}, [2]string{"c", "3"})
	if n, err := a.Differing(b.Sums()); n != 1 || err != nil {
		t.Errorf("%d buckets differ (%v), want 1", n, err)
	}
	if n, err := a.Differing((&Digest{}).Sums()); n != 3 || err != nil {
		t.Errorf("%d buckets differ from none (%v), want 3", n, err)
	}
	// The low 12 bits of FNV-1a of "a", 0xaf63dc4c8601ec8c.
	if one := digestOf([2]string{"a", "1"}); !bytes.Equal(one.Sums()[0xc8c*32:][:32], sum256("\x00\x00\x00\x01a\x00\x00\x00\x011")) {
		t.Error("the bucket of a key is another one")
	}
	if n, err := a.Differing(a.Sums()); n != 0 || err != nil {
		t.Errorf("%d buckets differ from themselves (%v)", n, err)
	}
	if n, err := a.Differing([]byte("short")); n != 0 || err == nil {
		t.Error("malformed sums were compared")
	}
}

func TestCombineIsTheDigestOfTheUnion(t *testing.T) {
	a, b := digestOf([2]string{"a", "1"}), digestOf([2]string{"b", "2"})
	union := digestOf([2]string{"a", "1"}, [2]string{"b", "2"})
	if got := Combine(a, b); got != union.String() {
		t.Errorf("%s, want %s", got, union)
	}
	if got := CombineFound([]Found{{Digest: a.String()}, {Digest: b.String()}}); got != union.String() {
		t.Errorf("%s, want %s", got, union)
	}
	for _, digest := range []string{"", "nonsense", "00", strings.Repeat("x", 64), strings.Repeat("0", 66)} {
		if got := CombineFound([]Found{{Digest: a.String()}, {Digest: digest}}); got != "" {
			t.Errorf("with the malformed digest %q: %q", digest, got)
		}
	}
}

func TestState(t *testing.T) {
	digest := digestOf([2]string{"a", "1"}, [2]string{"b", "2"})
	good := Found{Count: digest.Count, Bytes: digest.Bytes, Digest: digest.String()}
	if v, why := State(0, digest, good); v != OK || why != "" {
		t.Error(v, why)
	}
	other := digestOf([2]string{"a", "1"}, [2]string{"b", "3"})
	for want, f := range map[string]Found{
		"0 entries restored, want 2":                          {},
		"1 entries restored, want 2":                          {Count: 1, Bytes: good.Bytes, Digest: good.Digest},
		"5 bytes restored, want 4":                            {Count: 2, Bytes: 5, Digest: good.Digest},
		"some of 4096 key-hash buckets differ in their bytes": {Count: 2, Bytes: 4, Digest: hex.EncodeToString(make([]byte, 32))},
		"1 of 4096 key-hash buckets differ in their bytes":    {Count: 2, Bytes: 4, Digest: other.String(), Sums: other.Sums()},
		"bucket sums have 1 bytes, want 131072":               {Count: 2, Bytes: 4, Digest: other.String(), Sums: []byte{1}},
	} {
		if v, why := State(3, digest, f); v != Mismatch || why != "partition 3: "+want {
			t.Errorf("%v %q, want %q", v, why, want)
		}
	}
	// An empty store is only right when nothing is wanted.
	if v, _ := State(0, &Digest{}, Found{Digest: (&Digest{}).String()}); v != OK {
		t.Error("an empty store that ought to be empty")
	}
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		want, got []byte
		why       string // "" is OK
	}{
		{[]byte("1"), []byte("1"), ""},
		{nil, nil, ""},
		{[]byte{}, []byte{}, ""},
		{[]byte{}, nil, "absent, want 0 bytes "},
		{nil, []byte{}, "0 bytes , want absent"},
		{[]byte("1"), []byte("2"), "1 bytes 32, want 1 bytes 31"},
		{nil, []byte("back from the dead"), "18 bytes 6261636b2066726f6d20746865206465, want absent"},
		{[]byte("1"), nil, "absent, want 1 bytes 31"},
	} {
		v, why := Read([]byte("k"), c.want, c.got)
		if c.why == "" && (v != OK || why != "") || c.why != "" && (v != Mismatch || why != "get of key 6b: "+c.why) {
			t.Errorf("want %q, got %q: %v %q", c.want, c.got, v, why)
		}
	}
}

func TestZeroVerdictIsAFailure(t *testing.T) {
	var v Verdict
	if v == OK || v.String() != "not run" {
		t.Errorf("the zero verdict is %v", v)
	}
}

func BenchmarkAdd(b *testing.B) {
	d := &Digest{}
	k, v := make([]byte, 16), make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		k[0]++
		d.Add(k, v)
	}
}
