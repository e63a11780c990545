package storetest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"testing"

	"restorebench/stores"
)

const (
	benchKeyBytes     = 16
	benchBatchRecords = 4096
)

// Benchmark measures Apply as a restore uses it: batches of 4,096 records of a
// 16-byte random key and a value, into a new store, and a Flush at the end. An
// operation is one record. The cases are named key=value for benchstat:
//
//	order=first: every key is new
//	order=again: every key is overwritten, as in a changelog not yet compacted
//
// keys and valueBytes size the workload. RSS-B/record is the growth of the
// process's resident memory by the last full store, for a store that keeps all of
// it in memory.
func Benchmark(b *testing.B, h Harness, keys, valueBytes int) {
	batches := benchBatches(keys, valueBytes)
	for _, order := range []string{"first", "again"} {
		b.Run(fmt.Sprintf("keys=%d/value=%d/order=%s", keys, valueBytes, order), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(benchKeyBytes + valueBytes))
			applied, grown := 0, 0.0
			for applied < b.N {
				b.StopTimer()
				s, err := h.Open(b.TempDir())
				if err != nil {
					b.Fatal(err)
				}
				if order == "again" {
					applyAll(b, s, batches, keys)
				}
				before := residentBytes()
				b.StartTimer()
				n := applyAll(b, s, batches, b.N-applied)
				b.StopTimer()
				applied, grown = applied+n, (residentBytes()-before)/float64(n)
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(applied)/b.Elapsed().Seconds(), "records/s")
			if order == "first" && b.N >= keys && !h.Durable {
				b.ReportMetric(grown, "RSS-B/record")
			}
		})
	}
}

// applyAll applies the batches until they or limit is reached, and flushes.
func applyAll(b *testing.B, s stores.Store, batches []stores.Batch, limit int) (records int) {
	for i := range batches {
		if records >= limit {
			break
		}
		if err := s.Apply(&batches[i]); err != nil {
			b.Fatal(err)
		}
		records += batches[i].Len()
	}
	if err := s.Flush(); err != nil {
		b.Fatal(err)
	}
	return records
}

func benchBatches(keys, valueBytes int) []stores.Batch {
	random := rand.New(rand.NewPCG(1, 2))
	batches := make([]stores.Batch, 0, keys/benchBatchRecords+1)
	key, value := make([]byte, benchKeyBytes), make([]byte, valueBytes)
	for i := range keys {
		if i%benchBatchRecords == 0 {
			batches = append(batches, stores.Batch{
				Arena:   make([]byte, 0, benchBatchRecords*(benchKeyBytes+valueBytes)),
				Entries: make([]stores.Entry, 0, benchBatchRecords),
			})
		}
		binary.LittleEndian.PutUint64(key, random.Uint64())
		binary.LittleEndian.PutUint64(key[8:], random.Uint64())
		for j := 0; j+8 <= len(value); j += 8 {
			binary.LittleEndian.PutUint64(value[j:], random.Uint64())
		}
		batches[len(batches)-1].Append(key, value, 0, stores.Offset(i))
	}
	return batches
}

// residentBytes is the memory of this process that is in RAM, after whatever the
// collector can give back; 0 where the system does not tell.
func residentBytes() float64 {
	debug.FreeOSMemory()
	var size, resident float64
	statm, _ := os.ReadFile("/proc/self/statm")
	_, _ = fmt.Sscan(string(statm), &size, &resident)
	return resident * float64(os.Getpagesize())
}
