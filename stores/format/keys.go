package format

import (
	"bytes"
	"encoding/binary"
	"math"
)

const (
	// WindowSuffix is the length of what follows the key in a window's key.
	WindowSuffix = 12
	// SessionSuffix is the length of what follows the key in a session's key.
	SessionSuffix = 16
)

// AppendWindowKey appends `key start(8) seq(4)` to dst (WindowKeySchema): the key of
// the window that begins at start. seq tells duplicates apart where a store retains
// them; else it is 0.
func AppendWindowKey(dst, key []byte, start int64, seq uint32) []byte {
	dst = append(dst, key...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(start))
	return binary.BigEndian.AppendUint32(dst, seq)
}

// SplitWindowKey is the opposite of AppendWindowKey. The key is a part of stored. Its
// error wraps stores.ErrLayout: stored is too short, or start is negative, which
// Kafka Streams never writes (Window).
func SplitWindowKey(stored []byte) (key []byte, start int64, seq uint32, err error) {
	n := len(stored) - WindowSuffix
	if n < 0 {
		return nil, 0, 0, Bad(stored, "has %d bytes, want a key, 8 bytes of window start and 4 of sequence number", len(stored))
	}
	start = int64(binary.BigEndian.Uint64(stored[n:]))
	if start < 0 {
		return nil, 0, 0, Bad(stored, "has the window start %d, want 0 or later", start)
	}
	return stored[:n:n], start, binary.BigEndian.Uint32(stored[n+TimestampBytes:]), nil
}

// AppendSessionKey appends `key end(8) start(8)` to dst (SessionKeySchema): the key
// of the session from start to end, both inclusive.
func AppendSessionKey(dst, key []byte, start, end int64) []byte {
	dst = append(dst, key...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(end))
	return binary.BigEndian.AppendUint64(dst, uint64(start))
}

// SplitSessionKey is the opposite of AppendSessionKey. The key is a part of stored.
// Its error wraps stores.ErrLayout: stored is too short, or not 0 <= start <= end,
// which Kafka Streams never writes (SessionWindow).
func SplitSessionKey(stored []byte) (key []byte, start, end int64, err error) {
	n := len(stored) - SessionSuffix
	if n < 0 {
		return nil, 0, 0, Bad(stored, "has %d bytes, want a key, 8 bytes of session end and 8 of session start", len(stored))
	}
	end = int64(binary.BigEndian.Uint64(stored[n:]))
	start = int64(binary.BigEndian.Uint64(stored[n+TimestampBytes:]))
	if start < 0 || end < start {
		return nil, 0, 0, Bad(stored, "has a session from %d to %d, want 0 <= start <= end", start, end)
	}
	return stored[:n:n], start, end, nil
}

// WindowRange is where the windows of the keys from fromKey to toKey, both
// inclusive, that begin at fromTime to toTime, both inclusive, lie in a store:
// from <= stored < to. Others may lie between them, since keys are of any length; the
// caller looks at each. nil keys are unbounded.
func WindowRange(fromKey, toKey []byte, fromTime, toTime int64) (from, to []byte) {
	return bounds(fromKey, toKey,
		AppendWindowKey(nil, nil, max(fromTime, 0), 0),
		AppendWindowKey(nil, nil, toTime, math.MaxUint32))
}

// SessionRange is as WindowRange, for the sessions that end at earliestEnd or later
// and begin at latestStart or before.
func SessionRange(fromKey, toKey []byte, earliestEnd, latestStart int64) (from, to []byte) {
	return bounds(fromKey, toKey,
		AppendSessionKey(nil, nil, 0, max(earliestEnd, 0)),
		AppendSessionKey(nil, nil, latestStart, math.MaxInt64))
}

// bounds encloses all `key suffix` with fromKey <= key <= toKey and low <= suffix <=
// high. Where several keys are asked for, one of them may begin another: `a` with a
// late time lies behind `a\x00` with an early one. So the lower bound is fromKey
// alone, and the upper one the largest of all beginnings of toKey with high behind.
// (OrderedBytes.upperRange of Kafka Streams 4.3 does not try all of them, and so
// misses windows before 2^56 ms of a key that the upper one continues with zeros.)
func bounds(fromKey, toKey, low, high []byte) (from, to []byte) {
	if fromKey != nil && toKey != nil && bytes.Equal(fromKey, toKey) {
		return bytes.Join([][]byte{fromKey, low}, nil), bytes.Join([][]byte{toKey, high, {0}}, nil)
	}
	if toKey == nil {
		return fromKey, nil
	}
	best := 0 // length of the beginning
	for n := 1; n <= len(toKey); n++ {
		if longer := toKey[best:n]; behind(longer, high) {
			best = n
		}
	}
	return fromKey, bytes.Join([][]byte{toKey[:best], high, {0}}, nil)
}

// behind is whether `more high` lies behind `high`.
func behind(more, high []byte) bool {
	n := min(len(more), len(high))
	c := bytes.Compare(more[:n], high[:n])
	return c > 0 || c == 0 && bytes.Compare(high, high[n:]) > 0
}
