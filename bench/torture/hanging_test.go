package torture

import (
	"strings"
	"testing"

	"restorebench/harness/subject"
)

// A processor that gives up on an open transaction says whose it is, how to end that, and what then. One that knows its end all the same
// has read something else than what is committed.
func TestOpenTransactionIsRefused(t *testing.T) {
	ended := 0
	h := &hanging{id: "log-other", done: make(chan struct{}), abort: func() { ended++ }}
	c := &campaign{Options: &Options{Brokers: "localhost:9"}, ground: &ground{log: "log", struck: struck{hanging: h}}}
	if err := c.ground.struck.ended(&life{}); err == nil || !strings.Contains(err.Error(), "is open") {
		t.Errorf("restored: %v", err)
	}
	const right = "open transaction at offset 7; its transactional id log-other is Ongoing in epoch 2; end its producer, or " +
		"abort it with kafka-transactions.sh --bootstrap-server localhost:9 abort --topic log --partition 0 --start-offset 7; then start again"
	for _, cut := range []string{"", "log-other", "--topic log", "--bootstrap-server localhost:9", "; then start again"} {
		line := &Line{Kind: FaultTopicHanging}
		c.pending = []*Line{{Kind: FaultTopicHanging}, line, {Kind: KindWrite}} // the first one's ended by itself
		l := &life{failed: subject.Event{Code: codeOpen, Message: strings.Replace(right, cut, "", 1)}}
		if !c.openEnds(l, errEnded) || c.openEnds(&life{}, errEnded) || c.openEnds(l, errHung) {
			t.Fatal("it is not known for what it is")
		}
		err := c.gaveUp(l, errEnded)
		if (err == nil) != (cut == "") || line.Outcome != OutcomeRefused || line.Why == "" || c.ground.struck.open() != (cut != "") {
			t.Errorf("without %q: %v, %+v", cut, err, line)
		}
		c.ground.struck.hanging = h
	}
	if ended != 1 {
		t.Errorf("ended %d times", ended)
	}
}
