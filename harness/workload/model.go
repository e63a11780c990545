package workload

import "math"

// Entry is something that a store holds, or must not hold.
type Entry struct {
	Key       []byte // as in the changelog
	Value     []byte // nil when it must not be there, and for a tombstone
	Timestamp int64  // of its record, ms
	// Of versions: until when the value was valid, exclusive, or Forever; and whether
	// it is the tombstone that ended the version before.
	ValidTo   int64
	Tombstone bool
}

// Forever is until when the latest version of a key is valid.
const Forever = math.MaxInt64

// Model is what a store must hold after a prefix of the workload. It knows nothing of
// stores or changelogs.
type Model struct {
	// entries calls fn for what there is of an entity, and once with a nil value when
	// there is nothing (any more).
	entries  func(id int64, fn func(Entry))
	entities int64
	added    []int64 // further entities, of the tail
	never    int64   // the first entity that nothing is written to
}

// Model folds the records [0, end).
func (s Spec) Model(end int64) *Model {
	shape := s.shape()
	m := &Model{entities: shape.entities(), never: shape.entities() + s.Tail + 1}
	if v, ok := shape.(versions); ok {
		m.ofVersions(v, end)
	} else {
		m.ofLastWrites(&s, shape, end)
	}
	return m
}

// timed is a shape whose entities expire.
type timed interface{ time(o op) int64 }

// ofLastWrites models shapes in which the last write to an entity counts.
func (m *Model) ofLastWrites(s *Spec, shape shape, end int64) {
	last := make([]int64, m.entities) // index + 1 of the last record of each entity
	added := map[int64]int64{}
	now := int64(math.MinInt64)
	clock, expires := shape.(timed)
	for i := range end {
		o := shape.op(i)
		if expires {
			now = max(now, clock.time(o))
		}
		if o.entity < m.entities {
			last[o.entity] = i + 1
			continue
		}
		if _, again := added[o.entity]; !again {
			m.added = append(m.added, o.entity)
		}
		added[o.entity] = i + 1
	}
	expired := func(o op) bool { return expires && clock.time(o) <= now-Retention }
	m.entries = func(id int64, fn func(Entry)) {
		at, ok := added[id]
		if id < m.entities {
			at, ok = last[id], true
		}
		if !ok || at == 0 {
			fn(Entry{Key: shape.appendKey(nil, op{entity: id})})
			return
		}
		s.inForce(shape, at-1, expired, fn)
	}
}

// inForce calls fn for what record i leaves of its entity.
func (s *Spec) inForce(shape shape, i int64, expired func(op) bool, fn func(Entry)) {
	records := []int64{i}
	if sessions, ok := shape.(sessions); ok {
		records = sessions.inForce(i)
	} else if shape.op(i).tombstone {
		records = nil
	}
	if len(records) == 0 {
		fn(Entry{Key: shape.appendKey(nil, shape.op(i))})
	}
	for _, i := range records {
		o := shape.op(i)
		e := Entry{Key: shape.appendKey(nil, o), Timestamp: o.timestamp}
		if !expired(o) {
			e.Value = make([]byte, s.ValueBytes)
			s.value(i, e.Value)
		}
		fn(e)
	}
}

// ofVersions models the shape Versions.
func (m *Model) ofVersions(v versions, end int64) {
	further := map[int64][]int64{}
	now := int64(math.MinInt64)
	for i := range end {
		o := v.op(i)
		now = max(now, o.timestamp)
		if i < v.load() {
			continue
		}
		if _, again := further[o.entity]; !again && o.entity >= m.entities {
			m.added = append(m.added, o.entity)
		}
		further[o.entity] = append(further[o.entity], i)
	}
	m.entries = func(id int64, fn func(Entry)) {
		entries := v.history(id, end, now, further[id])
		for _, e := range entries {
			fn(e)
		}
		if len(entries) == 0 || entries[len(entries)-1].Tombstone { // no latest version
			fn(Entry{Key: v.appendID(nil, id), Timestamp: now + 1})
		}
	}
}

// Each calls fn for every entry that must be there, in no particular order. The bytes
// are valid during the call.
func (m *Model) Each(fn func(Entry)) {
	emit := func(e Entry) {
		if e.Value != nil || e.Tombstone {
			fn(e)
		}
	}
	for id := range m.entities {
		m.entries(id, emit)
	}
	for _, id := range m.added {
		m.entries(id, emit)
	}
}

// Reads picks up to n entries of each of three kinds, spread over the entities: those
// that are there, those that are not any more, and those that never were.
func (m *Model) Reads(n int) []Entry {
	var live, gone, never []Entry
	for id, step := int64(0), max(m.entities/int64(4*n), 1); id < m.entities && len(live) < n; id += step {
		m.entries(id, func(e Entry) {
			if e.Value != nil && len(live) < n {
				live = append(live, e)
			}
		})
	}
	// They may be rare, and lie at both ends: what has expired, been evicted or deleted by
	// the tail in front, what the load deleted at the back.
	for i := int64(0); i < min(m.entities, 10*tailDeleteEvery*int64(n)) && len(gone) < n; i++ {
		id := i / 2
		if i%2 == 1 {
			id = m.entities - 1 - i/2
		}
		m.entries(id, func(e Entry) {
			if e.Value == nil && !e.Tombstone && len(gone) < n {
				gone = append(gone, e)
			}
		})
	}
	for i := range int64(n) {
		m.entries(m.never+i, func(e Entry) { never = append(never, e) })
	}
	return append(append(live, gone...), never...)
}
