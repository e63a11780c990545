package targets

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"restorebench/bench/ceilings"
	"restorebench/harness/broker/brokertest"
	"restorebench/harness/spec"
)

func TestMain(m *testing.M) { os.Exit(brokertest.Main(m)) }

func rates(perSecond map[string]float64) (all []ceilings.Summary) {
	for name, rate := range perSecond {
		all = append(all, ceilings.Summary{Name: name, N: 5, RecordsPerSecond: ceilings.Figure{Median: rate}})
	}
	return all
}

func TestJudge(t *testing.T) {
	measured := map[string]float64{Drain: 2e6, Poll: 0.1e6, Memory: 1.7e6, Bulk: 1.09e6, Batch: 0.25e6, MemorySmall: 2e6, MemoryLarge: 1.7e6}
	met := map[string]bool{}
	for _, o := range Judge(rates(measured)) {
		met[o.Of+" / "+o.By] = o.Met()
	}
	for name, want := range map[string]bool{
		"memory / drain": true, "memory / poll": true, // 0.85 and 17
		"rocksdb bulk / drain": false, "rocksdb bulk / rocksdb batch": true, // 0.545 and 4.36
		"memory, 1/4 / memory, x2.5": false, // 1.18
	} {
		if got, there := met[name]; !there || got != want {
			t.Errorf("%s: met %v (%v), want %v", name, got, there, want)
		}
	}
	if len(met) != 5 {
		t.Errorf("%d targets were judged, want those with both measures: %v", len(met), met)
	}
}

// Every measure must process all of its records, or its rate means nothing.
func TestRun(t *testing.T) {
	o := Options{
		Run: fmt.Sprintf("test-%x", rand.Uint64()), Prefix: "restorebench", Brokers: brokertest.Start(t).Bootstrap(),
		Dir: t.TempDir(), Records: 10_000, Rounds: 2, Seed: 3, Memory: 16 << 20, Logf: t.Logf,
	}
	outcomes, measured, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	records := map[string]int64{MemorySmall: 2500, MemoryLarge: 25_000}
	for _, m := range measured {
		want := records[m.Name]
		if want == 0 {
			want = 10_000
		}
		if m.Records != want || m.Bytes != want*(keyBytes+valueBytes) || m.N != 2 {
			t.Errorf("%s: %d records, %d bytes, n %d; want %d records, twice", m.Name, m.Records, m.Bytes, m.N, want)
		}
	}
	if len(measured) != 12 || len(outcomes) != len(Targets) {
		t.Errorf("%d measures, %d outcomes", len(measured), len(outcomes))
	}
	nothingLeft(t, o)
}

func TestRunIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 1500*time.Millisecond)
	defer cancel()
	o := Options{
		Run: fmt.Sprintf("test-%x", rand.Uint64()), Prefix: "restorebench", Brokers: brokertest.Start(t).Bootstrap(),
		Dir: t.TempDir(), Records: 1_000_000, Rounds: 2, Seed: 3, Memory: 16 << 20, Logf: t.Logf,
	}
	if _, _, err := Run(ctx, o); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want an interruption", err)
	}
	nothingLeft(t, o)
}

// nothingLeft looks for a run's topics and stores; the directory is its caller's.
func nothingLeft(t *testing.T, o Options) {
	t.Helper()
	brokertest.NoTopics(t, o.Brokers, o.Run)
	left, err := os.ReadDir(o.Dir)
	for _, f := range left {
		if f.Name() != "snapshot" {
			t.Errorf("%s is left", f.Name())
		}
	}
	if err != nil {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	var bad *spec.Error
	if err := Check(999); !errors.As(err, &bad) || Check(1000) != nil {
		t.Errorf("%v", err)
	}
}
