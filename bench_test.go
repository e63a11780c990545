package restorebench_test

import (
	"os"
	"testing"

	"restorebench/bench/benchmarks"
	"restorebench/harness/broker/brokertest"
)

func TestMain(m *testing.M) { os.Exit(brokertest.Main(m)) }

// BenchmarkAll runs the benchmarks of ./bench. Typed without a dot,
//
//	go test -bench ./bench/...
//
// is not a list of packages but a pattern over this package's benchmarks: any
// name, then a sub-benchmark with "bench" in its name, then one of three letters
// or more. The names here match it.
func BenchmarkAll(b *testing.B) {
	for _, bm := range benchmarks.All {
		b.Run("bench="+bm.Name, bm.Run)
	}
}
