// Of one goroutine, and long: make test runs it without the race detector.

//go:build !race

package memory_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"restorebench/stores"
	"restorebench/stores/memory"
)

// small is a directory with the snapshot of a few records, and what it holds: its offset
// and records in order. Only the offset has moved since it was written, so there are two
// marks, and what it held by the older one is right too: a kill while the newer one is
// written leaves no more.
func small(t *testing.T) (dir, path, want, older string) {
	t.Helper()
	dir = t.TempDir()
	s := openIn(t, dir)
	b := &stores.Batch{}
	for i := range 10 {
		b.Append(fmt.Append(nil, "key-", i), fmt.Append(nil, "value-", i), 0, stores.Offset(i))
	}
	b.Append([]byte("key-3"), nil, 0, 10)
	must(t, errors.Join(s.Apply(b), s.Flush()))
	older = everything(t, s)
	must(t, errors.Join(s.Apply(&stores.Batch{Next: 20}), s.Flush())) // a second mark
	want = everything(t, s)
	must(t, s.Close())
	return dir, filepath.Join(dir, "snapshot"), want, older
}

func everything(t *testing.T, s stores.Store) string {
	t.Helper()
	next, ok := s.Offset()
	all := fmt.Sprint(next, ok)
	it := s.Range(nil, nil)
	for it.Next() {
		all += fmt.Sprintf(" %q=%q", it.Key(), it.Value())
	}
	must(t, errors.Join(it.Err(), it.Close()))
	return all
}

// outcome is what became of a damaged snapshot.
type outcome int

const (
	refused outcome = iota
	same
	fellBack // to the older mark
)

// judge opens a damaged snapshot: it must be refused, or hold what it did.
func judge(t *testing.T, dir, want, older, damage string) outcome {
	t.Helper()
	s, err := memory.NewSpaceIn(dir, options).Open("")
	if err != nil {
		if !errors.Is(err, stores.ErrCorrupt) {
			t.Errorf("%s: %v, which is not stores.ErrCorrupt", damage, err)
		}
		return refused
	}
	got := everything(t, s)
	must(t, s.Close())
	switch got {
	case want:
		return same
	case older:
		return fellBack
	}
	t.Fatalf("%s: taken for %s, want %s", damage, got, want)
	return same
}

// No single bit that is wrong makes a snapshot another one.
func TestEveryBitFlip(t *testing.T) {
	dir, path, want, older := small(t)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	whole, err := os.ReadFile(path)
	must(t, err)
	var found [3]int
	for at, b := range whole {
		for bit := range 8 {
			if testing.Short() && bit != at%8 {
				continue
			}
			_, err := f.WriteAt([]byte{b ^ 1<<bit}, int64(at))
			must(t, err)
			o := judge(t, dir, want, older, fmt.Sprintf("byte %d, bit %d", at, bit))
			if found[o]++; o == fellBack && at >= 64 {
				t.Fatalf("byte %d, bit %d: not in the newer mark, which was not taken", at, bit)
			}
		}
		_, err := f.WriteAt([]byte{b}, int64(at))
		must(t, err)
	}
	t.Logf("flipped bits: %d refused, %d where nothing is, %d in the newer mark", found[refused], found[same], found[fellBack])
	if tried := found[refused] + found[same] + found[fellBack]; tried*64 != len(whole)*found[fellBack] {
		t.Errorf("only %d of %d were tried", tried, 8*len(whole))
	}
}

func TestEveryTruncation(t *testing.T) {
	dir, path, want, older := small(t)
	whole, err := os.ReadFile(path)
	must(t, err)
	for n := len(whole) - 1; n >= 0; n-- {
		must(t, os.Truncate(path, int64(n)))
		if judge(t, dir, want, older, fmt.Sprintf("cut to %d bytes", n)) != refused {
			t.Fatalf("cut to %d of %d bytes: not refused", n, len(whole))
		}
	}
	t.Logf("%d truncations were refused", len(whole))
}
