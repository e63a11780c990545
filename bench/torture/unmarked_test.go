package torture

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"restorebench/harness/changelog"
	"restorebench/harness/subject"
)

// A changelog that is refused since Kafka has ended a transaction without its marker is left behind, if that is proven; any other
// transaction that is open there is a failure.
func TestUnmarkedTransactionIsJudged(t *testing.T) {
	const (
		open   = "partition 0: end offset of LOG-0: open transaction at offset 78, and the end is 103: of producer id 5 in epoch 0, with a last record of 2023-11-14T22:13:20Z"
		hangs  = ": it hangs; abort it with kafka-transactions.sh --bootstrap-server 127.0.0.1:9092 abort --topic LOG --partition 0 --start-offset 78, which loses its records if they were committed"
		advice = "; then start again: what was saved last is still good"
		ended  = "; its transactional id LOG-0 is Empty in epoch 1, without this partition"
	)
	admin, err := changelog.NewAdmin(options(t).Brokers)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for _, c := range []struct {
		fault, cell, code, message string
		is                         bool
	}{
		{FaultBrokerMoved, "memory-replay-eos", "open_transaction", open + ended + hangs + advice, true},
		{FaultBrokerAway, "rocksdb-tail-eos", "open_transaction", open + strings.Replace(ended, "Empty", "CompleteCommit", 1) + hangs + advice, true},
		{FaultBrokerMoved, "memory-replay", "open_transaction", open + ended + hangs + advice, false},
		{FaultBrokerReset, "memory-replay-eos", "open_transaction", open + ended + hangs + advice, false}, // it lived on
		{FaultBrokerMoved, "memory-replay-eos", "broker_away", open + ended + hangs + advice, false},
		{FaultBrokerMoved, "memory-replay-eos", "open_transaction", open + ended + hangs, false},
		{FaultBrokerMoved, "memory-replay-eos", "open_transaction", open + strings.Replace(ended, "LOG-0", "LOG-1", 1) + hangs + advice, false},
		{FaultBrokerMoved, "memory-replay-eos", "open_transaction", open + ", which no coordinator knows" + hangs + advice, false},
		{FaultBrokerMoved, "memory-replay-eos", "open_transaction", open + "; its transactional id LOG-0 is PrepareCommit in epoch 0, and its marker is on its way; wait" + advice, false},
		{FaultBrokerMoved, "memory-replay-eos", "open_transaction", open + "; its transactional id LOG-0 is Ongoing in epoch 0, since 2026-11-29T00:56:41Z; end its producer, or " + hangs[len(": it hangs; "):] + advice, false},
		{FaultBrokerMoved, "memory-replay-eos", "open_transaction", strings.Replace(open, ": of producer", ": its producer hangs; end that, or abort it", 1) + advice, false},
	} {
		cell, err := find([]string{c.cell})
		if err != nil {
			t.Fatal(err)
		}
		var judged []*Line
		o := options(t)
		o.Fault = c.fault
		camp := &campaign{Options: o, cell: cell[0], admin: admin, judged: func(l *Line) error { judged = append(judged, l); return nil }}
		if err := camp.fresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		log := camp.ground.log
		l := &life{failed: subject.Event{Code: c.code, Message: strings.ReplaceAll(c.message, "LOG", log)}}
		refusal := fmt.Errorf("%w: %s", errEnded, l.failed.Message)
		if is, err := camp.refused(t.Context(), l, refusal); is || err != nil {
			t.Errorf("nothing was struck: %v, %v", is, err)
		}
		camp.pending = []*Line{{Outcome: OutcomeEnded}, {Outcome: OutcomeOutlived}}
		is, err := camp.refused(t.Context(), l, refusal)
		if is != c.is || err != nil {
			t.Errorf("%s, %s: %s: %v, %v, want %v", c.fault, c.cell, l.failed.Message, is, err, c.is)
		}
		topics, err := admin.Topics()
		if err != nil {
			t.Fatal(err)
		}
		if left := log != camp.ground.log && !slices.Contains(topics, log); left != c.is || !slices.Contains(topics, camp.ground.log) {
			t.Errorf("%s: from %s to %s, of %s", l.failed.Message, log, camp.ground.log, topics)
		}
		if c.is && (len(judged) != 2 || judged[0].Outcome != OutcomeEnded || judged[1].Outcome != OutcomeRefused ||
			judged[0].Verdict != VerdictOK || judged[1].Verdict != VerdictOK || judged[1].Why != refusal.Error()) {
			t.Errorf("%+v", judged)
		}
		if none := len(camp.pending) == 0; none != c.is {
			t.Errorf("%d are pending", len(camp.pending))
		}
		if err := camp.ground.close(admin); err != nil {
			t.Error(err)
		}
	}
}
