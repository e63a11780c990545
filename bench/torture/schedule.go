package torture

import (
	"math/rand/v2"
	"slices"
	"time"

	"restorebench/stores/killpoint"
)

// Kinds of kills.
const (
	KindRandom     = "random"     // at any moment of a life
	KindIdle       = "idle"       // after the last commit, where a chosen moment did not come
	KindWrite      = "write"      // of a batch into the store
	KindFlush      = "flush"      // of RocksDB's memtables
	KindCommit     = "commit"     // before, between and after its steps
	KindCheckpoint = "checkpoint" // the saving of an offset
	KindSnapshot   = "snapshot"   // of an in-memory store
	KindBulk       = "bulk"       // ingest, between its steps
	KindRestore10  = "restore-10" // at this percentage of a restore
	KindRestore50  = "restore-50"
	KindRestore90  = "restore-90"
	KindAgain      = "again" // at any percentage of the restore that follows a killed one
)

// everywhere are the kinds that every cell knows.
var everywhere = []string{KindRandom, KindWrite, KindCommit, KindRestore10, KindRestore50, KindRestore90}

// order is the order of kinds in tables.
var order = []string{
	KindRandom, KindWrite, KindFlush, KindCommit, KindCheckpoint, KindSnapshot, KindBulk,
	KindRestore10, KindRestore50, KindRestore90, KindAgain, KindIdle,
	FaultTruncated, FaultEmptied, FaultFlipped, FaultMissing, FaultSwapped, FaultOld, FaultRewound,
	FaultTopicTrimmed, FaultTopicEmptied, FaultTopicShorter, FaultTopicLonger, FaultTopicGrown, FaultTopicAborted, FaultTopicHanging,
	FaultTopicEmpty, FaultTopicExpired, FaultTopicHole, FaultTopicTrimmedLate, FaultTopicRecreatedLate,
	FaultBrokerKilled, FaultBrokerTerminated, FaultBrokerStopped, FaultBrokerAway,
	FaultBrokerSlow, FaultBrokerReset, FaultBrokerBlackhole, FaultBrokerMoved,
	FaultZombie, FaultPowerCut, FaultDiskFull, FaultDiskFails, FaultLockHeld,
	FaultNoSpace, FaultIOError, FaultUnreadable, FaultReadOnly,
	FaultGroupJoined, FaultGroupLeft,
}

// moment is one kill of a schedule.
type moment struct {
	kind  string
	plan  *killpoint.Plan // nil: the harness kills, after so long
	after time.Duration
	soon  bool     // at the first chance that there is
	hold  *float64 // the share of the restore at which it stands still for a fault; nil: it does not
}

func (m *moment) inRestore() bool { return m.plan != nil && m.plan.Point == killpoint.Restore }

// schedule hands out a cell's kills without end: rounds of all kinds in a random order, and
// in each one restore that is killed again.
type schedule struct {
	rng   *rand.Rand
	kinds []string
	left  []string
}

// newSchedule is a pure function of its arguments.
func newSchedule(seed uint64, c *Cell) *schedule {
	return &schedule{rng: rand.New(rand.NewPCG(seed, hash(c.Name))), kinds: slices.Concat(everywhere, c.kinds)}
}

// newFaultSchedule is of a fault. Before files are damaged, the processor is killed when it has
// some; when the broker is struck, at any moment behind that. A zombie, and who holds a lock, is stopped at any moment.
func newFaultSchedule(seed uint64, c *Cell, fault string) *schedule {
	s := newSchedule(seed, c)
	if fault == FaultPowerCut { // whenever
		return s
	}
	if ofLife(fault) {
		s.kinds = hindrances(c, fault)
		return s
	}
	if ofGroup(fault) {
		s.kinds = groupKinds(fault)
		return s
	}
	if fault == FaultRewound {
		s.kinds = []string{FaultRewound}
		return s
	}
	s.kinds = []string{KindCommit}
	if alive(fault) || fault == FaultZombie || fault == FaultLockHeld {
		s.kinds = []string{KindRandom}
	}
	return s
}

func (s *schedule) next() moment {
	if len(s.left) == 0 {
		s.left = slices.Clone(s.kinds)
		s.rng.Shuffle(len(s.left), func(i, j int) { s.left[i], s.left[j] = s.left[j], s.left[i] })
		var cut []int
		for i, kind := range s.left {
			if kind == KindRestore10 || kind == KindRestore50 || kind == KindRestore90 {
				cut = append(cut, i)
			}
		}
		if len(cut) > 0 {
			s.left = slices.Insert(s.left, cut[s.rng.IntN(len(cut))]+1, KindAgain)
		}
	}
	kind := s.left[0]
	s.left = s.left[1:]
	return s.moment(kind)
}

// lives of traffic are about so long; random kills fall into them.
const lifeTime = 900 * time.Millisecond

// moment chooses when a kill of a kind is to come.
func (s *schedule) moment(kind string) moment {
	at := func(point string, times int64, delay time.Duration) moment {
		p := &killpoint.Plan{Point: point, Nth: 1 + s.rng.Int64N(times)}
		if s.rng.IntN(2) == 0 {
			p.DelayNS = s.rng.Int64N(int64(delay))
		}
		return moment{kind: kind, plan: p}
	}
	share := func(of float64) moment {
		return moment{kind: kind, plan: &killpoint.Plan{Point: killpoint.Restore, Share: of}}
	}
	switch kind {
	case KindWrite:
		return at(killpoint.Write, 25, 300*time.Microsecond)
	case KindFlush:
		return at(killpoint.Flush, 4, 5*time.Millisecond)
	case KindCommit:
		return at(killpoint.Commit, 80, 2*time.Millisecond)
	case KindCheckpoint:
		return at(killpoint.Checkpoint, 6, time.Millisecond)
	case KindSnapshot:
		return at(killpoint.Snapshot, 12, 2*time.Millisecond)
	case KindBulk:
		return at(killpoint.Bulk, 3, 5*time.Millisecond)
	case KindRestore10:
		return share(0.1)
	case KindRestore50:
		return share(0.5)
	case KindRestore90:
		return share(0.9)
	case FaultRewound:
		return share(0.6 + 0.4*s.rng.Float64())
	case KindAgain:
		return share(s.rng.Float64())
	default:
		return moment{kind: kind, after: time.Duration(s.rng.Int64N(int64(lifeTime)))}
	}
}

// sooner is the same kind of kill at the first moment that there is, after one that did
// not come.
func (m moment) sooner() moment {
	m.soon = true
	if m.plan != nil {
		p := *m.plan
		p.Nth = 1
		m.plan = &p
	}
	return m
}

// hash is FNV-1a.
func hash(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}
