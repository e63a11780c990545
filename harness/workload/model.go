package workload

// Model is what a store must hold after a prefix of the workload: for every key
// the index of its last write. It knows nothing of stores or changelogs.
type Model struct {
	spec Spec
	end  int64
	// last[id] is the index + 1 of the last write of key id; 0: never written;
	// negative: deleted by that record. Keys that only the tail adds are in added.
	last  []int64
	added map[int64]int64
}

// Model folds the records [0, end).
func (s Spec) Model(end int64) *Model {
	m := &Model{spec: s, end: end, last: make([]int64, s.written()), added: map[int64]int64{}}
	for i := range end {
		id, tombstone := s.op(i)
		at := i + 1
		if tombstone {
			at = -at
		}
		if id < int64(len(m.last)) {
			m.last[id] = at
		} else {
			m.added[id] = at
		}
	}
	return m
}

// Each calls fn for every live entry, in no particular order. The bytes are valid
// during the call.
func (m *Model) Each(fn func(key, value []byte, timestamp int64)) {
	key := make([]byte, m.spec.KeyBytes)
	value := make([]byte, m.spec.ValueBytes)
	emit := func(id, at int64) {
		if at <= 0 {
			return
		}
		m.spec.Key(id, key)
		m.spec.value(at-1, value)
		fn(key, value, m.spec.Timestamp(at-1))
	}
	for id, at := range m.last {
		emit(int64(id), at)
	}
	for id, at := range m.added {
		emit(id, at)
	}
}

// Read is a key and what a get must find: the value, nil when the key is absent, and
// the timestamp of its record.
type Read struct {
	Key, Want []byte
	Timestamp int64 // ms
}

// Reads picks up to n keys of each of three kinds, spread over the key space:
// live, deleted and never written.
func (m *Model) Reads(n int) []Read {
	var live, deleted, never []Read
	total := int64(len(m.last))
	for id, step := int64(0), max(total/int64(4*n), 1); id < total && len(live) < n; id += step {
		if at := m.last[id]; at > 0 {
			live = append(live, m.read(id, at))
		}
	}
	// Deletions are rare, and lie at both ends: the tail's in front, the load's at
	// the back.
	for i := int64(0); i < min(total, 10*tailDeleteEvery*int64(n)) && len(deleted) < n; i++ {
		id := i / 2
		if i%2 == 1 {
			id = total - 1 - i/2
		}
		if at := m.last[id]; at < 0 {
			deleted = append(deleted, m.read(id, at))
		}
	}
	beyond := m.spec.written() + m.spec.Tail + 1
	for i := range int64(n) {
		never = append(never, m.read(beyond+i, 0))
	}
	return append(append(live, deleted...), never...)
}

func (m *Model) read(id, at int64) Read {
	r := Read{Key: make([]byte, m.spec.KeyBytes)}
	m.spec.Key(id, r.Key)
	if at > 0 {
		r.Want = make([]byte, m.spec.ValueBytes)
		m.spec.value(at-1, r.Want)
		r.Timestamp = m.spec.Timestamp(at - 1)
	}
	return r
}
