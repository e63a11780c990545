package processor

import (
	"math"
	"testing"

	"golang.org/x/sys/unix"

	"restorebench/harness/subject"
	"restorebench/harness/topology"
	"restorebench/stores"
	"restorebench/stores/cache"
)

// What a batch has no room for between two commits ends the processor before anything is sent: the changelog would lack it. Nothing of
// the 4 GiB is touched here.
func TestTooMuchBetweenCommits(t *testing.T) {
	room, err := unix.Mmap(-1, 0, math.MaxUint32, unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(room) }()
	full := stores.Batch{Arena: room[:math.MaxUint32-5]}
	key, value := []byte("k"), []byte("value")
	judge := func(err error, want string) {
		t.Helper()
		if want += ", want fewer records than 7"; err == nil || err.Error() != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, cacheBytes := range []int64{0, 1 << 20} { // a cache writes within the commit
		p := &processor{task: &subject.Task{Config: subject.Config{Stream: &subject.Stream{CommitRecords: 7}}}}
		part := &partition{task: subject.Store{Name: "rows", Store: "memory"}, logged: full}
		if err := p.openStore(part); err != nil {
			t.Fatal(err)
		}
		p.parts = append(p.parts, part)
		s := &streaming{processor: p, task: p.task.Config.Stream, caches: &caches{}, pending: 1}
		if cacheBytes > 0 {
			s.caches.budget = cache.NewBudget(cacheBytes)
		}
		rows, err := s.caches.keyValue(part.store, behind{changed: func(cache.Change) error { return nil }})
		if err == nil {
			_, err = rows.Put(key, value, 1)
		}
		if err != nil {
			t.Fatal(err)
		}
		judge(s.commit(t.Context()), "store rows: more than 4 GiB are written between two commits")
		if err := p.close(); err != nil {
			t.Error(err)
		}
	}

	s := &streaming{task: &subject.Stream{CommitRecords: 7}, emitted: full}
	judge(s.emit(topology.Record{Key: key, Value: value}), "more than 4 GiB are emitted between two commits")

	b, taken := &stores.Batch{}, full
	b.Append(key, value, 1, 0)
	f := &feeding{task: &subject.Feed{CommitRecords: 7}, taken: &taken}
	judge(f.process(t.Context(), b, 0), "more than 4 GiB are written between two commits")
}
