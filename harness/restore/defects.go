package restore

import (
	"slices"

	"restorebench/internal/defect"
	"restorebench/stores"
)

// spoil is where a seeded defect changes a batch that ends at to or before; without the
// build tag it does nothing.
func spoil(b *stores.Batch, to stores.Offset) {
	tombstone := func(e stores.Entry) bool { return e.ValueLen == stores.Tombstone }
	switch e := b.Entries; {
	case len(e) == 0:
	case defect.Is(defect.BatchSkipped):
		b.Entries = e[len(e)/2:]
	case defect.Is(defect.OneKeyOnly):
		b.Entries = e[:1]
	case defect.Is(defect.TombstoneDropped):
		if i := slices.IndexFunc(e, tombstone); i >= 0 {
			b.Entries = slices.Delete(e, i, i+1)
		}
	case defect.Is(defect.TombstonesDropped):
		b.Entries = slices.DeleteFunc(e, tombstone)
	case defect.Is(defect.StopsEarly):
		b.Entries = slices.DeleteFunc(e, func(e stores.Entry) bool { return e.Offset == int64(to)-1 })
	case defect.Is(defect.ByteFlipped):
		b.Arena[e[len(e)/2].ValuePos] ^= 1
	case defect.Is(defect.ValueTruncated):
		e[0].ValueLen--
	case defect.Is(defect.NullTakenForEmpty):
		for i := range e {
			e[i].ValueLen = max(e[i].ValueLen, 0)
		}
	case defect.Is(defect.TimestampOffByOne):
		e[0].Timestamp++
	}
}
