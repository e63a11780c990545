//go:build cgo && !norocksdb

package rocks

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/linxGnu/grocksdb"

	"restorebench/stores"
)

// BenchmarkOpen opens the files of 10 million records of 16 + 100 bytes, with the page cache warm, in turn as a store
// and by RocksDB alone with the same options. What the store adds is to look at the files and column families first, and to
// read the offset.
func BenchmarkOpen(b *testing.B) {
	const records = 10_000_000
	dir := b.TempDir()
	s := open(b, dir, options)
	if err := s.BeginBulk(256 << 20); err != nil {
		b.Fatal(err)
	}
	fill(b, s, records)
	if err := s.EndBulk(); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	o := Options{Topic: options.Topic, Partition: options.Partition, Settings: options.Settings}
	var ours, bare []time.Duration
	b.ResetTimer()
	for b.Loop() {
		start := time.Now()
		s, err := Open(dir, o)
		if err != nil {
			b.Fatal(err)
		}
		ours = append(ours, time.Since(start))
		if next, ok := s.Offset(); next != records || !ok {
			b.Fatalf("it is at offset %d, %v", next, ok)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		bare = append(bare, openBare(b, dir, o))
	}
	median := func(all []time.Duration) float64 {
		slices.Sort(all)
		return all[len(all)/2].Seconds() * 1000
	}
	b.ReportMetric(median(ours), "open-ms")
	b.ReportMetric(median(bare), "bare-ms")
}

// fill applies records of random keys.
func fill(b *testing.B, s *Store, records int) {
	key, value := make([]byte, 16), make([]byte, 100)
	random := rand.NewPCG(1, 2)
	batch := stores.Batch{}
	for i := range records {
		binary.LittleEndian.PutUint64(key, random.Uint64())
		binary.LittleEndian.PutUint64(key[8:], uint64(i))
		binary.LittleEndian.PutUint64(value, random.Uint64())
		batch.Append(key, value, 0, stores.Offset(i))
		batch.Next = stores.Offset(i) + 1
		if batch.Len() < 4096 && i < records-1 {
			continue
		}
		if err := s.Apply(&batch); err != nil {
			b.Fatal(err)
		}
		batch.Reset()
	}
}

// openBare is how long RocksDB alone takes.
func openBare(b *testing.B, dir string, o Options) time.Duration {
	options := newOpenOptions(o)
	defer options.destroy()
	names, familyOptions := o.families(options)
	start := time.Now()
	db, families, err := grocksdb.OpenDbColumnFamilies(options.db, dir, names, familyOptions)
	if err != nil {
		b.Fatal(err)
	}
	took := time.Since(start)
	for _, f := range families {
		f.Destroy()
	}
	db.Close()
	return took
}
