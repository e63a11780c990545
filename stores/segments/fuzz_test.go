package segments_test

import (
	"errors"
	"testing"

	"restorebench/stores"
	"restorebench/stores/segments"
)

// A store opens with a segment of any name, or says that it is no segment of its own; what it
// opens it can write to.
func FuzzSegmentName(f *testing.F) {
	for _, name := range []string{"s.0", "s.60000", "s.9223372036854720000", "s.-60000", "s.060000", "s", ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		space := newLossySpace()
		space.files[name] = &lossyFile{}
		s, err := segments.Open(space, options(false))
		if err != nil {
			if !errors.Is(err, stores.ErrLayout) {
				t.Errorf("%q: %v", name, err)
			}
			return
		}
		if err := errors.Join(s.Apply(batchAt(0, 120_000, "a", "v")), s.Flush()); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if v, err := s.Get(at(120_000, "a")); string(v) != "v" || err != nil {
			t.Errorf("%q: %q, %v", name, v, err)
		}
	})
}
