package torture

import (
	"errors"
	"strings"
	"testing"
	"time"

	"restorebench/stores"
)

// logged is a history of what a changelog holds: the numbers of its records, in order.
func logged(t *testing.T, numbers ...int64) (*history, error) {
	t.Helper()
	h := &history{traffic: traffic{1, DefaultKeys}}
	var b stores.Batch
	for _, n := range numbers {
		h.traffic.append(&b, n)
		b.Entries[b.Len()-1].Offset = int64(2 * b.Len()) // there are holes
	}
	for i := range b.Len() {
		if err := h.add(&b, i); err != nil {
			return h, err
		}
	}
	return h, nil
}

func TestHistoryIsATranscript(t *testing.T) {
	h, err := logged(t, 0, 1, 2, 1, 2, 3, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if h.newest != 4 {
		t.Errorf("newest %d, want 4", h.newest)
	}
	all, n := h.writes(6)
	if len(all) != 8 || n != 2 {
		t.Errorf("%d writes, %d before the offset, want 8 and 2", len(all), n)
	}
	if key, value := h.traffic.record(3); !same(all[5].key, key) || !same(all[5].value, value) {
		t.Error("the sixth write is not record 3")
	}
	if got := len(h.inputs()); got != 4 {
		t.Errorf("%d inputs, want 4", got)
	}
}

func TestHistoryRefusesGaps(t *testing.T) {
	for _, numbers := range [][]int64{{1}, {0, 2}, {0, 1, 0, 3}, {-1}} {
		if _, err := logged(t, numbers...); !errors.Is(err, errTranscript) {
			t.Errorf("%v: %v", numbers, err)
		}
	}
}

func TestExactlyOnceRefusesRepetitions(t *testing.T) {
	h := &history{traffic: traffic{1, DefaultKeys}, exactly: true}
	var b stores.Batch
	for _, n := range []int64{0, 1, 1} {
		h.traffic.append(&b, n)
	}
	for i := range 2 {
		if err := h.add(&b, i); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.add(&b, 2); !errors.Is(err, errTranscript) {
		t.Error(err)
	}
}

func TestHistoryRefusesOtherBytes(t *testing.T) {
	h := &history{traffic: traffic{1, DefaultKeys}}
	var b stores.Batch
	traffic{2, DefaultKeys}.append(&b, 0)
	if err := h.add(&b, 0); !errors.Is(err, errTranscript) {
		t.Error(err)
	}
}

func TestTrafficHasAllKindsOfRecords(t *testing.T) {
	a := traffic{5, DefaultKeys}
	seen, kinds := map[string]bool{}, map[string]int{}
	for i := range int64(5000) {
		key, value := a.record(i)
		again, same2 := a.record(i)
		if !same(key, again) || !same(value, same2) {
			t.Fatalf("record %d is not always the same", i)
		}
		switch {
		case value == nil && seen[string(key)]:
			kinds["delete"]++
		case value == nil:
			kinds["delete of nothing"]++
		case len(value) == 0:
			kinds["empty"]++
		case seen[string(key)]:
			kinds["overwrite"]++
		default:
			kinds["put"]++
		}
		seen[string(key)] = value != nil
		if numberOf(timestamp(i)) != i {
			t.Fatalf("the timestamp of record %d is of another", i)
		}
	}
	if len(kinds) != 5 {
		t.Errorf("%v, want five kinds", kinds)
	}
}

// A broker that is gone for good ends what the harness itself reads, with a word of what that was.
func TestReadsEnd(t *testing.T) {
	o := &Options{Brokers: "127.0.0.1:1", Stall: 300 * time.Millisecond}
	g := &ground{log: "log", history: newHistory(traffic{1, DefaultKeys}, o, "log", false)}
	g.history.next = 3
	for what, read := range map[string]func() error{
		"history": func() error { return g.history.readTo(t.Context(), 10) },
		"left": func() error {
			_, _, err := g.left(t.Context(), o, 3, 10)
			return err
		},
	} {
		ended := make(chan error, 1)
		go func() { ended <- read() }()
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(err.Error(), " of log: nothing came from partition 0 at offset 3, of offsets 3 to 10, for 300ms") {
				t.Errorf("%s: %v", what, err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s: it is not over after 10 s", what)
		}
	}
}
