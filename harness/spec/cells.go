package spec

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"restorebench/harness/record"
)

// The guarantees.
const (
	AtLeastOnce = "alos"
	ExactlyOnce = "eos"
)

// The recovery models that the processor has rules of its own for.
const (
	Model42 = record.Model42
	Model43 = record.Model43
)

// MaxTrials is the most that a run may have.
const MaxTrials = 10_000

// Cells multiplies the axes. left lists the combinations that can't exist, with
// the reason; no cell at all is an Error.
func (s *Spec) Cells() (cells []record.Cell, left []string, err error) {
	excluded, err := s.excluded()
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for _, c := range s.product() {
		if by, ok := excluded[c]; ok {
			if note := "excluded by " + by; !seen[note] {
				left = append(left, note)
				seen[note] = true
			}
			continue
		}
		if why := s.impossible(c); why != "" {
			note := fmt.Sprintf("%s by %s: %s", c.Store, c.Recovery, why)
			if !seen[note] {
				left = append(left, note)
			}
			seen[note] = true
			continue
		}
		if slices.Contains(cells, c) { // it differed in what does not concern its store
			continue
		}
		if _, typ, _ := ParseStore(c.Store); typ == TypeVersioned && c.CacheBytes > 0 {
			return nil, nil, &Error{
				Where: "--cache-bytes", Value: strconv.FormatInt(c.CacheBytes, 10),
				Allowed: "0 with " + c.Store + ": what a cache holds back is what a versioned store is to keep",
			}
		}
		if c.Keys < int64(c.Partitions) {
			return nil, nil, &Error{
				Where: "--keys", Value: strconv.FormatInt(c.Keys, 10),
				Allowed: fmt.Sprintf("at least one key per partition, %d", c.Partitions),
			}
		}
		if c.Instances > c.Partitions {
			return nil, nil, &Error{
				Where: "--partitions", Value: strconv.Itoa(c.Partitions),
				Allowed: fmt.Sprintf("at least one partition per process, %d", c.Instances),
			}
		}
		cells = append(cells, c)
	}
	if n := len(cells) * int(s.Runs); n > MaxTrials {
		return nil, nil, &Error{
			Where: "the axes", Value: fmt.Sprintf("%d cells, %d runs of each", len(cells), s.Runs),
			Allowed: fmt.Sprintf("%d trials at most, these are %d", MaxTrials, n),
		}
	}
	if len(cells) == 0 {
		return nil, nil, &Error{
			Where: "--recovery", Value: strings.Join(s.Recovery, ","),
			Allowed: "a path that a store of --stores can take (" + strings.Join(left, "; ") + ")",
		}
	}
	notes, err := s.untaken(cells)
	if err != nil {
		return nil, nil, err
	}
	return cells, append(left, notes...), nil
}

// groupOf is how a cell's partitions are assigned.
func groupOf(c *record.Cell) string { return cmp.Or(c.Group, GroupNone) }

// impossible says why a cell can't exist, "" when it can.
func (s *Spec) impossible(c record.Cell) string {
	engine, typ, _ := ParseStore(c.Store)
	group := groupOf(&c)
	if c.StaticMembership {
		switch group {
		case GroupStreams:
			return "the group protocol streams has no static members"
		case GroupConsumer: // error UNRELEASED_INSTANCE_ID, which librdkafka gives up at
			return "under the group protocol consumer a static member is refused until the session of its dead self is over"
		}
	}
	can := own
	if c.Subject != SubjectSelf {
		can = s.Systems[c.Subject]
	}
	if why := unshared(c, can, group); why != "" && slices.Contains(can.Groups, group) { // else that is why
		return why
	}
	if c.Subject != SubjectSelf {
		recovers := slices.Contains(can.Recovery, c.Recovery) && (engine != EngineMemory || c.Recovery == record.Replay || c.Subject == SubjectCustom)
		refused := slices.DeleteFunc(slices.Sorted(maps.Keys(s.Client)), func(name string) bool { return named(can.Client, name) })
		switch {
		case len(refused) > 0:
			return c.Subject + " takes no client setting " + strings.Join(refused, ", ")
		case c.Guarantee != "" && !can.ExactlyOnce:
			return c.Subject + " is run under at least once only"
		case !slices.Contains(can.Stores, c.Store):
			return c.Subject + " has no such store"
		case !recovers && c.Standby == 0:
			return c.Subject + " does not recover so"
		case !slices.Contains(can.Groups, group):
			return c.Subject + " does not join a group by " + group
		}
		return ""
	}
	switch {
	case !slices.Contains(own.Groups, group):
		return "only Kafka Streams joins a group by " + group
	case engine != EngineMemory || c.Recovery == record.Replay || c.Recovery == record.Standby:
		return ""
	case typ == TypeLRU:
		return "an LRU map has no local files"
	case s.SnapshotInterval == 0:
		return "without snapshots an in-memory store has no local files"
	}
	return ""
}

// unshared says why a cell can't have as many processes as it asks for, "" when it can.
func unshared(c record.Cell, can System, group string) string {
	several := c.Instances > 1
	switch {
	case c.Standby > 0 && several:
		return "a standby is of one process, not of several instances"
	case c.Standby > 0 && !can.Standby && len(can.Copies) == 0:
		return c.Subject + " is run without a standby"
	case c.Standby > 0 && group == GroupNone && !can.Standby:
		return c.Subject + " has a standby take over by a group: --group " + strings.Join(can.Copies, " or ")
	case c.Standby > 0 && group == GroupStreams && !slices.Contains(can.Copies, group):
		return "under the group protocol streams " + c.Subject + " closes a copy and begins anew when it is to take over"
	case c.Standby > 0 && group != GroupNone && !slices.Contains(can.Copies, group):
		return c.Subject + " has no standby take over by --group " + group
	case several && can.Shares < 2:
		return c.Subject + " is run as one process only"
	case c.Instances > can.Shares && several:
		return fmt.Sprintf("%s is run as %d processes at most", c.Subject, can.Shares)
	case several && group == GroupNone:
		return "instances share the partitions by a group: --group " + GroupClassic + " and so on"
	case several && !c.StaticMembership && (c.Recovery == record.Local || c.Recovery == record.LocalTail):
		return "without static membership nobody who gets a dead process's partitions has its files"
	case !several && (c.Standby == 0 || group == GroupNone):
		return "" // one process has all partitions
	case c.Guarantee != "":
		return "processes that share partitions are run under at least once only"
	case c.CacheBytes > 0:
		return "what processes share is written by the harness, without a record cache"
	}
	return ""
}

// product multiplies the axes.
func (s *Spec) product() []record.Cell {
	cells := []record.Cell{{
		KeyBytes: int(s.KeyBytes), Compressible: s.Compressible,
	}}
	for _, axis := range axes {
		var next []record.Cell
		for _, c := range cells {
			next = axis(s, c, next)
		}
		cells = next
	}
	return cells
}
