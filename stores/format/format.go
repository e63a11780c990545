// Package format is the bytes of Kafka Streams' stores, written and read: values
// with their timestamp, and the keys of windows and sessions. All integers are
// big-endian, all times are milliseconds since the epoch. What does not parse is an
// error that wraps stores.ErrLayout and names the key; nothing is guessed.
package format

import (
	"fmt"

	"restorebench/stores"
)

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
