package workload

import (
	"cmp"
	"slices"
)

// The times of versions, ms.
const (
	History = 2 * 60 * minute // how long a version can be read after it was replaced

	roundEvery = 100 * minute // from one round to the next
	roundTime  = 50 * minute  // in which all keys are written
	lateBy     = 25 * minute
	soon       = 2 * minute // from the last round but one to the last: many versions of both end in one segment
)

// oldVersions are written of each key before the UpdatesPerKey that are asked for, so
// that there is a history, some of which has passed.
const oldVersions = 2

const (
	lateEvery    = 16 // keys, of which one gets a version that comes late
	tooLateEvery = 64 // keys, of which one gets a version that comes too late
)

// versions writes a version of every key in each round, then late ones: versions that
// belong before the latest, and versions so late that they are refused; then deletions.
type versions struct{ *Spec }

func (v versions) entities() int64 { return v.Keys + v.Deleted }
func (v versions) rounds() int64   { return int64(v.UpdatesPerKey) + oldVersions }
func (v versions) puts() int64     { return v.entities() * v.rounds() }
func (v versions) late() int64     { return (v.entities() + lateEvery - 1) / lateEvery }
func (v versions) tooLate() int64  { return (v.entities() + tooLateEvery - 1) / tooLateEvery }
func (v versions) load() int64     { return v.puts() + v.late() + v.tooLate() + v.Deleted }

// loadEnd is later than all versions of the rounds.
func (v versions) loadEnd() int64 { return firstStart + v.rounds()*roundEvery }

// inRound is the time of a key's version in a round, an even one.
func (v versions) inRound(round, id int64) int64 {
	begin := firstStart + round*roundEvery
	if round == v.rounds()-2 {
		begin += roundEvery - soon
	}
	return begin + id*(roundTime/2)/v.entities()*2
}

func (v versions) op(i int64) op {
	at := i - v.puts()
	switch {
	case at < 0:
		round, id := i/v.entities(), i%v.entities()
		return op{entity: id, timestamp: v.inRound(round, id)}
	case at < v.late():
		id := at * lateEvery
		return op{entity: id, timestamp: v.inRound(v.rounds()-1, id) - lateBy + 1}
	case at < v.late()+v.tooLate():
		id := (at - v.late()) * tooLateEvery
		return op{entity: id, timestamp: firstStart - History}
	case i < v.load():
		n := at - v.late() - v.tooLate()
		return op{entity: v.Keys + n, tombstone: true, timestamp: v.loadEnd() + n}
	}
	return v.tailOp(i - v.load())
}

func (v versions) tailOp(j int64) op {
	kind, at := v.tail(j, v.Keys)
	o := op{entity: at, tombstone: kind == tailDelete, timestamp: v.loadEnd() + v.Deleted + j}
	switch kind {
	case tailNew:
		o.entity += v.entities()
	case tailLate:
		o.timestamp -= lateBy
	}
	return o
}

func (v versions) appendKey(dst []byte, o op) []byte { return v.appendID(dst, o.entity) }

// version is a record that was not refused.
type version struct {
	op
	index int64
}

// history returns the versions of a key after the records [0, end), the oldest first,
// without those that ended before the history begins. further lists the records of the
// tail for the key.
func (v versions) history(id, end, now int64, further []int64) []Entry {
	var all []version
	add := func(i int64) {
		if i < end {
			all = append(all, version{v.op(i), i})
		}
	}
	if id < v.entities() {
		for round := range v.rounds() {
			add(round*v.entities() + id)
		}
		if id%lateEvery == 0 {
			add(v.puts() + id/lateEvery)
		}
		if id >= v.Keys {
			add(v.load() - v.Deleted + id - v.Keys)
		}
	}
	for _, i := range further {
		add(i)
	}
	slices.SortStableFunc(all, func(a, b version) int { return cmp.Compare(a.timestamp, b.timestamp) })
	return v.visible(all, now-History)
}

// visible are the versions that had not ended at begin, and the tombstones after it.
func (v versions) visible(all []version, begin int64) (entries []Entry) {
	for n, one := range all {
		if n+1 < len(all) && all[n+1].timestamp == one.timestamp {
			continue // written again
		}
		e := Entry{Timestamp: one.timestamp, ValidTo: Forever, Tombstone: one.tombstone}
		if n+1 < len(all) {
			e.ValidTo = all[n+1].timestamp
		}
		if one.tombstone && one.timestamp <= begin || !one.tombstone && e.ValidTo != Forever && e.ValidTo <= begin {
			continue
		}
		e.Key = v.appendID(nil, one.entity)
		if !one.tombstone {
			e.Value = make([]byte, v.ValueBytes)
			v.value(one.index, e.Value)
		}
		entries = append(entries, e)
	}
	return entries
}
