package versioned

import (
	"encoding/binary"
	"fmt"
	"slices"

	"restorebench/internal/defect"
	"restorebench/stores/format"
)

const (
	rowHead     = 2 * format.TimestampBytes // next, min
	rowEntry    = format.TimestampBytes + 4 // timestamp, size
	tombstone   = -1                        // the size that stands for one
	smallestRow = rowHead + rowEntry
)

// row is what one segment holds of one key: versions that follow each other without
// a gap, the last of which ended at next
// (RocksDBVersionedStoreSegmentValueFormatter):
//
//	next(8) min(8) [timestamp(8) size(4)] newest first, values oldest first
//
// min is the oldest version's timestamp, with which the list ends. A tombstone has
// the size -1 and no value. Where a tombstone had nothing to end it has a row of its
// own, with next = min, that Kafka Streams calls degenerate.
type row struct {
	next     int64
	versions []version // newest first
}

// version is one entry of a row.
type version struct {
	from  int64
	value []byte // nil for a tombstone; a part of the bytes that were parsed
}

func (r *row) min() int64       { return r.versions[len(r.versions)-1].from }
func (r *row) degenerate() bool { return r.min() == r.next }

// to is where version i ended.
func (r *row) to(i int) int64 {
	if i == 0 {
		return r.next
	}
	return r.versions[i-1].from
}

// set makes r a row of one version.
func (r *row) set(v version, next int64) {
	r.next, r.versions = next, append(r.versions[:0], v)
}

// find is the version that was valid at a time, min <= time < next.
func (r *row) find(time int64) int {
	return slices.IndexFunc(r.versions, func(v version) bool { return v.from <= time })
}

// pushNewest adds a version that is newer than the others, valid until next. Between
// the two the key was deleted, which a tombstone says from now on.
//
// A row that reaches beyond the new version was left by a process that was killed
// between two writes of one put, and is cut first. Here both are one write; but the
// directory may be Kafka Streams'.
func (r *row) pushNewest(v version, next int64) {
	if r.next > v.from {
		r.cut(v.from)
	}
	if r.next < v.from {
		gap := version{from: r.next}
		if r.degenerate() {
			r.set(gap, v.from)
		} else {
			r.versions = slices.Insert(r.versions, 0, gap)
		}
	}
	if r.degenerate() || defect.Is(defect.OlderVersionLost) {
		r.set(v, next)
		return
	}
	r.versions = slices.Insert(r.versions, 0, v)
	r.next = next
}

// pushOldest adds a version that is older than the others.
func (r *row) pushOldest(v version) {
	if r.degenerate() {
		r.set(v, r.next)
		return
	}
	r.versions = append(r.versions, v)
}

// cut ends the row at a time.
func (r *row) cut(time int64) {
	if time <= r.min() {
		r.set(version{from: time}, time)
		return
	}
	first := slices.IndexFunc(r.versions, func(v version) bool { return v.from < time })
	r.versions = slices.Delete(r.versions, 0, first)
	r.next = time
}

// encode is the row's bytes.
func (r *row) encode() []byte {
	size := rowHead
	for i := range r.versions {
		size += rowEntry + len(r.versions[i].value)
	}
	b := make([]byte, 0, size)
	b = binary.BigEndian.AppendUint64(b, uint64(r.next))
	b = binary.BigEndian.AppendUint64(b, uint64(r.min()))
	for _, v := range r.versions {
		length := int32(tombstone)
		if v.value != nil {
			length = int32(len(v.value))
		}
		b = binary.BigEndian.AppendUint64(b, uint64(v.from))
		b = binary.BigEndian.AppendUint32(b, uint32(length))
	}
	for _, v := range slices.Backward(r.versions) {
		b = append(b, v.value...)
	}
	return b
}

// parse reads a row, whose values then are parts of b. It reuses what r has
// allocated. The error says what is wrong where, and what was expected.
func (r *row) parse(b []byte) error {
	if len(b) < smallestRow {
		return fmt.Errorf("has a segment row of %d bytes, want at least %d", len(b), smallestRow)
	}
	r.next, r.versions = timeAt(b, 0), r.versions[:0]
	oldest := timeAt(b, format.TimestampBytes)
	if oldest < 0 || r.next < oldest {
		return fmt.Errorf("has a segment row from %d to %d, want 0 <= from <= to", oldest, r.next)
	}
	list, values, end := rowHead, len(b), r.next
	for {
		if list+rowEntry > values {
			return fmt.Errorf("has a segment row whose list of versions runs into its values at byte %d of %d, want it to end with the one from %d",
				list, len(b), oldest)
		}
		v := version{from: timeAt(b, list)}
		length := int32(binary.BigEndian.Uint32(b[list+format.TimestampBytes:]))
		list += rowEntry
		alone := len(b) == smallestRow && length == tombstone && v.from == end
		if v.from < oldest || (v.from >= end && !alone) {
			return fmt.Errorf("has a segment row with a version from %d, want one from %d on that is before %d", v.from, oldest, end)
		}
		if length < tombstone || int(length) > values-list {
			return fmt.Errorf("has a segment row with a value of %d bytes, want -1 for a tombstone, or up to the %d that are left", length, values-list)
		}
		if length != tombstone {
			v.value = b[values-int(length) : values : values]
			values -= int(length)
		}
		r.versions, end = append(r.versions, v), v.from
		if v.from == oldest {
			break
		}
	}
	if list != values {
		return fmt.Errorf("has a segment row with %d bytes that belong to no version, want 0", values-list)
	}
	return nil
}

func timeAt(b []byte, at int) int64 { return int64(binary.BigEndian.Uint64(b[at:])) }
