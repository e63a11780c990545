package memory_test

import (
	"testing"

	"restorebench/stores"
	"restorebench/stores/memory"
	"restorebench/stores/storetest"
)

var harness = storetest.Harness{
	Open: func(string) (stores.Store, error) { return memory.New(), nil },
}

func TestStore(t *testing.T) { storetest.Run(t, harness) }

func TestStoreWithDirectory(t *testing.T) {
	storetest.Seldom(t, 40)
	storetest.Run(t, storetest.Harness{Durable: true, Open: func(dir string) (stores.Store, error) {
		return memory.NewSpaceIn(dir, memory.Options{Topic: "t"}).Open("")
	}})
}

func BenchmarkApply(b *testing.B) {
	storetest.Benchmark(b, harness, 1_000_000, 100)
	storetest.Benchmark(b, harness, 4_000_000, 100)
}
