package ceilings_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"restorebench/bench/ceilings"
	"restorebench/harness/broker/brokertest"
	"restorebench/harness/changelog"
	"restorebench/stores"
)

func TestMain(m *testing.M) { os.Exit(brokertest.Main(m)) }

// readers are the ceilings that read a topic.
var readers = map[string]func(context.Context, ceilings.Source) (ceilings.Result, error){
	ceilings.NameWire: ceilings.Wire, ceilings.NameFetch: ceilings.Fetch, ceilings.NameDrain: ceilings.Drain, ceilings.NamePoll: ceilings.Poll,
}

// newTopic creates a topic that is deleted behind the test.
func newTopic(t *testing.T, partitions int, config map[string]string) (brokers, topic string) {
	t.Helper()
	b := brokertest.Start(t)
	admin, err := changelog.NewAdmin(b.Bootstrap())
	if err != nil {
		t.Fatal(err)
	}
	topic = fmt.Sprintf("test-%x", rand.Uint64())
	t.Cleanup(func() {
		defer admin.Close()
		if err := admin.Delete(context.Background(), topic); err != nil {
			t.Error(err)
		}
	})
	if err := admin.Create(t.Context(), topic, partitions, config); err != nil {
		t.Fatal(err)
	}
	return b.Bootstrap(), topic
}

