package doctor

import (
	"testing"

	"restorebench/harness/record"
)

// What does not fit is told with the three sizes, what does is not.
func TestRoom(t *testing.T) {
	if got := room("memory", 5*gib, 5*gib, 8*gib); got != nil {
		t.Errorf("it fits: %+v", got)
	}
	got := room("memory", 6*gib, 5*gib, 8*gib)
	if len(got) != 1 || got[0].Level != record.LevelSpoils || got[0].Value != "6.0 GiB of keys and values, 5.0 GiB of 8.0 GiB are free" {
		t.Errorf("%+v", got)
	}
	if short := Room(t.Context(), t.TempDir(), 1, 1); len(short) > 0 {
		t.Errorf("a byte does not fit: %+v", short)
	}
	if short := Room(t.Context(), t.TempDir(), 1<<60, 1<<60); len(short) != 2 {
		t.Errorf("an exabyte fits: %+v", short)
	}
}
