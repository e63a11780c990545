package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"restorebench/harness/broker"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// Faults of the broker, while the processor lives.
const (
	FaultBrokerKilled     = "broker-killed"     // kill -9, and started again on the same data
	FaultBrokerTerminated = "broker-terminated" // SIGTERM, and started again
	FaultBrokerStopped    = "broker-stopped"    // SIGSTOP, and SIGCONT after brokerStop
	FaultBrokerAway       = "broker-away"       // kill -9, and started again after brokerAway
)

const (
	brokerStop = 3 * time.Second
	brokerAway = 30 * time.Second
	// brokerPatience is for how long a processor waits for a broker that is away. On a busy machine one that is started again at once may need longer.
	brokerPatience = 45 * time.Second
)

var brokerFaults = slices.Concat([]string{FaultBrokerKilled, FaultBrokerTerminated, FaultBrokerStopped, FaultBrokerAway}, networkFaults)

// What became of a processor whose broker was struck.
const (
	OutcomeOutlived = "outlived" // it went on, and was killed later
	OutcomeEnded    = "ended"    // it gave up with an error, and was started again
)

// alive says whether a fault strikes while the processor lives.
func alive(fault string) bool { return ofBroker(fault) || ofDisk(fault) }

// ofBroker says whether a fault is one of the broker.
func ofBroker(fault string) bool { return slices.Contains(brokerFaults, fault) }

// checkBroker refuses to strike a broker that is not a process of ours.
func checkBroker(fault, kind string) error {
	if ofBroker(fault) && kind != broker.Local {
		return &spec.Error{
			Where: "--fault " + fault + " with --broker", Value: kind,
			Allowed: broker.Local + ": only a broker process that was started here is struck",
		}
	}
	return nil
}

// strike is a fault of the broker or of the disk, in the middle of a life.
type strike struct {
	fault  string
	broker *broker.Broker
	disk   *disk
	route  *route        // of the network's faults, else nil
	event  string        // of the processor, at which it comes; "": by the clock
	after  time.Duration // from the processor's start
	hold   *float64      // the share of the restore at which that stands still for it, see newStrike; nil: it does not
	// patient: the processor is killed once it has done all of its work, which proves that it goes on;
	// else soon, by the clock.
	patient bool

	during string // what the processor had got to
	late   bool   // it came once the processor was dead or done
	held   string // how far the restore was that stands still for it, in words; "": none does
	goOn   func() error
	proof  string
	away   time.Duration // until the broker answered again
	done   chan struct{} // nil: it has not come yet
	err    error         // to be read after done
}

// newStrike chooses the moment: as soon as the files are open, in the restore, or in the traffic
// behind it.
//
// A restore of some thousand records takes milliseconds, and may be over before a broker that is struck at its start is gone. So for every other
// strike at a restore that stands still at a share, and goes on as soon as the broker is gone, stopped or away, or the network spoiled, not once it
// is well again. What is behind the share is then asked for under the strike: the wire asks for nothing beyond the offset at which it is to stop, and
// drops what came with the answer beyond it, so nothing of it has been read ahead. The connection that the restore reads by is the one that was
// struck, but for a share of nothing, when there is none yet. Not proven is for how long the strike lasts in the restore: what is left of one
// may pass between two resets of all connections. A broker that ends by SIGTERM is gone once it is dead; the time in which it hands over and
// answers with errors is met by the other half, if at all.
func newStrike(rng *rand.Rand, o *Options, d *disk) *strike {
	s := &strike{fault: o.Fault, broker: o.Broker, disk: d, route: o.route, after: time.Duration(rng.Int64N(int64(lifeTime)))}
	switch rng.IntN(4) {
	case 0:
		s.event = subject.Opened
	case 1:
		s.event = subject.RestoreStart
		if ofBroker(o.Fault) && rng.IntN(2) == 0 {
			share := rng.Float64()
			s.hold = &share
		}
	}
	s.patient = rng.IntN(2) == 0 || ofDisk(o.Fault) // to meet the disk at all
	return s
}

// due says whether a strike comes at an event. A restore that has nothing to read does not come to where it would stand still.
func (s *strike) due(e *subject.Event) bool {
	if s.hold != nil && (e.Event != subject.RestoreStart || e.From < e.To) {
		return e.Event == subject.Holding
	}
	return e.Event == s.event
}

