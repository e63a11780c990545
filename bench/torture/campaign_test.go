package torture

import (
	"slices"
	"strings"
	"testing"

	"restorebench/harness/subject"
)

// What was cut short while an empty store was made anew has lost nothing, also where there was one before; and what files were opened at, or
// RocksDB was restored to, stays in them.
func TestWhatCanBeLost(t *testing.T) {
	start := subject.Event{Event: subject.RestoreStart, From: 40, To: 90}
	end := subject.Event{Event: subject.RestoreStart, From: 90, To: 90}
	for _, c := range []struct {
		before bool
		path   string
		start  subject.Event
		want   bool
		during string
		saved  [2]int64 // in memory with snapshots, and in RocksDB; 50 before
	}{
		{false, "", subject.Event{}, false, duringStart, [2]int64{50, 50}},
		{false, subject.PathEmpty, start, true, duringRestore, [2]int64{0, 0}},
		{true, "", subject.Event{}, true, duringStart, [2]int64{50, 50}},
		{true, subject.PathLocal, subject.Event{}, true, duringStart, [2]int64{50, 50}},
		{true, subject.PathEmpty, subject.Event{}, false, duringStart, [2]int64{0, 0}},
		{true, subject.PathEmpty, start, true, duringTraffic, [2]int64{0, 90}},
		{true, subject.PathEmpty, end, true, duringTraffic, [2]int64{0, 0}}, // nothing was written
		{true, subject.PathWiped, start, true, duringIdle, [2]int64{0, 90}},
		{true, subject.PathLocal, start, true, duringRestore, [2]int64{50, 50}},
		{true, subject.PathLocal, start, true, duringIdle, [2]int64{50, 90}},
		{true, subject.PathLocal, end, true, duringRestore, [2]int64{90, 90}},
	} {
		for i, saved := range c.saved {
			g := &ground{opened: c.before, saved: 50}
			g.lived(&life{opened: subject.Event{Path: c.path}, start: c.start, during: c.during}, i == 1)
			if g.opened != c.want || g.saved != saved {
				t.Errorf("%+v, RocksDB %v: %v, %d", c, i == 1, g.opened, g.saved)
			}
		}
	}
}

// A mere kill costs nothing of what the files hold, and whoever finds them uses them.
func TestCost(t *testing.T) {
	from := func(offset int64) subject.Event {
		return subject.Event{Event: subject.RestoreStart, From: offset, To: 90}
	}
	for _, c := range []struct {
		fault, cell, path string
		start             subject.Event
		opened            bool
		saved             int64
		keys              int    // at open
		why               string // "": nothing
	}{
		{"", "rocksdb-wal", subject.PathLocal, from(50), true, 50, 0, ""},
		{"", "rocksdb-wal", subject.PathLocal, from(49), true, 50, 0, "the local files held the changelog up to offset 50, and the restore began at 49"},
		{"", "rocksdb-wal", subject.PathLocal, subject.Event{}, true, 50, 0, ""},
		{"", "rocksdb-wal", "", subject.Event{}, true, 50, 0, ""},
		{"", "rocksdb-wal", subject.PathEmpty, from(0), true, 0, 0, ""},
		{"", "rocksdb-tail", subject.PathEmpty, from(0), true, 50, 0, "a mere kill cost the local files, which held the changelog up to offset 50"},
		{"", "memory-snapshot", subject.PathEmpty, subject.Event{}, true, 50, 0, "a mere kill cost the local files, which held the changelog up to offset 50"},
		{"", "rocksdb-tail", subject.PathWiped, from(0), true, 0, 0, "a mere kill cost the local files: said so"},
		{"", "rocksdb-tail", subject.PathWiped, from(0), false, 0, 0, ""}, // begun, and never opened
		{"", "rocksdb-replay", subject.PathEmpty, from(0), true, 50, 0, ""},
		{"", "rocksdb-replay", subject.PathWiped, from(0), true, 0, 0, "a mere kill cost the local files: said so"},
		{"", "memory-snapshot", subject.PathLocal, from(0), true, 0, 2, "the local files held 2 keys, and the restore began at 0"},
		{"", "memory-snapshot", subject.PathLocal, subject.Event{}, true, 0, 2, ""},
		{"", "memory-snapshot", subject.PathLocal, from(1), true, 0, 2, ""},
		{"", "memory-snapshot", subject.PathLocal, from(0), true, 0, 0, ""},
		{FaultPowerCut, "rocksdb-wal-eos", subject.PathEmpty, from(0), true, 50, 0, "a mere kill cost the local files, which"},
		{FaultBrokerKilled, "rocksdb-wal", subject.PathLocal, from(0), true, 50, 0, "the local files held"},
		{FaultTopicHole, "rocksdb-wal", subject.PathLocal, from(0), true, 50, 0, "the local files held"},
		{FaultTopicTrimmed, "rocksdb-wal", subject.PathWiped, from(0), true, 50, 0, ""},
		{FaultMissing, "rocksdb-wal", subject.PathEmpty, from(0), true, 50, 0, ""},
		{FaultRewound, "rocksdb-wal", subject.PathLocal, from(0), true, 50, 0, ""},
	} {
		cell, err := find([]string{c.cell})
		if err != nil {
			t.Fatal(err)
		}
		camp := &campaign{Options: &Options{Fault: c.fault}, cell: cell[0], ground: &ground{opened: c.opened, saved: c.saved}}
		err = camp.cost(&life{opened: subject.Event{Path: c.path, Reason: "said so"}, start: c.start, atOpen: make([]subject.Entry, c.keys)})
		if (err == nil) != (c.why == "") || err != nil && !strings.HasPrefix(err.Error(), c.why) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// A kill that did not come in a restore is judged by a life with the files that it left, before they go for the next try.
func TestIdleKillIsJudged(t *testing.T) {
	full(t)
	t.Parallel()
	inRestore := []string{KindRestore10, KindRestore50, KindRestore90}
	for _, fault := range []string{"", FaultPowerCut} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			needs(t, fault)
			o := options(t)
			o.Fault, o.Kills, o.Cells = fault, 2, []string{"rocksdb-wal"}
			for !slices.Contains(inRestore, newSchedule(o.Seed, &cells[2]).next().kind) { // there is nothing to restore yet
				o.Seed++
			}
			all := tortured(t, o)
			if len(all) < 2 || all[0].Reached || all[0].During != duringIdle || all[0].Path != subject.PathLocal || all[0].From == 0 || !all[1].Reached ||
				all[0].To == all[1].To { // judged by one life, that of what the second left
				t.Errorf("seed %d: %+v", o.Seed, all)
			}
		})
	}
}
