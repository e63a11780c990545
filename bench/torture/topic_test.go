package torture

import (
	"errors"
	"strings"
	"testing"
	"time"

	"restorebench/harness/broker"
	"restorebench/harness/broker/brokertest"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// The changelog is another one behind each kill: what the files had of the first is gone, and that is said; a changelog whose
// keys may lie elsewhere is refused.
func TestTopicFaults(t *testing.T) {
	full(t)
	t.Parallel()
	either := OutcomeServed + " " + OutcomeReplayed // as the files are behind the first record that is left, or before it
	for fault, outcomes := range map[string]string{
		FaultTopicTrimmed: either, FaultTopicEmptied: either, FaultTopicShorter: OutcomeReplayed,
		FaultTopicLonger: OutcomeReplayed, FaultTopicGrown: OutcomeRefused, FaultTopicAborted: OutcomeServed, FaultTopicHanging: OutcomeServed + " " + OutcomeRefused,
		FaultTopicEmpty: OutcomeReplayed, FaultTopicExpired: OutcomeReplayed, FaultTopicHole: OutcomeServed,
		FaultTopicTrimmedLate: OutcomeReplayed, FaultTopicRecreatedLate: OutcomeReplayed,
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			untilStruck(t, func(o *Options) (struck int) {
				o.Fault, o.Kills, o.Cells, o.Kind, o.Broker = fault, 3, []string{"rocksdb-tail-eos"}, broker.Auto, brokertest.Start(t)
				if fault == FaultTopicHanging {
					o.Stall = time.Minute // so that some are open for longer than a processor waits
				}
				if err := o.Check(); err != nil {
					t.Fatal(err)
				}
				for _, line := range tortured(t, o) {
					if line.Kind != fault || line.Path == subject.PathEmpty {
						continue // killed before there was anything to be struck, or to be lost
					}
					struck++
					if line.Proof == "" || line.Outcome == "" || !strings.Contains(outcomes, line.Outcome) || line.Outcome != OutcomeServed && line.Why == "" {
						t.Errorf("seed %d: %+v", o.Seed, line)
					}
				}
				return struck
			})
		})
	}
}

func TestFaultsNeedACellThatTheyStrike(t *testing.T) {
	o := Options{Fault: FaultTopicHanging, Kills: 1, Cells: []string{"rocksdb-tail"}}
	var bad *spec.Error
	if err := o.Check(); !errors.As(err, &bad) || !strings.Contains(err.Error(), "rocksdb-tail") {
		t.Errorf("%v", err)
	}
}

// A moment that did not come is tried again on the same ground, behind a life that restored. Files that this life made are right where they have
// nothing of before the strike; and what was deleted between two strikes could not be told from what is lost.
func TestGroundIsStruckOnce(t *testing.T) {
	begun := subject.Event{Event: subject.RestoreStart, From: 215}
	for path, replayed := range map[string]bool{subject.PathLocal: false, subject.PathWiped: true, subject.PathEmpty: true} {
		g := &ground{spent: true, struck: struck{begin: 215, recreated: true, grown: true}}
		proof, err := g.strikeTopic(t.Context(), &Options{Fault: FaultTopicTrimmed}, nil, &cells[0], nil)
		if proof != "" || err != nil || g.struck.begin != 215 {
			t.Errorf("%q, %v, %+v", proof, err, g.struck)
		}
		l := &life{opened: subject.Event{Path: path}}
		if g.lived(l, false); g.struck.replayed {
			t.Errorf("%s: replayed before it was begun", path)
		}
		l.start = begun
		if g.lived(l, false); g.struck.replayed != replayed || g.struck.recreated == replayed || g.struck.grown == replayed {
			t.Errorf("%s: %+v", path, g.struck)
		}
		next := &life{opened: subject.Event{Path: subject.PathLocal}, start: begun}
		if err := g.struck.right(next); (err == nil) != replayed {
			t.Errorf("%s, and then local: %v", path, err)
		}
		if err := (&struck{grown: true}).right(next); err == nil {
			t.Error("files of another number of partitions are taken for right")
		}
		late := struck{late: l}
		if late.lived(l); late.replayed {
			t.Errorf("%s: struck in the middle of it, what it has may be of before", path)
		}
	}
}
