package torture

import (
	"slices"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	c := counts{}
	for _, l := range []Line{
		{Cell: "rocksdb-wal", Kind: KindFlush, Verdict: VerdictOK},
		{Cell: "rocksdb-wal", Kind: KindFlush, Verdict: VerdictDamaged, Damage: Damage{Lost: 7, Resurrected: 3}},
		{Cell: "rocksdb-wal", Kind: KindRandom, Verdict: VerdictHung},
		{Cell: "memory-replay", Kind: KindAgain, Verdict: VerdictNotRun},
		{Cell: "memory-replay", Kind: KindRestore10, Verdict: VerdictFailed},
	} {
		c.add(&l)
	}
	var out strings.Builder
	Show(&out, c.rows(cells))
	want := `
cell                 kill in      tried  lost  resurrected  wrong  hung  failed
memory-replay        restore-10       1     0            0      0     0       1
memory-replay        again            1     0            0      0     0       1
rocksdb-wal          random           1     0            0      0     1       0
rocksdb-wal          flush            2     1            1      0     0       0
all                                   5     1            1      0     1       2
`
	if got := "\n" + out.String(); got != want {
		t.Errorf("got:%s\nwant:%s", got, want)
	}
}

// What no restore judged says nothing about sizes.
func TestSizes(t *testing.T) {
	var r restores
	if got := r.sum(); got != (Sizes{}) {
		t.Errorf("of nothing %+v", got)
	}
	for _, l := range []Line{
		{Path: "local", Entries: 500, From: 100, To: 130}, {Path: "empty", Entries: 560, From: 0, To: 900}, {Verdict: VerdictFailed, To: 7}, {Path: "local", Entries: 480},
	} {
		r.add(&l)
	}
	want := "stores of 560 keys at most; restores of 30 offsets of the changelog in the median, 900 at most"
	if got := r.sum(); got.String() != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// What is tried has a place in the table.
func TestEveryFaultHasARow(t *testing.T) {
	for _, fault := range Faults() {
		if !slices.Contains(order, fault) {
			t.Errorf("%s has none", fault)
		}
	}
}
