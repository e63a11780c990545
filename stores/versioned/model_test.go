package versioned

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// model is a versioned store as a map of key to its versions by time, nil for a
// tombstone. It knows nothing of segments.
type model struct {
	history, time int64
	versions      map[string]map[int64][]byte
	// ended holds the times at which something is on record to have ended. Kafka
	// Streams forgets a latest value that a tombstone of the same time replaces, but
	// for these: there the tombstone has a place to stay.
	ended map[string]map[int64]bool
}

func newModel(history int64) *model {
	return &model{history, -1, map[string]map[int64][]byte{}, map[string]map[int64]bool{}}
}

// put returns what Put does.
func (m *model) put(key, value []byte, time int64) int64 {
	if time < m.time-m.history {
		return NotPut
	}
	m.time = max(m.time, time)
	versions, ended := m.versions[string(key)], m.ended[string(key)]
	if versions == nil {
		versions, ended = map[int64][]byte{}, map[int64]bool{}
		m.versions[string(key)], m.ended[string(key)] = versions, ended
	}
	times := slices.Sorted(maps.Keys(versions))
	i, _ := slices.BinarySearch(times, time+1)
	if i < len(times) { // there is a newer one
		versions[time], ended[times[i]] = value, true
		return times[i]
	}
	newest := int64(-1)
	if len(times) > 0 && versions[times[len(times)-1]] != nil {
		newest = times[len(times)-1]
	}
	switch {
	case newest == time && value == nil && !ended[time]:
		delete(versions, time)
		return Undefined
	case newest != -1 && newest < time, newest != time && value == nil:
		ended[time] = true
	}
	versions[time] = value
	return Undefined
}

// all is the versions and tombstones of a key that count, the oldest first.
func (m *model) all(key string) timeline {
	var all timeline
	times := slices.Sorted(maps.Keys(m.versions[key]))
	for i, from := range times {
		e := entry{from, Undefined, m.versions[key][from]}
		if i+1 < len(times) {
			e.to = times[i+1]
		}
		if begin := m.time - m.history; (e.value == nil && from <= begin) || (e.value != nil && e.to != Undefined && e.to <= begin) {
			continue
		}
		all = append(all, e)
	}
	return all
}

func (m *model) latest(key []byte) *Record {
	if all := m.all(string(key)); len(all) > 0 {
		if e := all[len(all)-1]; e.value != nil {
			return &Record{e.value, e.from, e.to}
		}
	}
	return nil
}

func (m *model) asOf(key []byte, time int64) *Record {
	for _, e := range m.all(string(key)) {
		if e.value != nil && e.from <= time && (e.to == Undefined || time < e.to && time >= m.time-m.history) {
			return &Record{e.value, e.from, e.to}
		}
	}
	return nil
}

func (m *model) between(key []byte, from, to int64, newestFirst bool) (found []Record) {
	for _, e := range m.all(string(key)) {
		inside := to >= m.time-m.history && e.to > from
		if e.value != nil && e.from <= to && (inside || e.to == Undefined) {
			found = append(found, Record{e.value, e.from, e.to})
		}
	}
	if newestFirst {
		slices.Reverse(found)
	}
	return found
}

// logical is what Range shows, as text.
func (m *model) logical(from, to []byte) string {
	shown := map[string]string{}
	for key := range m.versions {
		for _, e := range m.all(key) {
			k := string(binary.BigEndian.AppendUint64([]byte(key), uint64(e.from)))
			if k >= string(from) && (to == nil || k < string(to)) {
				shown[k] = ""
				if e.value != nil {
					shown[k] = string(binary.BigEndian.AppendUint64(nil, uint64(e.to))) + string(e.value)
				}
			}
		}
	}
	var lines []string
	for _, k := range slices.Sorted(maps.Keys(shown)) {
		lines = append(lines, fmt.Sprintf("%x = %x", k, shown[k]))
	}
	return strings.Join(lines, "\n")
}
