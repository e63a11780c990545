//go:build defects

package torture

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"restorebench/harness/broker/brokertest"
	"restorebench/harness/changelog"
	"restorebench/internal/defect"
)

// A processor that loses, resurrects or falsifies is found out, its cell ends, and what it
// left is kept.
func TestDefectsUnderTorture(t *testing.T) {
	lost := func(r *Row, _ string) bool { return r.Lost > 0 }
	resurrected := func(r *Row, _ string) bool { return r.Resurrected > 0 }
	// The record that is skipped may be a delete; and where none follows, the offset that was saved is not in the changelog.
	ahead := func(r *Row, why string) bool {
		return r.Lost+r.Resurrected > 0 || strings.Contains(why, "saved offset is not in the changelog")
	}
	wentOn := func(_ *Row, why string) bool { return strings.Contains(why, "the restore went on") }
	ignored := func(_ *Row, why string) bool { return strings.Contains(why, "and the restore began at 0") }
	unrestored := func(_ *Row, why string) bool { return strings.Contains(why, "is not restored") }
	wrong := func(r *Row, _ string) bool { return r.Wrong > 0 }
	// What a killed processor left is aborted by its successor, and wrong when that reads it, too.
	early := func(r *Row, why string) bool {
		return r.Wrong > 0 || strings.Contains(why, "before a transaction below it was aborted")
	}
	// no is of a changelog, or an output, that is no transcript of the input, in that way.
	no := func(transcript string) func(*Row, string) bool {
		return func(_ *Row, why string) bool {
			return strings.Contains(why, errTranscript.Error()) && strings.Contains(why, transcript)
		}
	}
	const skipped, again, sentAgain = "records are acknowledged, it has", "-changelog, want ", "-output, want "
	// What a zombie writes is there twice; and a successor that is not done yet is fenced by it.
	usurped := func(r *Row, why string) bool { // or the broker ends the zombie by another error than that it is fenced
		return no(again)(r, why) || strings.Contains(why, changelog.ErrFenced.Error()) || strings.Contains(why, "a zombie, by ")
	}
	for _, c := range []struct {
		defect defect.Name
		cell   string
		caught func(r *Row, why string) bool
		fault  string
	}{
		{defect.BatchSkipped, "memory-replay", lost, ""},
		{defect.TombstonesDropped, "memory-replay", resurrected, ""},
		{defect.DeleteForgotten, "memory-snapshot", resurrected, ""},
		{defect.OffsetAhead, "rocksdb-tail", ahead, ""},
		{defect.FirstWriteWins, "rocksdb-replay", lost, ""},
		{defect.LastKeyMissed, "rocksdb-wal", lost, ""},
		{defect.AgeIgnored, "rocksdb-tail", resurrected, FaultTopicExpired},
		{defect.AgeIgnored, "memory-snapshot-eos", resurrected, FaultTopicExpired},
		{defect.GapSkipped, "rocksdb-tail", wentOn, FaultTopicTrimmedLate},
		{defect.CutTakenForWhole, "memory-replay", unrestored, FaultGroupJoined},
		{defect.CutOffsetKept, "memory-replay", lost, FaultGroupJoined},
		{defect.OffsetAhead, "rocksdb-wal", ahead, FaultRewound},
		{defect.LocalFilesIgnored, "rocksdb-wal", ignored, ""},
		{defect.LocalFilesIgnored, "memory-snapshot", ignored, ""},
		{defect.AbortedApplied, "memory-replay-eos", wrong, FaultTopicAborted},
		{defect.UncommittedRead, "memory-replay-eos", early, FaultTopicHanging},
		{defect.StoreBeforeCommit, "rocksdb-wal-eos", wrong, FaultTopicAborted},
		{defect.InputSkipped, "memory-replay-eos", no(skipped), FaultTopicAborted},
		{defect.InputRepeated, "memory-replay-eos", no(again), FaultTopicAborted},
		{defect.OutputOutside, "memory-replay-eos", no(sentAgain), FaultTopicAborted},
		{defect.FencedGoesOn, "memory-replay-eos", usurped, FaultZombie},
	} {
		t.Run(string(c.defect), func(t *testing.T) {
			t.Parallel()
			// The first that is wrong ends the cell, but for the output, which is judged at its end.
			kills := 40
			if c.defect == defect.OutputOutside {
				kills = 12
			}
			o := options(t)
			o.Command.Env = append(o.Command.Env, defect.Env+"="+string(c.defect))
			o.Cells, o.Kills, o.Fault, o.Broker = []string{c.cell}, kills, c.fault, brokertest.Start(t)
			res, err := Run(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			var sum Row
			for i := range res.Table {
				sum.plus(&res.Table[i])
			}
			if len(res.Failures) != 1 || !c.caught(&sum, res.Failures[0].Why) {
				t.Fatalf("seed %d: %+v: %+v", o.Seed, sum, res.Failures)
			}
			kept(t, o, &res.Failures[0])
		})
	}
}

func kept(t *testing.T, o *Options, f *Failure) {
	t.Helper()
	want := fmt.Sprintf("--cells %s --seed %d ", o.Cells[0], o.Seed)
	if o.Fault != "" {
		want += "--fault " + o.Fault + " "
	}
	if want += "--kills "; !strings.Contains(f.Repeat, want) {
		t.Errorf("%s, want %q and the seed in it", f.Repeat, want)
	}
	if files, _ := filepath.Glob(filepath.Join(f.Kept, "life-*.json")); len(files) == 0 {
		t.Errorf("%s is empty", f.Kept)
	}
}
