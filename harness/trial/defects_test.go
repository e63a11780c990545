//go:build defects

package trial

import (
	"strings"
	"testing"

	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/internal/defect"
)

// seeded is a defect, the trial that it is put into, and what the check says that must
// catch it.
type seeded struct {
	defect defect.Name
	cell   record.Cell
	check  string // part of the record's reason
}

// with changes a cell.
func with(c record.Cell, change func(*record.Cell)) record.Cell {
	change(&c)
	return c
}

const (
	byCount   = "entries restored, want" // the digest event against the model
	byDigest  = "key-hash buckets differ"
	byBytes   = "bytes restored, want"
	byRead    = "get of key" // the point reads, which go another way than the iterator
	byFirst   = "first read returned a wrong value"
	byPath    = "the processor took"
	byRecords = "records restored by" // what came out of the changelog against what must
)

// inChild are defects of the processor that is judged.
func inChild() []seeded {
	replay := func(store string) record.Cell { return cell(store, record.Replay, 3000) }
	local := func(store string) record.Cell { return cell(store, record.Local, 3000) }
	tail := func(store string) record.Cell { return cell(store, record.LocalTail, 3000) }
	bulk := with(replay(spec.StoreRocks), func(c *record.Cell) { c.RestoreMode, c.UpdatesPerKey = spec.ModeBulk, 4 })
	two := with(replay(spec.StoreMemory), func(c *record.Cell) { c.Partitions = 2 })
	versions := with(replay("rocksdb-versioned"), func(c *record.Cell) { c.UpdatesPerKey = 3 })
	return []seeded{
		{defect.BatchSkipped, replay(spec.StoreMemory), byCount},
		{defect.BatchSkipped, replay(spec.StoreRocks), byCount},
		{defect.TombstoneDropped, replay(spec.StoreMemory), byCount},
		{defect.TombstoneDropped, tail(spec.StoreRocks), byCount},
		{defect.TombstonesDropped, replay("memory-lru"), byCount},
		{defect.TombstonesDropped, replay("memory-session"), byCount},
		{defect.TombstonesDropped, tail("rocksdb-timestamped-window"), byCount},
		{defect.TombstonesDropped, tail("rocksdb-versioned"), byCount},
		{defect.OneKeyOnly, replay(spec.StoreMemory), "1 entries restored, want 3000"},
		{defect.ByteFlipped, replay(spec.StoreMemory), byDigest},
		{defect.ValueTruncated, replay(spec.StoreMemory), byBytes},
		{defect.NullTakenForEmpty, replay(spec.StoreMemory), byCount},
		{defect.TimestampOffByOne, replay("memory-timestamped"), byDigest},
		{defect.TimestampOffByOne, tail("rocksdb-versioned"), byDigest},
		{defect.TimestampLost, local("rocksdb-timestamped"), byDigest},
		{defect.StopsEarly, tail(spec.StoreRocks), byRecords},
		{defect.EndTooEarly, tail(spec.StoreRocks), "restored up to offset"},
		{defect.PageTwice, replay(spec.StoreMemory), byRecords},
		{defect.PartitionsSwapped, two, byRead},
		{defect.DigestTwice, two, "another digest of partition 0"},
		{defect.EmptyDeclaredReady, replay(spec.StoreMemory), byFirst},
		{defect.LocalFilesIgnored, local(spec.StoreRocks), byPath},
		{defect.LocalFilesIgnored, tail(spec.StoreRocks), byRecords},
		{defect.WrongPathReported, tail(spec.StoreRocks), byRecords},
		{defect.WrongPathReported, local("memory"), byPath},
		{defect.StreamTimeForgotten, local("rocksdb-window"), byCount},
		{defect.OffsetAhead, tail(spec.StoreRocks), byRecords},
		{defect.OffsetAhead, local(spec.StoreRocks), byPath},
		{defect.OffsetBehind, local(spec.StoreRocks), "it is an earlier one"},
		{defect.OffsetBeforeData, local(spec.StoreRocks), byCount},
		{defect.FlushSkipped, local(spec.StoreRocks), "took replay"},
		{defect.SnapshotOfOldData, local(spec.StoreMemory), byCount},
		{defect.DeleteForgotten, replay(spec.StoreMemory), byCount},
		{defect.AbsentTakenForEmpty, replay(spec.StoreMemory), byRead},
		{defect.FirstKeyMissed, local(spec.StoreRocks), "2999 entries restored, want 3000"},
		{defect.LastKeyMissed, local(spec.StoreRocks), "2999 entries restored, want 3000"},
		{defect.EntryTwice, local(spec.StoreRocks), "3001 entries restored, want 3000"},
		{defect.FirstWriteWins, bulk, byCount},
		{defect.RunLost, bulk, byCount},
		{defect.OlderVersionLost, versions, byCount},
		{defect.ExpiredShown, replay("rocksdb-window"), byCount},
		{defect.LiveSegmentDropped, replay("memory-window"), byCount},
	}
}

