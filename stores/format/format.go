// Package format is the bytes of Kafka Streams' stores, written and read: values
// with their timestamp, and the keys of windows and sessions. All integers are
// big-endian, all times are milliseconds since the epoch. What does not parse is an
// error that wraps stores.ErrLayout and names the key; nothing is guessed.
package format

import (
	"encoding/binary"
	"fmt"

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

// Bad is an error that wraps stores.ErrLayout: the key in hexadecimal, what was
// found there, and what was expected.
func Bad(key []byte, format string, args ...any) error {
	return fmt.Errorf("%w: key %s %s", stores.ErrLayout, shorten(key), fmt.Sprintf(format, args...))
}

// shown is how many bytes of a key an error shows: enough for any key that a person
// would look for, less than the 64 KiB that a key may have.
const shown = 256

func shorten(key []byte) string {
	if len(key) <= shown {
		return fmt.Sprintf("%x", key)
	}
	return fmt.Sprintf("%x... (%d bytes)", key[:shown], len(key))
}
