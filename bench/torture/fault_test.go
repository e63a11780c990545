package torture

import (
	"bytes"
	"errors"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"restorebench/harness/record"
	"restorebench/harness/spec"
)

func TestDamage(t *testing.T) {
	before := bytes.Repeat([]byte("0123456789"), 10)
	for _, fault := range fileFaults {
		t.Run(fault, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a", "file")
			if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, before, 0o600)); err != nil {
				t.Fatal(err)
			}
			name, err := damage(rand.New(rand.NewPCG(1, 2)), fault, dir)
			if err != nil || name != filepath.Join("a", "file") {
				t.Fatalf("%q, %v", name, err)
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

func TestNothingToDamage(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if name, err := damage(rand.New(rand.NewPCG(1, 2)), FaultFlipped, dir); name != "" || err != nil {
			t.Errorf("%q, %v", name, err)
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
