package format_test

import (
	"bytes"
	"errors"
	"testing"

	"restorebench/stores"
	"restorebench/stores/format"
)

// Bytes that a layout can be read from are made by its writer, and all others are
// stores.ErrLayout.
func FuzzLayouts(f *testing.F) {
	f.Add(format.AppendWindowKey(nil, []byte("key"), 60_000, 1))
	f.Add(format.AppendSessionKey(nil, []byte("key"), 5, 6))
	f.Add([]byte{0xff})
	f.Fuzz(func(t *testing.T, stored []byte) {
		layout := func(err error, again func() []byte) {
			t.Helper()
			if err != nil && !errors.Is(err, stores.ErrLayout) {
				t.Errorf("%v, which is not stores.ErrLayout", err)
			}
			if err == nil && !bytes.Equal(again(), stored) {
				t.Errorf("%x, made again: %x", stored, again())
			}
		}
		key, start, seq, err := format.SplitWindowKey(stored)
		layout(err, func() []byte { return format.AppendWindowKey(nil, key, start, seq) })
		key, start, end, err := format.SplitSessionKey(stored)
		layout(err, func() []byte { return format.AppendSessionKey(nil, key, start, end) })
		timestamp, value, err := format.SplitTimestamped(nil, stored)
		layout(err, func() []byte { return format.AppendTimestamped(nil, timestamp, value) })
	})
}
