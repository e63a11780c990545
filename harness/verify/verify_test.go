package verify

import (
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
	for i := range 1000 {
		k, v := fmt.Sprintf("key-%d", i), fmt.Sprintf("v%d", i*i)
		d.Add([]byte(k), []byte(v))
		h := sha256.Sum256([]byte("\x00\x00\x00" + string(rune(len(k))) + k + "\x00\x00\x00" + string(rune(len(v))) + v))
		want.Add(want, new(big.Int).SetBytes(h[:]))
	}
	want.Mod(want, new(big.Int).Lsh(big.NewInt(1), 256))
	if got := d.String(); got != fmt.Sprintf("%064x", want) {
		t.Errorf("%s, want %064x", got, want)
	}
	if d.Count != 1000 {
		t.Error(d.Count)
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

func TestDifferingCountsBuckets(t *testing.T) {
	a := digestOf([2]string{"a", "1"}, [2]string{"b", "2"}, [2]string{"c", "3"})
	b := digestOf([2]string{"a", "1"}, [2]string{"b", "X"}, [2]string{"c", "3"})
	if n, err := a.Differing(b.Sums()); n != 1 || err != nil {
		t.Errorf("%d buckets differ (%v), want 1", n, err)
	}
	if n, err := a.Differing(a.Sums()); n != 0 || err != nil {
		t.Errorf("%d buckets differ from themselves (%v)", n, err)
	}
	if _, err := a.Differing([]byte("short")); err == nil {
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
	if got := CombineFound([]Found{{Digest: "nonsense"}}); got != "" {
		t.Errorf("a malformed digest combined to %q", got)
	}
}

func TestState(t *testing.T) {
	want := digestOf([2]string{"a", "1"}, [2]string{"b", "2"})
	good := Found{Count: want.Count, Bytes: want.Bytes, Digest: want.String()}
	if v, why := State(0, want, good); v != OK || why != "" {
		t.Error(v, why)
	}
	other := digestOf([2]string{"a", "1"}, [2]string{"b", "3"})
	for name, f := range map[string]Found{
		"nothing reported": {},
		"one too few":      {Count: 1, Bytes: good.Bytes, Digest: good.Digest},
		"bytes":            {Count: 2, Bytes: 5, Digest: good.Digest},
		"digest":           {Count: 2, Bytes: 4, Digest: hex.EncodeToString(make([]byte, 32))},
		"digest and sums":  {Count: 2, Bytes: 4, Digest: other.String(), Sums: other.Sums()},
		"malformed sums":   {Count: 2, Bytes: 4, Digest: other.String(), Sums: []byte{1}},
	} {
		v, why := State(3, want, f)
		if v != Mismatch || !strings.HasPrefix(why, "partition 3: ") {
			t.Errorf("%s: %v %q", name, v, why)
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
		verdict   Verdict
	}{
		{[]byte("1"), []byte("1"), OK},
		{nil, nil, OK},
		{[]byte{}, []byte{}, OK},
		{[]byte{}, nil, Mismatch},
		{nil, []byte{}, Mismatch},
		{[]byte("1"), []byte("2"), Mismatch},
		{nil, []byte("back from the dead"), Mismatch},
		{[]byte("1"), nil, Mismatch},
	} {
		if v, why := Read([]byte("k"), c.want, c.got); v != c.verdict || (v == OK) != (why == "") {
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
