package spec

import (
	"slices"
	"strings"

	"restorebench/harness/record"
)

// An axis appends what becomes of a cell along it. What does not concern a cell leaves it as it is, so
// cells can come out twice.
type axis func(s *Spec, c record.Cell, to []record.Cell) []record.Cell

// axes are in the order of nesting, outermost first.
var axes = []axis{
	along(func(s *Spec) []string { return s.Subjects }, func(c *record.Cell, v string) { c.Subject = v }),
	along(func(s *Spec) []int64 { return s.Keys }, func(c *record.Cell, v int64) { c.Keys = v }),
	along(func(s *Spec) []int64 { return s.ValueBytes }, func(c *record.Cell, v int64) { c.ValueBytes = int(v) }),
	along(func(s *Spec) []int64 { return s.Partitions }, func(c *record.Cell, v int64) { c.Partitions = int(v) }),
	along(func(s *Spec) []int64 { return s.UpdatesPerKey }, func(c *record.Cell, v int64) { c.UpdatesPerKey = int(v) }),
	along(func(s *Spec) []string { return s.KeyOrder }, func(c *record.Cell, v string) { c.SortedKeys = v == KeyOrderSorted }),
	along(func(s *Spec) []Settings { return s.Producer }, func(c *record.Cell, v Settings) { c.Producer = v.String() }),
	along(func(s *Spec) []int64 { return []int64{s.CacheBytes} }, func(c *record.Cell, v int64) {
		if c.Subject == SubjectSelf { // another one finds a changelog that the harness has written
			c.CacheBytes = v
		}
	}),
	groups,
	along(func(s *Spec) []int64 { return s.Instances }, func(c *record.Cell, v int64) {
		if v > 1 {
			c.Instances = int(v)
		}
	}),
	along(func(s *Spec) []string { return s.Guarantee }, func(c *record.Cell, v string) {
		if v != AtLeastOnce {
			c.Guarantee = v
		}
	}),
	along(func(s *Spec) []string { return s.Stores }, func(c *record.Cell, v string) { c.Store = v }),
	along(func(s *Spec) []string { return s.Recovery }, func(c *record.Cell, v string) { c.Recovery = v }),
	along(func(s *Spec) []int64 { return s.Standby }, func(c *record.Cell, v int64) {
		if v > 0 { // whatever became of the dead one's files
			c.Standby, c.Recovery = int(v), record.Standby
		}
	}),
	along(func(s *Spec) []string { return s.RecoveryModel }, func(c *record.Cell, v string) {
		if trustsFiles(c) {
			c.RecoveryModel = v
		}
	}),
	along(func(s *Spec) []float64 { return s.Tail }, func(c *record.Cell, v float64) {
		if c.Tailed() {
			c.Tail = v
		}
	}),
	along(func(s *Spec) []bool { return s.Compacted }, func(c *record.Cell, v bool) {
		c.Compacted = v && c.Recovery == record.Replay // a tail is too young to be cleaned
	}),
	along(func(s *Spec) []string { return s.PageCache }, func(c *record.Cell, v string) { c.PageCache = dropped(c, v) }),
	along(func(s *Spec) []string { return s.RestoreMode }, func(c *record.Cell, v string) {
		if replaysRocks(c) && v != ModeAuto {
			c.RestoreMode = v
		}
	}),
	along(func(s *Spec) []Settings { return s.RocksDB }, func(c *record.Cell, v Settings) {
		if ownRocks(c) {
			c.RocksDB = v.String()
		}
	}),
	along(func(s *Spec) []Settings { return s.Consumer }, func(c *record.Cell, v Settings) {
		if reads(c) {
			c.Consumer = v.String()
		}
	}),
}

// along is the axis of a list of values.
func along[T any](values func(*Spec) []T, set func(*record.Cell, T)) axis {
	return func(s *Spec, c record.Cell, to []record.Cell) []record.Cell {
		for _, v := range values(s) {
			next := c
			set(&next, v)
			to = append(to, next)
		}
		return to
	}
}

func groups(s *Spec, c record.Cell, to []record.Cell) []record.Cell {
	for _, group := range s.Group {
		for _, static := range s.StaticMembership {
			next := c
			if group != GroupNone {
				next.Group, next.StaticMembership = group, static
			}
			if group == GroupClassic { // under the others the broker says how long
				next.SessionTimeoutMS = s.SessionTimeout.Milliseconds()
			}
			to = append(to, next)
		}
	}
	return to
}

// dropped is what a value of the knob drops from the page cache for a cell, but for what a recovery does not read: a replay no files, a
// local one no changelog; and a standby would catch up meanwhile.
func dropped(c *record.Cell, v string) string {
	client := (v == CacheCold || v == CacheColdClient) && c.Recovery != record.Replay
	broker := (v == CacheCold || v == CacheColdBroker) && c.Recovery != record.Local
	switch {
	case c.Recovery == record.Standby:
		return ""
	case client && broker:
		return CacheCold
	case client:
		return CacheColdClient
	case broker:
		return CacheColdBroker
	}
	return ""
}

// axisKnobs are those that Exclude can name.
var axisKnobs = []string{
	"subjects", "keys", "value-bytes", "partitions", "updates-per-key", "key-order", "producer", "group", "static-membership", "instances", "guarantee", "stores", "recovery", "standby",
	"recovery-model", "tail", "compacted", "page-cache", "restore-mode", "rocksdb", "consumer",
}

// excluded returns the cells that Exclude leaves out, with the one of its items that does. An item that leaves
// nothing out is an Error: it was meant to.
func (s *Spec) excluded() (map[record.Cell]string, error) {
	out := map[record.Cell]string{}
	if len(s.Exclude) == 0 {
		return out, nil
	}
	all := s.product()
	for _, item := range s.Exclude {
		narrow := *s
		for name, value := range item {
			k, ok := Find(name)
			if !ok || !slices.Contains(axisKnobs, name) {
				return nil, &Error{Where: "exclude", Value: name, Allowed: oneOf(axisKnobs)}
			}
			if err := narrow.assign(k, strings.Split(value, "/"), "exclude: "+name); err != nil {
				return nil, err
			}
		}
		found := 0
		for _, c := range narrow.product() {
			if slices.Contains(all, c) {
				out[c] = item.String()
				found++
			}
		}
		if found == 0 {
			return nil, &Error{Where: "exclude", Value: item.String(), Allowed: "a combination that the axes have"}
		}
	}
	return out, nil
}