// producer writes to the partitions that records name.
func producer(t *testing.T, brokers string, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	p, err := kgo.NewClient(append(options, kgo.SeedBrokers(brokers), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// keyed makes n records with the keys of the numbers first, first + step and so on.
func keyed(topic string, partition int32, first, step, n int) (records []*kgo.Record) {
	for i := range n {
		id := first + i*step
		records = append(records, &kgo.Record{
			Topic: topic, Partition: partition,
			Key: fmt.Appendf(nil, "key-%d", id), Value: bytes.Repeat([]byte{byte(id)}, id%40),
		})
	}
	return records
}

// write sends records as one batch.
func write(t *testing.T, p *kgo.Client, records []*kgo.Record) {
	t.Helper()
	if err := p.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

func payload(records []*kgo.Record) (n int64) {
	for _, r := range records {
		n += int64(len(r.Key) + len(r.Value))
	}
	return n
}

// source is the whole of a topic.
func source(t *testing.T, brokers, topic string, partitions int) ceilings.Source {
	t.Helper()
	s, err := ceilings.NewSource(brokers, topic, partitions, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// between is a span of partition 0.
func between(s ceilings.Source, from, to stores.Offset) ceilings.Source {
	s.Spans = []changelog.Span{{From: from, To: to}}
	return s
}

// count reads a source with each reader and checks how many records they find.
func count(t *testing.T, s ceilings.Source, want int64, names ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, name := range names {
		res, err := readers[name](ctx, s)
		if err != nil || res.Records != want {
			t.Errorf("%s of %v: %d records (%v), want %d", name, s.Spans, res.Records, err, want)
		}
	}
}

func TestCounts(t *testing.T) {
	all := []string{ceilings.NameWire, ceilings.NameFetch, ceilings.NameDrain, ceilings.NamePoll}
	for codec, compression := range map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	} {
		t.Run(codec, func(t *testing.T) {
			brokers, topic := newTopic(t, 1, nil)
			p := producer(t, brokers, kgo.ProducerBatchCompression(compression))
			var bytes int64
			for i := range 5 {
				records := keyed(topic, 0, 100*i, 1, 100)
				bytes += payload(records)
				write(t, p, records)
			}
			s := source(t, brokers, topic, 1)
			count(t, s, 500, all...)
			count(t, between(s, 150, 333), 183, all...) // both ends in the middle of a batch
			count(t, between(s, 110, 120), 10, all...)  // of the same one
			count(t, between(s, 100, 200), 100, all...)
			count(t, between(s, 499, 500), 1, all...)
			count(t, between(s, 77, 77), 0, all...)
			for _, name := range all[1:] {
				if res, err := readers[name](t.Context(), s); err != nil || res.Bytes != bytes || res.Elapsed <= 0 {
					t.Errorf("%s: %+v (%v), want %d bytes", name, res, err, bytes)
				}
			}
		})
	}
}

// The wire's bytes are those that cross it: more than the payload, or less once it is
// compressed.
func TestWireBytes(t *testing.T) {
	for _, c := range []struct {
		codec kgo.CompressionCodec
		less  bool
	}{{kgo.NoCompression(), false}, {kgo.ZstdCompression(), true}} {
		brokers, topic := newTopic(t, 1, nil)
		records := keyed(topic, 0, 0, 1, 5000)
		write(t, producer(t, brokers, kgo.ProducerBatchCompression(c.codec)), records)
		res, err := ceilings.Wire(t.Context(), source(t, brokers, topic, 1))
		if err != nil || (res.Bytes < payload(records)) != c.less {
			t.Errorf("%d bytes for a payload of %d (%v)", res.Bytes, payload(records), err)
		}
	}
}

func TestSeveralPartitions(t *testing.T) {
	brokers, topic := newTopic(t, 3, nil)
	p := producer(t, brokers)
	for partition, n := range []int{300, 0, 40} {
		write(t, p, keyed(topic, int32(partition), 0, 1, n))
	}
	all := []string{ceilings.NameWire, ceilings.NameFetch, ceilings.NameDrain, ceilings.NamePoll}
	s := source(t, brokers, topic, 3)
	count(t, s, 340, all...)
	s.Spans = []changelog.Span{{Partition: 0, From: 5, To: 300}, {Partition: 2, From: 3, To: 4}} // one is through early
	count(t, s, 296, all...)
}

// More than one response, and batches that the end of a response cuts off.
func TestManyResponses(t *testing.T) {
	brokers, topic := newTopic(t, 1, nil)
	p := producer(t, brokers, kgo.ProducerBatchCompression(kgo.NoCompression()))
	const batches, each = 60, 9
	for range batches { // 54 MB
		var records []*kgo.Record
		for range each {
			records = append(records, &kgo.Record{Topic: topic, Key: []byte("k"), Value: make([]byte, 100_000)})
		}
		write(t, p, records)
	}
	s := source(t, brokers, topic, 1)
	count(t, s, batches*each, ceilings.NameWire, ceilings.NameDrain)
	count(t, between(s, 4, batches*each-5), batches*each-9, ceilings.NameWire, ceilings.NameDrain)
}

// A record without a key goes over the wire and out of librdkafka like any other.
func TestNullKeys(t *testing.T) {
	brokers, topic := newTopic(t, 1, nil)
	write(t, producer(t, brokers), []*kgo.Record{
		{Topic: topic, Value: []byte("x")}, {Topic: topic, Key: []byte("a")}, {Topic: topic, Key: []byte("b"), Value: []byte("y")},
	})
	count(t, source(t, brokers, topic, 1), 3, ceilings.NameWire, ceilings.NameFetch, ceilings.NameDrain, ceilings.NamePoll)
}

// Markers are never data; records of aborted transactions are under the default of a
// restore, and are not under read_committed, which is the default of a poll.
func TestTransactions(t *testing.T) {
	brokers, topic := newTopic(t, 1, nil)
	a := producer(t, brokers, kgo.TransactionalID("a-"+topic))
	b := producer(t, brokers, kgo.TransactionalID("b-"+topic))
	begin := func(p *kgo.Client) {
		if err := p.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
	}
	// The coordinator answers before it writes the marker: without waiting for that, others would write first.
	end := func(p *kgo.Client, how kgo.TransactionEndTry, marker stores.Offset) {
		if err := p.EndTransaction(t.Context(), how); err != nil {
			t.Fatal(err)
		}
		for source(t, brokers, topic, 1).Spans[0].To <= marker {
			time.Sleep(10 * time.Millisecond)
		}
	}
	begin(a)
	write(t, a, keyed(topic, 0, 0, 1, 4)) // 0 to 3
	end(a, kgo.TryCommit, 4)
	begin(a)
	begin(b)
	write(t, a, keyed(topic, 0, 10, 1, 2))                    // 5, 6: aborted
	write(t, b, keyed(topic, 0, 20, 1, 3))                    // 7 to 9
	write(t, producer(t, brokers), keyed(topic, 0, 30, 1, 5)) // 10 to 14, in no transaction
	write(t, a, keyed(topic, 0, 40, 1, 3))                    // 15 to 17: aborted
	end(a, kgo.TryAbort, 18)
	end(b, kgo.TryCommit, 19)
	begin(a)
	write(t, a, keyed(topic, 0, 50, 1, 6)) // 20 to 25
	end(a, kgo.TryCommit, 26)              // the last one: a marker

	s := source(t, brokers, topic, 1)
	if s.Spans[0].To != 27 {
		t.Fatalf("the topic ends at %d, want 27", s.Spans[0].To)
	}
	committed := s
	committed.Consumer = changelog.Settings{"isolation.level": "read_committed"}
	for _, c := range []struct {
		from, to       stores.Offset
		all, committed int64
	}{{0, 27, 23, 18}, {6, 16, 10, 8}, {6, 21, 13, 9}, {16, 20, 2, 0}, {26, 27, 0, 0}} {
		count(t, between(s, c.from, c.to), c.all, ceilings.NameWire, ceilings.NameDrain)
		count(t, between(committed, c.from, c.to), c.committed, ceilings.NameWire, ceilings.NameFetch, ceilings.NameDrain, ceilings.NamePoll)
	}
}

// Batches that compaction has made holes in, cut by the ends of a span, count what is
// left in them.
func TestCompactedTopic(t *testing.T) {
	brokers, topic := newTopic(t, 1, map[string]string{
		"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.001", "segment.ms": "50",
	})
	p := producer(t, brokers, kgo.ProducerBatchCompression(kgo.Lz4Compression()))
	write(t, p, keyed(topic, 0, 0, 1, 100)) // 0 to 99
	write(t, p, keyed(topic, 0, 0, 2, 50))  // 100 to 149: overwrites every other one
	time.Sleep(100 * time.Millisecond)      // segment.ms
	write(t, p, keyed(topic, 0, 1000, 1, 1))
	s := source(t, brokers, topic, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // the cleaner looks every 15 s
	defer cancel()
	for {
		res, err := ceilings.Wire(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		if res.Records < 151 {
			break
		}
		time.Sleep(time.Second)
	}
	all := []string{ceilings.NameWire, ceilings.NameFetch, ceilings.NameDrain, ceilings.NamePoll}
	count(t, s, 101, all...)
	count(t, between(s, 10, 21), 5, all...)
	count(t, between(s, 11, 12), 1, all...)
	count(t, between(s, 12, 13), 0, all...)
	count(t, between(s, 50, 130), 55, all...)
}
