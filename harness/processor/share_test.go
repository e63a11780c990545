package processor

import (
	"testing"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// A process that shares the partitions notes of what it has gained, once, how old the files are and how long tombstones are kept; of
// what it has lost meanwhile, not how old they are.
func TestWhatIsGainedIsDated(t *testing.T) {
	f := &fixture{state: t.TempDir()}
	p := f.processor(t)
	p.task.Config.Standby = true // which leaves the files when partitions are lost
	reader := &asked{kept: 5000}
	was := origin{changelog.Identity{ID: "id", Partitions: 3}, 1 << 40, 7, unknown}
	for id := range int32(3) {
		part := &partition{id: id, task: subject.Store{Name: "store", Topic: "topic", Store: spec.StoreRocks}, reader: reader, origin: was}
		part.setRestored(time.UnixMilli(was.at+1<<30), 9)
		p.parts = append(p.parts, part)
	}
	s := &sharing{processor: p, owned: map[int32]bool{0: true, 1: true}, served: map[int32]bool{0: true}, gained: []int32{0, 1}}
	if err := s.ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.later.Wait()
	if reader.times != 0 {
		t.Errorf("asked %d times before all of it is restored", reader.times)
	}
	s.served[1] = true
	for range 2 {
		if err := s.ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.later.Wait()
	}
	if reader.times != 2 {
		t.Errorf("asked %d times, want one for each partition", reader.times)
	}
	if _, err := s.lose([]int32{2}); err != nil {
		t.Fatal(err)
	}
	p.dateLater(t.Context(), p.parts[2:])
	p.later.Wait()
	ready, lost := origin{was.Identity, was.at + 1<<30, 9, 5000}, origin{was.Identity, was.at, 7, 5000}
	for i, want := range []origin{ready, ready, lost} {
		if o, ok, err := p.sourceOf(p.parts[i]).read(); o != want || !ok || err != nil {
			t.Errorf("partition %d: %+v, %v, %v, want %+v", i, o, ok, err, want)
		}
	}
}
