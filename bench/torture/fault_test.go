package torture

import (
	"bytes"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"restorebench/harness/record"
	"restorebench/harness/spec"
)

func TestDamage(t *testing.T) {
	before := bytes.Repeat([]byte("0123456789"), 10)
	for _, fault := range fileFaults {
		t.Run(fault, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a", "000007.sst")
			if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, before, 0o600)); err != nil {
				t.Fatal(err)
			}
			w, err := damage(rand.New(rand.NewPCG(1, 2)), fault, dir)
			if err != nil || w.name != filepath.Join("a", "000007.sst") || w.typ != TypeSST || w.proof == "" {
				t.Fatalf("%+v, %v", w, err)
			}
			after, err := os.ReadFile(path)
			if missing := errors.Is(err, os.ErrNotExist); missing != (fault == FaultMissing) {
				t.Fatal(err)
			}
			flipped := 0
			for i := range after {
				flipped += bits.OnesCount8(after[i] ^ before[i])
			}
			if want := map[string]int{FaultFlipped: 1}[fault]; flipped != want {
				t.Errorf("%d bits are others, want %d", flipped, want)
			}
			if whole := len(after) == len(before); whole != (fault == FaultFlipped) || fault == FaultEmptied && len(after) > 0 {
				t.Errorf("%d bytes are left", len(after))
			}
		})
	}
}

// A type of which there is one file is struck as often as one with many, and what nothing depends on is not.
func TestEveryTypeIsDamaged(t *testing.T) {
	rng, struck := rand.New(rand.NewPCG(1, 2)), map[string]int{}
	const rounds = 700
	for range rounds {
		dir := t.TempDir()
		for i := range 20 {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%06d.sst", i)), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"CURRENT", "MANIFEST-000005", "OPTIONS-000007", "IDENTITY", "000021.log", ".changelog-store", "LOG", "LOG.old.1"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		w, err := damage(rng, FaultMissing, dir)
		if err != nil {
			t.Fatal(err)
		}
		struck[w.typ]++
	}
	want := []string{TypeCurrent, TypeIdentity, TypeManifest, TypeOptions, TypeSST, TypeWAL, TypeSource}
	slices.Sort(want)
	if got := types(struck); !slices.Equal(got, want) {
		t.Fatalf("struck are %v, want %v", got, want)
	}
	for typ, n := range struck {
		if n < rounds/len(want)/2 {
			t.Errorf("%s was struck %d times of %d", typ, n, rounds)
		}
	}
}

func TestNothingToDamage(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if w, err := damage(rand.New(rand.NewPCG(1, 2)), FaultFlipped, dir); w != (wound{}) || err != nil {
			t.Errorf("%+v, %v", w, err)
		}
	}
}

func TestFaultsNeedFiles(t *testing.T) {
	for _, c := range faulty(cells, FaultMissing) {
		if c.Recovery == record.Replay {
			t.Errorf("%s has no files that count", c.Name)
		}
	}
	if n := len(faulty(cells, "")); n != len(cells) {
		t.Errorf("%d cells without a fault, want %d", n, len(cells))
	}
	var bad *spec.Error
	if err := checkFault("rust"); !errors.As(err, &bad) {
		t.Error(err)
	}
}
