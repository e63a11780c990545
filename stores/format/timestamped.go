package format

import (
	"encoding/binary"
	"fmt"
	"math"

	"restorebench/internal/defect"
	"restorebench/stores"
)

// TimestampBytes is the length of a timestamp, in a value as in a key.
const TimestampBytes = 8

// AppendTimestamped appends `timestamp(8) value` to dst, which is how a timestamped
// store keeps a value (ValueAndTimestampSerializer). In the changelog the value
// stands alone, and the timestamp is the record's.
func AppendTimestamped(dst []byte, timestamp int64, value []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(timestamp))
	return append(dst, value...)
}

// SplitTimestamped is the opposite of AppendTimestamped. The value is a part of
// stored, empty but not nil where nothing follows the timestamp. The key is for the
// error only, which wraps stores.ErrLayout where stored is too short.
func SplitTimestamped(key, stored []byte) (timestamp int64, value []byte, err error) {
	if len(stored) < TimestampBytes {
		return 0, nil, Bad(key, "has a value of %d bytes, want 8 bytes of timestamp before the value", len(stored))
	}
	return int64(binary.BigEndian.Uint64(stored)), stored[TimestampBytes:], nil
}

// GetTimestamped is what get, a store's Get, returns for a key, taken apart; a nil
// value when the key is absent.
func GetTimestamped(get func(key []byte) ([]byte, error), key []byte) (value []byte, timestamp int64, err error) {
	stored, err := get(key)
	if err != nil || stored == nil {
		return nil, 0, err
	}
	timestamp, value, err = SplitTimestamped(key, stored)
	return value, timestamp, err
}

// FitsTimestamped is an error when b would be too large with its timestamps.
func FitsTimestamped(b *stores.Batch) error {
	if len(b.Arena)+TimestampBytes*b.Len() > math.MaxUint32 {
		return fmt.Errorf("a batch of %d bytes and %d records is too large, want at most 4 GiB with 8 bytes more per record",
			len(b.Arena), b.Len())
	}
	return nil
}

// AppendRecord adds record i of b to dst as a timestamped store keeps it. See FitsTimestamped.
func AppendRecord(dst, b *stores.Batch, i int) {
	e := b.Entries[i]
	e.Pos = uint32(len(dst.Arena))
	dst.Arena = append(dst.Arena, b.Key(i)...)
	e.ValuePos = uint32(len(dst.Arena))
	if e.ValueLen != stores.Tombstone {
		e.ValueLen += TimestampBytes
		if defect.Is(defect.TimestampLost) {
			e.Timestamp = 0
		}
		dst.Arena = AppendTimestamped(dst.Arena, e.Timestamp, b.Value(i))
	}
	dst.Entries = append(dst.Entries, e)
}
