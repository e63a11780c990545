package workload

import "encoding/binary"

// sessions writes one session for each entity of the grid, in its window's time, with
// gaps of more than a minute between those of a key. Of four sessions one begins as two,
// which a record between them merges: both are removed, and the whole is put. Each update
// makes a session longer: it is removed, and put with its new end.
type sessions struct{ *Spec }

// The times of a session within its window, ms.
const (
	sessionEnd   = 3 * minute // of all, at last
	growth       = minute     // by all updates
	firstHalfEnd = 5_000      // from its start
	secondHalf   = 70_000     // its start, from that of the first: more than a gap of a minute
	startSpread  = 30_000
)

// Parts of a session: from partWhole on with the end that so many updates give it.
const (
	partFirst = -2
	partLast  = -1
	partWhole = 0
)

const (
	mergeEvery = 4              // sessions
	beginning  = mergeEvery + 4 // records of so many sessions before they are updated
)

func (s sessions) grid() grid      { return grid(s) }
func (s sessions) entities() int64 { return s.grid().entities() }
func (s sessions) updates() int64  { return int64(s.UpdatesPerKey) }

// writes is the number of records until all sessions are complete. Four sessions take
// beginning records and 2 for each further update, of each; the sessions that are left
// over don't merge.
func (s sessions) writes() int64 {
	groups, rest := s.entities()/mergeEvery, s.entities()%mergeEvery
	return groups*s.perGroup() + rest*(2*s.updates()-1)
}

func (s sessions) perGroup() int64 { return beginning + 2*mergeEvery*(s.updates()-1) }

func (s sessions) load() int64 { return s.writes() + s.Deleted + s.grid().late() }

func (s sessions) op(i int64) (o op) {
	if writes := s.writes(); i < writes {
		o = s.write(i)
	} else if entity, tombstone, ok := s.grid().after(i - writes); ok {
		o = op{entity: entity, part: s.last(), tombstone: tombstone}
	} else {
		entity, tombstone := s.grid().tailOp(i - s.load())
		o = op{entity: entity, part: s.last(), tombstone: tombstone}
	}
	o.timestamp = s.time(o)
	return o
}

// last is the part that a complete session is.
func (s sessions) last() int { return s.UpdatesPerKey - 1 }

// write is a record that begins or updates a session.
func (s sessions) write(i int64) op {
	group, at := i/s.perGroup(), i%s.perGroup()
	first := group * mergeEvery
	if first+mergeEvery > s.entities() { // those left over, one after the other
		return update(first+at/(2*s.updates()-1), at%(2*s.updates()-1)+1)
	}
	if at < beginning {
		switch at {
		case 0:
			return op{entity: first, part: partFirst}
		case mergeEvery:
			return op{entity: first, part: partLast}
		case mergeEvery + 1:
			return op{entity: first, part: partFirst, tombstone: true}
		case mergeEvery + 2:
			return op{entity: first, part: partLast, tombstone: true}
		case mergeEvery + 3:
			return op{entity: first, part: partWhole}
		}
		return op{entity: first + at, part: partWhole}
	}
	round, at := (at-beginning)/(2*mergeEvery), (at-beginning)%(2*mergeEvery)
	return update(first+at/2, 2*(round+1)+at%2)
}

// update is record n of a session that doesn't merge, from 1 on: puts, and between
// them the removals of what they replace.
func update(entity, n int64) op {
	if n%2 == 0 {
		return op{entity: entity, part: int(n/2) - 1, tombstone: true}
	}
	return op{entity: entity, part: int(n / 2)}
}

// span is the start and the end of what a record writes.
func (s sessions) span(o op) (start, end int64) {
	window, _ := s.grid().place(o.entity)
	slot := firstStart + window*WindowSize
	start = slot + int64(mix(s.Seed+uint64(o.entity))%startSpread)
	whole := func(updates int) int64 {
		return slot + sessionEnd - int64(s.last()-updates)*(growth/s.updates())
	}
	switch o.part {
	case partFirst:
		return start, start + firstHalfEnd
	case partLast:
		return start + secondHalf, whole(0)
	}
	return start, whole(o.part)
}

func (s sessions) appendKey(dst []byte, o op) []byte {
	_, id := s.grid().place(o.entity)
	start, end := s.span(o)
	dst = s.appendID(dst, id)
	dst = binary.BigEndian.AppendUint64(dst, uint64(end))
	return binary.BigEndian.AppendUint64(dst, uint64(start))
}

// time is the end of a session.
func (s sessions) time(o op) int64 {
	_, end := s.span(o)
	return end
}

// inForce lists the records that hold after the last one of an entity: none, one, or
// the two halves of a session that merges.
func (s sessions) inForce(last int64) []int64 {
	o := s.op(last)
	switch {
	case o.part == partLast && !o.tombstone:
		return []int64{last - mergeEvery, last}
	case o.part == partFirst && o.tombstone: // the other half is still there
		return []int64{last - 1}
	case o.tombstone:
		return nil
	}
	return []int64{last}
}
