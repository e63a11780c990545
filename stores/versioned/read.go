package versioned

import (
	"cmp"
	"slices"
)

// Record is one version of a key: its value, and the time from From on, to before To,
// when it was valid. To is Undefined for the latest version.
type Record struct {
	Value    []byte
	From, To int64
}

// Latest returns the version of key that is valid now, nil when there is none. It
// never expires. (VersionedKeyValueStore.get(key).)
func (s *Store) Latest(key []byte) (*Record, error) {
	value, from, err := s.latest(key)
	if err != nil || value == nil {
		return nil, s.wrap(err)
	}
	return &Record{value, from, Undefined}, nil
}

// AsOf returns the version of key that was valid at a time, nil when there was none
// or the time lies before the history and the version is not the latest.
// (VersionedKeyValueStore.get(key, asOfTimestamp).)
func (s *Store) AsOf(key []byte, time int64) (*Record, error) {
	latest, err := s.Latest(key)
	if err != nil || latest != nil && latest.From <= time {
		return latest, err
	}
	if time < s.time-s.history {
		return nil, nil
	}
	var r row
	for _, segment := range slices.Backward(s.segments) {
		if segment < s.segmentOf(time) {
			break
		}
		found, err := s.row(&r, segment, key)
		if err != nil {
			return nil, s.wrap(err)
		}
		if !found || r.next > time && r.min() > time {
			continue
		}
		if r.next <= time {
			break
		}
		if i := r.find(time); r.versions[i].value != nil {
			return &Record{r.versions[i].value, r.versions[i].from, r.to(i)}, nil
		}
		break
	}
	return nil, nil
}

// History returns the versions of key that were valid at any time from from to to,
// both inclusive, the oldest first, or the newest first (MultiVersionedKeyQuery).
// Those whose end lies before the history are left out; of a range that lies before
// it, only a latest version that began there is found.
func (s *Store) History(key []byte, from, to int64, newestFirst bool) ([]Record, error) {
	entries, err := s.entries(key)
	if err != nil {
		return nil, s.wrap(err)
	}
	var found []Record
	for _, e := range entries {
		if e.value != nil && e.from <= to && (e.to == Undefined || e.to > from && to >= s.time-s.history) {
			found = append(found, Record{e.value, e.from, e.to})
		}
	}
	if newestFirst {
		slices.Reverse(found)
	}
	return found, nil
}

// entry is a version or, with a nil value, a tombstone, whose to says nothing.
type entry struct {
	from, to int64
	value    []byte
}

// timeline puts together what the segments hold of one key.
type timeline []entry

func (t *timeline) addRow(r *row) {
	for i, v := range slices.Backward(r.versions) {
		*t = append(*t, entry{v.from, r.to(i), v.value})
	}
	*t = append(*t, entry{from: r.next}) // a tombstone, unless a version follows
}

func (t *timeline) addLatest(value []byte, from int64) {
	*t = append(*t, entry{from, Undefined, value})
}

// finish puts the entries in order and leaves those that can matter at the time where
// the history begins, or later. A tombstone matters for versions that come late.
func (t *timeline) finish(begin int64) {
	slices.SortStableFunc(*t, func(a, b entry) int {
		if c := cmp.Compare(a.from, b.from); c != 0 {
			return c
		}
		return cmp.Compare(valued(b), valued(a))
	})
	*t = slices.CompactFunc(*t, func(a, b entry) bool { return a.from == b.from })
	*t = slices.DeleteFunc(*t, func(e entry) bool {
		if e.value == nil {
			return e.from <= begin
		}
		return e.to != Undefined && e.to <= begin
	})
}

// valued puts values before the tombstones that they replaced.
func valued(e entry) int {
	if e.value != nil {
		return 1
	}
	return 0
}

// entries is all that there is of one key, the oldest first.
func (s *Store) entries(key []byte) (timeline, error) {
	var t timeline
	for _, segment := range s.segments {
		var r row
		found, err := s.row(&r, segment, key)
		if err != nil {
			return nil, err
		}
		if found {
			t.addRow(&r)
		}
	}
	value, from, err := s.latest(key)
	if err != nil {
		return nil, err
	}
	if value != nil {
		t.addLatest(value, from)
	}
	t.finish(s.time - s.history)
	return t, nil
}
