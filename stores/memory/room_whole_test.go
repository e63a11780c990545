// Of one goroutine, and long: make test runs it without the race detector.

//go:build !race

package memory

import "testing"

// The sizes are those right before and right after the index doubles, and one in
// between.
func TestMemoryPerRecord(t *testing.T) {
	const payload = 16 + 100
	for _, records := range []int{786_432, 786_433, 1_000_000} {
		s := New()
		restore(t, s, 0, records, 100)
		stats := s.Stats()
		ratio := float64(stats.Mapped) / float64(records*payload)
		t.Logf("%d records: %.1f bytes each, %.2f of the payload", records, float64(stats.Mapped)/float64(records), ratio)
		if stats.Records != records || ratio > 1.3 {
			t.Errorf("%d records take %+v, %.2f times their payload", records, stats, ratio)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if left := s.Stats(); left != (Stats{}) {
			t.Errorf("after Close: %+v", left)
		}
	}
}

func TestRoomIsGivenBack(t *testing.T) {
	const n = 200_000
	s := New()
	defer s.Close()
	restore(t, s, 0, n, 100)
	first := s.Stats()
	for round := range 10 { // every record changes its size each time
		restore(t, s, 0, n, 90+round%2*20)
	}
	if stats := s.Stats(); float64(stats.Mapped) > 1.6*float64(first.Mapped)+4*slabBytes {
		t.Errorf("overwriting in other sizes: %+v, at first %+v", stats, first)
	}
	restore(t, s, 0, n, 1000)
	restore(t, s, 0, n, 100)
	if stats := s.Stats(); float64(stats.Mapped) > 1.6*float64(first.Mapped)+4*slabBytes {
		t.Errorf("once large, small again: %+v, at first %+v", stats, first)
	}
	restore(t, s, 10, n, -1)
	if stats := s.Stats(); stats.Records != 10 || stats.Mapped > 3*slabBytes {
		t.Errorf("all but ten deleted: %+v", stats)
	}
	restore(t, s, 0, n, 100)
	if stats := s.Stats(); stats.Records != n || stats.Live != first.Live {
		t.Errorf("written again: %+v, at first %+v", stats, first)
	}
}
