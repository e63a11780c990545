package storetest

import (
	"maps"
	"math"
	"slices"
)

// Expiring is the plain truth about a store whose records have a time and expire:
// rows in a map. Times are ms.
type Expiring struct {
	Retention, Interval int64                  // of expiry, and of what goes away at once
	Time                func(key []byte) int64 // of a key of the changelog

	rows   map[string]Record
	stream int64 // math.MinInt64 when unknown
}

// Reset forgets all.
func (e *Expiring) Reset() { e.rows, e.stream = map[string]Record{}, math.MinInt64 }

// Restart forgets the time, as a store does that is opened again.
func (e *Expiring) Restart() { e.stream = math.MinInt64 }

// Apply adds a batch: time goes on first, what lies in a dropped interval is skipped.
func (e *Expiring) Apply(records ...Record) {
	for _, r := range records {
		e.stream = max(e.stream, e.Time(r.Key))
	}
	first := int64(0) // ms not yet dropped
	if e.stream > e.Retention {
		first = e.stream - e.Retention
		first -= first % e.Interval
	}
	for _, r := range records {
		switch {
		case e.Time(r.Key) < first:
		case r.Value == nil:
			delete(e.rows, string(r.Key))
		default:
			e.rows[string(r.Key)] = r
		}
	}
	maps.DeleteFunc(e.rows, func(_ string, r Record) bool { return e.Time(r.Key) < first })
}

// Visible are the rows that are not expired, in byte order.
func (e *Expiring) Visible() []Record {
	var visible []Record
	for _, key := range slices.Sorted(maps.Keys(e.rows)) {
		if r := e.rows[key]; e.stream == math.MinInt64 || e.Time(r.Key) > e.stream-e.Retention {
			visible = append(visible, r)
		}
	}
	return visible
}
