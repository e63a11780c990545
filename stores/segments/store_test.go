package segments_test

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"restorebench/stores"
	"restorebench/stores/format"
	"restorebench/stores/memory"
	"restorebench/stores/rocks"
	"restorebench/stores/segments"
	"restorebench/stores/storetest"
)

// retention makes segments of a minute, of which the keys of the suite take three.
const retention = 120_000

func options(timestamped bool) segments.Options {
	return segments.Options{Name: "s", Retention: retention, Timestamped: timestamped, Time: startOf}
}

func startOf(key []byte) (int64, error) {
	_, start, _, err := format.SplitWindowKey(key)
	return start, err
}

// spread puts any key into one of the segments, at a time that never expires.
func spread(key []byte) []byte {
	return format.AppendWindowKey(nil, key, int64(crc32.ChecksumIEEE(key)%retention), 0)
}

// rocksSpace is a space in dir; timestamped stores have a column family of their own.
func rocksSpace(dir string, timestamped bool) stores.Space {
	o := rocks.Options{Topic: "s-changelog"}
	if timestamped {
		o.Family = rocks.TimestampedFamily
	}
	return rocks.NewSpace(dir, o)
}

func suite(timestamped bool) storetest.Harness {
	h := storetest.Harness{
		Ahead: true,
		Key:   spread,
		Open:  func(string) (stores.Store, error) { return segments.Open(memory.NewSpace(), options(timestamped)) },
	}
	if timestamped {
		h.Kept = func(value []byte) []byte { return format.AppendTimestamped(nil, 0, value) }
	}
	return h
}

func durable(h storetest.Harness, timestamped bool) storetest.Harness {
	h.Durable = true
	h.Open = func(dir string) (stores.Store, error) {
		return segments.Open(rocksSpace(dir, timestamped), options(timestamped))
	}
	return h
}

func TestMemory(t *testing.T) {
	storetest.Run(t, suite(false))
}

func TestMemoryTimestamped(t *testing.T) {
	storetest.Run(t, suite(true))
}

func TestRocks(t *testing.T) {
	storetest.Needs(t, rocks.Version)
	storetest.Seldom(t, 20)
	storetest.Run(t, durable(suite(false), false))
}

func TestRocksTimestamped(t *testing.T) {
	storetest.Needs(t, rocks.Version)
	storetest.Seldom(t, 20)
	storetest.Run(t, durable(suite(true), true))
}

// BenchmarkApply shows what segments cost: nothing is allocated per record.
func BenchmarkApply(b *testing.B) {
	for _, timestamped := range []bool{false, true} {
		s, err := segments.Open(memory.NewSpace(), options(timestamped))
		if err != nil {
			b.Fatal(err)
		}
		batch := &stores.Batch{}
		for i := range 4096 {
			batch.Append(spread(binary.BigEndian.AppendUint64(nil, uint64(i))), make([]byte, 100), 0, stores.Offset(i))
		}
		b.Run(map[bool]string{false: "plain", true: "timestamped"}[timestamped], func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; n < b.N; n += batch.Len() {
				if err := s.Apply(batch); err != nil {
					b.Fatal(err)
				}
			}
		})
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