// begin strikes, beside the processor's life. A restore that stands still for it goes on once it is struck; and in any case behind that, so that
// none waits for ever for what has failed.
func (s *strike) begin(ctx context.Context, during string) {
	if s.done != nil {
		return
	}
	s.during, s.done = during, make(chan struct{})
	release := sync.OnceValue(func() error {
		if s.goOn == nil {
			return nil
		}
		return s.goOn()
	})
	go func() {
		defer close(s.done)
		s.proof, s.err = s.do(ctx, func() { _ = release() }) // which says the same again
		if s.err = errors.Join(s.err, release()); s.proof != "" {
			s.proof = s.held + s.proof
		}
	}()
}

// finish waits until the broker is back; a strike that had not come yet comes now.
func (s *strike) finish(ctx context.Context, during string) error {
	s.late = s.done == nil
	s.begin(ctx, during)
	<-s.done
	return s.err
}

// do returns what proves that it happened. struck is called once the broker, or the way to it, is, and before it is well again.
func (s *strike) do(ctx context.Context, struck func()) (proof string, err error) {
	if s.route != nil {
		return s.route.strike(ctx, s.fault, struck)
	}
	switch s.fault {
	case FaultDiskFull:
		return s.disk.fill()
	case FaultDiskFails:
		return s.disk.abort()
	}
	before, start := s.broker.Pid(), time.Now()
	switch s.fault {
	case FaultBrokerKilled:
		err = s.broker.Restart(ctx, syscall.SIGKILL, 0, struck)
	case FaultBrokerAway:
		err = s.broker.Restart(ctx, syscall.SIGKILL, brokerAway, struck)
	case FaultBrokerTerminated:
		err = s.broker.Restart(ctx, syscall.SIGTERM, 0, struck)
	case FaultBrokerStopped:
		err = s.broker.Freeze(ctx, brokerStop, struck)
	}
	if err != nil {
		return "", err
	}
	after := s.broker.Pid()
	s.away = time.Since(start).Round(time.Millisecond)
	if restarted := s.fault != FaultBrokerStopped; restarted == (after == before) {
		return "", fmt.Errorf("%s: the broker's process was %d and is %d", s.fault, before, after)
	}
	return fmt.Sprintf("broker's process %d, then %d, answers again after %v", before, after, s.away), nil
}

// endings are those that a strike may cause; none where it is to be outlived. A broker is waited for, for longer than it is away but for
// these: one that comes back late or with connections that stay silent; or, under exactly-once, at another address, where the producer of an open
// transaction does not find its coordinator; or that was away for longer than it was to be.
func (c *campaign) endings(away time.Duration) []ending {
	file := func(cause string) bool {
		store := filepath.Join(c.ground.state, storeDir(0))
		return namesFile(cause, c.ground.state) || namesSynced(cause, store) || namesSynced(cause, filepath.Dir(filepath.Dir(store))) // where what they are of is said
	}
	address := func(cause string) bool { return names(cause, c.way()) }
	switch fault := c.Fault; {
	case fault == FaultDiskFull:
		return []ending{ofErrno("ENOSPC", file)}
	case fault == FaultDiskFails:
		return []ending{ofErrno("EROFS", file), ofErrno("EIO", file)}
	case fault == FaultBrokerAway, fault == FaultBrokerBlackhole, fault == FaultBrokerMoved && c.cell.ExactlyOnce, away > brokerPatience:
		const what = "the broker's address"
		ways := []ending{{"broker_away", "the broker is away", address, what}}
		if c.cell.ExactlyOnce { // the broker aborts what was open meanwhile
			ways = append(ways, ending{"fenced", "transaction.timeout.ms", address, what})
		}
		return ways
	}
	return nil
}

// namesSynced says whether a cause names a directory that could not be made durable, of which RocksDB says no more than that it was one.
func namesSynced(cause, dir string) bool {
	return names(cause, dir) && (strings.Contains(cause, "While fsync: a directory") || names(cause, "sync "+dir))
}

// wrongEnd is what is wrong with how a strike has ended a processor, which said this of it; "" when nothing is.
func (c *campaign) wrongEnd(e *subject.Event, away time.Duration) string {
	s, ways := heard(e), c.endings(away)
	if len(ways) == 0 {
		return "this is to be outlived"
	}
	if lacks := s.lacks(ways); lacks != "" {
		return "the error lacks " + lacks
	}
	return ""
}

// faultNames are those of --fault.
func faultNames() string { return strings.Join(Faults(), ", ") }
