package trial

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"restorebench/harness/broker"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/internal/balloon"
)

// Kafka's real cleaner goes through the changelog: what is stale is gone, what is live comes back, and the holes are told.
func TestCompactedChangelog(t *testing.T) {
	r := runner(t)
	for _, store := range []string{spec.StoreMemory, spec.StoreRocks} {
		c := cell(store, record.Replay, 30_000)
		c.UpdatesPerKey, c.Compacted = 6, true
		rec := do(t, r, c)
		if !rec.Valid || rec.Restored.Offsets < 180_000 || rec.Restored.Records > 90_000 || rec.Restored.Records < 30_000 {
			t.Errorf("%s: %d records of %d offsets; %s", store, rec.Restored.Records, rec.Restored.Offsets, rec.Why)
		}
	}
	for _, recovery := range []string{record.Replay, record.LocalTail} { // from the first offset on, and from a later one
		rec := do(t, r, cell(spec.StoreMemory, recovery, 1000))
		if !rec.Valid || rec.Restored.Records == 0 || rec.Restored.Offsets != rec.Restored.Records {
			t.Errorf("not compacted, %s: %d records of %d offsets; %s", recovery, rec.Restored.Records, rec.Restored.Offsets, rec.Why)
		}
	}
}

// Dropping what is cached, of the processor's files and of the broker's, changes nothing but where it is read from.
func TestColdPageCache(t *testing.T) {
	r := runner(t)
	for recovery, state := range map[string]string{record.Replay: spec.CacheColdBroker, record.Local: spec.CacheColdClient, record.LocalTail: spec.CacheCold} {
		c := cell(spec.StoreRocks, recovery, 3000)
		c.PageCache = state
		rec := do(t, r, c)
		if local := r.Broker.Kind() == broker.Local; rec.Valid != (local || recovery == record.Local) {
			t.Errorf("%s on a %s broker: valid is %v: %s", recovery, r.Broker.Kind(), rec.Valid, rec.Why)
		} else if !rec.Valid && !strings.Contains(rec.Why, "--broker local") {
			t.Errorf("%s", rec.Why)
		}
	}
}

func TestPagesAreDropped(t *testing.T) {
	dir, err := os.MkdirTemp("..", "pages-") // the system's temporary directory may be in memory
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "f")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pages, in, err := resident(f, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if in != pages { // the kernel was short of memory: nothing is shown then
		t.Skipf("%d of %d pages are cached after writing", in, pages)
	}
	if err := dropPages(dir); err != nil {
		t.Fatal(err)
	}
	if pages, in, err := resident(f, 1<<20); err != nil || in > pages/10 {
		t.Errorf("%d of %d pages stayed: %v", in, pages, err)
	}
}

// Memory is got back from a host that takes it, in the amount that the record tells, and from no other.
func TestRefill(t *testing.T) {
	reports, err := balloon.Reports(os.DirFS("/"))
	if err != nil {
		t.Fatal(err)
	}
	a := &attempt{rec: &record.Record{Cell: record.Cell{Keys: 10, KeyBytes: 16, ValueBytes: 100}}}
	if err := a.refill(); err != nil || (a.rec.RefilledBytes > 0) != reports {
		t.Errorf("%d bytes, %v; the host takes memory: %v", a.rec.RefilledBytes, err, reports)
	}
}
