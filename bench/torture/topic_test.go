package torture

import (
	"context"
	"errors"
	"strings"
	"testing"

	"restorebench/harness/broker"
	"restorebench/harness/broker/brokertest"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// The changelog is another one behind each kill: what the files had of the first is gone, and that is said; a changelog whose
// keys may lie elsewhere is refused.
func TestTopicFaults(t *testing.T) {
	t.Parallel()
	for fault, outcome := range map[string]string{
		FaultTopicLonger: OutcomeReplayed, FaultTopicGrown: OutcomeRefused, FaultTopicAborted: OutcomeServed, FaultTopicHanging: OutcomeServed,
		FaultTopicEmpty: OutcomeReplayed, FaultTopicExpired: OutcomeReplayed, FaultTopicHole: OutcomeServed,
		FaultTopicTrimmedLate: OutcomeReplayed, FaultTopicRecreatedLate: OutcomeReplayed,
	} {
		t.Run(fault, func(t *testing.T) {
			o := options(t)
			o.Fault, o.Kills, o.Cells, o.Kind, o.Broker = fault, 3, []string{"rocksdb-tail-eos"}, broker.Auto, brokertest.Start(t)
			if err := o.Check(); err != nil {
				t.Fatal(err)
			}
			res, err := Run(context.Background(), o)
			if err != nil || len(res.Failures) > 0 {
				t.Fatalf("seed %d: %v, %+v", o.Seed, err, res.Failures)
			}
			struck := 0
			for _, line := range lines(t, res) {
				if line.Kind != fault || line.Path == subject.PathEmpty {
					continue // killed before there was anything to be struck, or to be lost
				}
				struck++
				if line.Proof == "" || line.Outcome != outcome || line.Outcome != OutcomeServed && line.Why == "" {
					t.Errorf("seed %d: %+v", o.Seed, line)
				}
			}
			if struck == 0 {
				t.Skipf("seed %d: all kills came before there was anything to be struck", o.Seed)
			}
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
