// Package bench_test runs the benchmarks; its sub-packages make suites, figures
// and charts of many trials.
package bench_test

import (
	"os"
	"testing"

	"restorebench/bench/benchmarks"
	"restorebench/harness/broker/brokertest"
)

func TestMain(m *testing.M) { os.Exit(brokertest.Main(m)) }

func BenchmarkDrain(b *testing.B)     { benchmarks.Drain(b) }
func BenchmarkLoad(b *testing.B)      { benchmarks.Load(b) }
func BenchmarkReplay(b *testing.B)    { benchmarks.Replay(b) }
func BenchmarkLocal(b *testing.B)     { benchmarks.Local(b) }
func BenchmarkLocalTail(b *testing.B) { benchmarks.LocalTail(b) }