// inJudge are defects of the harness, each with one of a processor that it ought to have
// caught, if it takes one.
func inJudge() []seeded {
	c := cell(spec.StoreRocks, record.Local, 3000)
	return []seeded{
		{defect.VerdictNotRun, c, `the verification's verdict is "not run"`},
		{defect.DowntimeFromReaped, c, "the phases add up to"},
		{defect.TerminatedNotKilled, c, "ended by signal: terminated, not by SIGKILL"},
	}
}

// Each defect makes its trial invalid, by the check that is there for it; without one
// the same trials are valid.
func TestDefects(t *testing.T) {
	honest := map[record.Cell]bool{}
	for _, s := range inChild() {
		t.Run(string(s.defect)+" "+s.cell.Store, func(t *testing.T) {
			t.Parallel()
			r := runner(t)
			r.Command.Env = append(r.Command.Env, defect.Env+"="+string(s.defect))
			caught(t, do(t, r, s.cell), s.check)
		})
		honest[s.cell] = true
	}
	for _, s := range inJudge() {
		t.Run(string(s.defect), func(t *testing.T) {
			defer defect.Seed(s.defect)()
			r := runner(t)
			caught(t, do(t, r, s.cell), s.check)
		})
		honest[s.cell] = true
	}
	for c := range honest {
		t.Run("none "+c.Store+" "+c.Recovery, func(t *testing.T) {
			t.Parallel()
			if rec := do(t, runner(t), c); !rec.Valid {
				t.Errorf("%q", rec.Why)
			}
		})
	}
}

// A process with a defect does not judge itself: what it assumes, another check refutes.
func TestTwoDefects(t *testing.T) {
	t.Run(string(defect.PathAssumed), func(t *testing.T) {
		defer defect.Seed(defect.PathAssumed)()
		r := runner(t)
		r.Command.Env = append(r.Command.Env, defect.Env+"="+string(defect.FlushSkipped))
		caught(t, do(t, r, cell(spec.StoreRocks, record.Local, 3000)), byRecords)
	})
	t.Run(string(defect.PhasesSwapped), func(t *testing.T) {
		defer defect.Seed(defect.PhasesSwapped)()
		r := runner(t)
		do(t, r, cell(spec.StoreMemory, record.Replay, 100))
		caught(t, do(t, r, cell(spec.StoreMemory, record.Replay, 100)), "the phases add up to")
	})
}

func caught(t *testing.T, rec record.Record, check string) {
	t.Helper()
	if rec.Valid || !strings.Contains(rec.Why, check) {
		t.Errorf("valid %v, verdict %s, why: %q, want ...%s...", rec.Valid, rec.Verify.Verdict, rec.Why, check)
	}
	if strings.Contains(rec.Why, "\n") {
		t.Errorf("the reason has several lines: %q", rec.Why)
	}
}
