package torture

import (
	"context"
	"errors"
	"slices"
	"strings"

	"restorebench/harness/subject"
)

// restarted are the faults behind which a broker may have ended a transaction without its markers. Kafka 4.3 does so when it is about to
// write them and their partitions have no leader, as while it comes back: it takes such a partition for a deleted one (KAFKA-20734).
var restarted = []string{FaultBrokerKilled, FaultBrokerTerminated, FaultBrokerAway, FaultBrokerMoved}

// unmarked says whether a processor has refused its changelog for such a transaction of its own, and proven that by what the coordinator
// says: it knows the transactional id, and of no transaction in that partition.
func (c *campaign) unmarked(e *subject.Event) bool {
	s := heard(e)
	_, state, its := strings.Cut(s.cause, "; its transactional id "+c.ground.log+"-0 is ")
	return c.cell.ExactlyOnce && slices.Contains(restarted, c.Fault) && s.code == codeOpen && s.advice != "" &&
		its && strings.Contains(state, ", without this partition: it hangs; abort it with kafka-transactions.sh ")
}

// forsake judges the kills behind which a changelog was refused that has come to its end by that, as nobody could restore it, and begins
// on new ground.
func (c *campaign) forsake(ctx context.Context, why error) (err error) {
	for i, line := range c.pending {
		if line.Verdict = VerdictOK; i == len(c.pending)-1 {
			line.Outcome, line.Why = OutcomeRefused, why.Error()
		}
		err = errors.Join(err, c.judged(line))
	}
	c.pending = nil
	return errors.Join(err, c.fresh(ctx))
}
