package processor

import (
	"path/filepath"
	"testing"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/restore"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/stores"
	"restorebench/stores/memory"
)

// shortened is a changelog that has lost its end.
type shortened struct{ changelog.Reader }

func (shortened) EndOffsets(int32, time.Duration) (begin, end stores.Offset, err error) {
	return 0, 8, nil
}
func (shortened) KeepsTombstones(time.Duration) (int64, error) { return changelog.Forever, nil }

// A store that became durable beyond its checkpoint may have what the changelog does not: that is as stale as if the checkpoint were there.
func TestStoreBeyondTheChangelog(t *testing.T) {
	for stands, wiped := range map[stores.Offset]bool{8: false, 9: true} {
		f := &fixture{state: t.TempDir()}
		if err := subject.Mark(f.state); err != nil {
			t.Fatal(err)
		}
		p, s := f.processor(t), memory.New()
		t.Cleanup(func() { _ = s.Close() })
		if err := s.Apply(&stores.Batch{Next: stands}); err != nil {
			t.Fatal(err)
		}
		part := &partition{
			task: subject.Store{Name: "store", Topic: "topic", Store: spec.StoreMemory}, dir: filepath.Join(f.state, "0_0"), store: s, reader: shortened{},
			checkpoint: 5, checkpointed: true,
		}
		r, err := p.plan(part)
		if err != nil {
			t.Fatal(err)
		}
		want := restore.Range{From: 5, To: 8}
		if wiped {
			want.From = 0
		}
		if r != want || (part.begun.path == subject.PathWiped) != wiped {
			t.Errorf("the store stands at %d, the changelog ends at 8: %+v, %+v", stands, r, part.begun)
		}
	}
}
