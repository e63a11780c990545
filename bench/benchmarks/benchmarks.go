// Package benchmarks holds the Go benchmarks of loading and restoring, in this
// process and against a real Kafka, so that the test files of ./bench and of the
// repository's root can both run them. Their names are key=value pairs, which
// benchstat reads and splits.
package benchmarks

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"restorebench/bench/benchmarks/sizes"
	"restorebench/harness/broker/brokertest"
	"restorebench/harness/changelog"
	"restorebench/harness/restore"
	"restorebench/harness/spec"
	"restorebench/harness/topology"
	"restorebench/harness/workload"
	"restorebench/stores"
	"restorebench/stores/memory"
	"restorebench/stores/rocks"
)

// Benchmark is one of them. Run makes a sub-benchmark per store and size.
type Benchmark struct {
	Name string
	Run  func(*testing.B)
}

// All lists the benchmarks in the order in which they run.
var All = []Benchmark{
	{"drain", Drain},
	{"load", Load},
	{"replay", Replay},
	{"local", Local},
	{"local+tail", LocalTail},
}

// engines open an empty store in a directory, or the one that is there.
var engines = []struct {
	name string
	open func(dir, topic string) (stores.Store, error)
}{
	{spec.StoreMemory, func(string, string) (stores.Store, error) { return memory.New(), nil }},
	{spec.StoreRocks, openRocks},
}

func openRocks(dir, topic string) (stores.Store, error) {
	return rocks.Open(dir, rocks.Options{Topic: topic, CreateIfMissing: true, Settings: rocks.KafkaStreams()})
}

// eachSize runs a sub-benchmark for every size that the flags ask for.
func eachSize(b *testing.B, run func(b *testing.B, w workload.Spec)) {
	s := spec.Default()
	for _, f := range []struct{ name, text string }{
		{"keys", *sizes.Keys}, {"value-bytes", *sizes.ValueBytes}, {"key-bytes", *sizes.KeyBytes},
	} {
		if err := s.Set(f.name, f.text, "-"+f.name); err != nil {
			b.Fatal(err)
		}
	}
	for _, keys := range s.Keys {
		for _, value := range s.ValueBytes {
			b.Run(fmt.Sprintf("keys=%s/value-bytes=%d", spec.FormatCount(keys), value), func(b *testing.B) {
				run(b, workload.New(1, 0, 1, keys, int(s.KeyBytes), int(value), 1, s.Tombstones, s.Tail[0]))
			})
		}
	}
}

// report adds the metrics that all benchmarks print: records and payload per
// second over the timed part, and what the process's resident memory grew by for
// each record.
func report(b *testing.B, records, bytes, memoryBytes int64) {
	seconds := b.Elapsed().Seconds()
	b.ReportMetric(float64(records)*float64(b.N)/seconds, "records/s")
	b.ReportMetric(float64(bytes)*float64(b.N)/seconds/1e6, "MB/s")
	b.ReportMetric(float64(max(memoryBytes, 0))/float64(records), "B/record")
}

// topic is a changelog that a workload has been loaded into.
type topic struct {
	name, bootstrap string
	records         int64
}

// newTopic creates an empty changelog that is deleted behind the benchmark.
func newTopic(b *testing.B) *topic {
	b.Helper()
	kafka := brokertest.Start(b)
	admin, err := changelog.NewAdmin(kafka.Bootstrap())
	if err != nil {
		b.Fatal(err)
	}
	t := &topic{name: changelog.TopicName(fmt.Sprintf("bench-%x", rand.Uint64()), "store"), bootstrap: kafka.Bootstrap()}
	if err := admin.Create(context.Background(), t.name, 1, changelog.TopicConfig(nil)); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		defer admin.Close()
		if err := admin.Delete(context.Background(), t.name); err != nil {
			b.Error(err)
		}
	})
	return t
}

// writer returns a writer whose producer is connected and has its id: the half
// second that takes is no part of a load.
func (t *topic) writer(b *testing.B) *changelog.Writer {
	b.Helper()
	w, err := changelog.NewWriter(t.bootstrap, t.name, 0, 10*time.Second, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(w.Close)
	first := &stores.Batch{}
	first.Append([]byte("first"), nil, 1, w.Next())
	ticket, err := w.Send(first)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := w.Wait(context.Background(), ticket); err != nil {
		b.Fatal(err)
	}
	return w
}

// load writes a workload to the topic and to s.
func (t *topic) load(b *testing.B, out *changelog.Writer, w workload.Spec, s stores.Store) {
	b.Helper()
	var p restore.Progress
	if _, err := topology.Load(context.Background(), &topology.LoadTask{}, w, out, s, nil, &p.Records); err != nil {
		b.Fatal(err)
	}
	t.records = p.Records.Load()
}

// write writes the records [from, to) of a workload to the topic.
func (t *topic) write(b *testing.B, out *changelog.Writer, w workload.Spec, from, to int64) {
	b.Helper()
	batch := changelog.NewBatch()
	for from < to {
		batch.Reset()
		from = w.Append(batch, from, to)
		ticket, err := out.Send(batch)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := out.Wait(context.Background(), ticket); err != nil {
			b.Fatal(err)
		}
	}
}

// restore brings s from where it stands to the topic's end and returns what it
// took out of the changelog.
func (t *topic) restore(b *testing.B, s stores.Store) restore.Result {
	b.Helper()
	r, err := changelog.NewReader(t.bootstrap, t.name, changelog.ReaderOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	begin, end, err := r.EndOffsets(0, 10*time.Second)
	if err != nil {
		b.Fatal(err)
	}
	saved, ok := s.Offset()
	span, err := restore.Plan(saved, ok, begin, end)
	if err != nil {
		b.Fatal(err)
	}
	if span.From == span.To {
		return restore.Result{}
	}
	p, err := r.Partition(0, span.From)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	res, err := restore.Apply(context.Background(), p, s, span, &restore.Progress{})
	if err != nil {
		b.Fatal(err)
	}
	return res
}

// copyStore copies the directory of a closed store.
func copyStore(b *testing.B, from string) string {
	b.Helper()
	to := filepath.Join(b.TempDir(), fmt.Sprintf("copy-%x", rand.Uint64()))
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		b.Fatal(err)
	}
	return to
}
