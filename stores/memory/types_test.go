package memory_test

import (
	"hash/crc32"
	"testing"

	"restorebench/stores"
	"restorebench/stores/format"
	"restorebench/stores/memory"
	"restorebench/stores/storetest"
	"restorebench/stores/timestamped"
	"restorebench/stores/window"
)

// The types over snapshots: a window store has several of them, which come back as of
// their own last flush.
func TestWindowsWithDirectory(t *testing.T) {
	const retention = 120_000
	storetest.Seldom(t, 10)
	storetest.Run(t, storetest.Harness{
		Durable: true,
		Ahead:   true,
		Key: func(key []byte) []byte {
			return format.AppendWindowKey(nil, key, int64(crc32.ChecksumIEEE(key)%retention), 0)
		},
		Open: func(dir string) (stores.Store, error) {
			return window.New(memory.NewSpaceIn(dir, options), window.Options{Name: "w", Retention: retention, WindowSize: 10})
		},
	})
}

func TestTimestampedWithDirectory(t *testing.T) {
	storetest.Seldom(t, 20)
	storetest.Run(t, storetest.Harness{
		Durable: true,
		Kept:    func(value []byte) []byte { return format.AppendTimestamped(nil, 0, value) },
		Open: func(dir string) (stores.Store, error) {
			s, err := memory.NewSpaceIn(dir, options).Open("")
			if err != nil {
				return nil, err
			}
			return timestamped.New("", s.(stores.Ordered)), nil
		},
	})
}
