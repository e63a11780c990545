//go:build cgo && !norocksdb

package rocks

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"restorebench/stores"
)

// BenchmarkRestore applies records of a 16-byte random key and 100 bytes to a new store
// until they are durable: in single writes of 1,000 records, as Kafka Streams does it
// (max.poll.records of its restore consumer), and by bulk loading with 256 MiB. An
// operation is one restore. CPU-ns/record is that of the whole process.
func BenchmarkRestore(b *testing.B) {
	const records, memory = 4_000_000, 256 << 20
	for _, updates := range []int{1, 10} {
		for _, by := range []struct {
			mode  string
			batch int
		}{{"batch", 1000}, {"bulk", 4096}} {
			b.Run(fmt.Sprintf("updates=%d/mode=%s", updates, by.mode), func(b *testing.B) {
				batches := restoreBatches(records, records/updates, by.batch)
				b.SetBytes(records * 116)
				b.ResetTimer()
				cpu := 0.0
				for range b.N {
					b.StopTimer()
					s := open(b, b.TempDir(), options)
					before := cpuSeconds(b)
					b.StartTimer()
					restore(b, s, batches, by.mode == "bulk", memory)
					b.StopTimer()
					cpu += cpuSeconds(b) - before
					b.ReportMetric(float64(s.DiskBytes())/records, "disk-B/record")
					if err := s.Close(); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
				done := float64(b.N * records)
				b.ReportMetric(done/b.Elapsed().Seconds(), "records/s")
				b.ReportMetric(cpu/done*1e9, "CPU-ns/record")
			})
		}
	}
}

func restore(b *testing.B, s *Store, batches []stores.Batch, bulk bool, memory int64) {
	finish := s.Flush
	if bulk {
		finish = s.EndBulk
		if err := s.BeginBulk(memory); err != nil {
			b.Fatal(err)
		}
	}
	for i := range batches {
		if err := s.Apply(&batches[i]); err != nil {
			b.Fatal(err)
		}
	}
	if err := finish(); err != nil {
		b.Fatal(err)
	}
}

func restoreBatches(records, keys, batch int) []stores.Batch {
	random := rand.New(rand.NewPCG(1, 2))
	batches := make([]stores.Batch, 0, records/batch+1)
	key, value := make([]byte, 16), make([]byte, 100)
	for i := range records {
		if i%batch == 0 {
			batches = append(batches, stores.Batch{Arena: make([]byte, 0, batch*116), Entries: make([]stores.Entry, 0, batch)})
		}
		k := rand.NewPCG(uint64(random.IntN(keys)), 3)
		if records == keys {
			k = rand.NewPCG(uint64(i), 3)
		}
		binary.LittleEndian.PutUint64(key, k.Uint64())
		binary.LittleEndian.PutUint64(key[8:], k.Uint64())
		for j := 0; j+8 <= len(value); j += 8 {
			binary.LittleEndian.PutUint64(value[j:], random.Uint64())
		}
		batches[len(batches)-1].Append(key, value, 0, stores.Offset(i))
	}
	return batches
}

// cpuSeconds is the time that all threads of the process have used.
func cpuSeconds(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
