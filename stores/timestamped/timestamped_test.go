package timestamped

import (
	"testing"

	"restorebench/stores"
	"restorebench/stores/memory"
)

// A batch is converted alone: with those before it, which come out the same, each would take longer than the last one.
func TestBatchesAreConvertedAlone(t *testing.T) {
	r := New("store", memory.New())
	defer r.Close()
	for offset := range stores.Offset(3) {
		b := &stores.Batch{}
		b.Append([]byte{byte(offset)}, []byte("value"), 0, offset)
		if err := r.Apply(b); err != nil {
			t.Fatal(err)
		}
		if r.batch.Len() != 1 || r.batch.Next != offset+1 {
			t.Errorf("batch %d is %d records up to offset %d, want 1 up to %d", offset, r.batch.Len(), r.batch.Next, offset+1)
		}
	}
}
