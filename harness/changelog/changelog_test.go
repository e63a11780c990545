package changelog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"restorebench/harness/broker/brokertest"
	"restorebench/harness/changelog"
	"restorebench/stores"
)

func TestMain(m *testing.M) { os.Exit(brokertest.Main(m)) }

// newTopic creates a topic that is deleted behind the test.
func newTopic(tb testing.TB, config map[string]string) (bootstrap, topic string) {
	tb.Helper()
	b := brokertest.Start(tb)
	admin, err := changelog.NewAdmin(b.Bootstrap())
	if err != nil {
		tb.Fatal(err)
	}
	topic = changelog.TopicName(fmt.Sprintf("test-%x", rand.Uint64()), "store")
	tb.Cleanup(func() {
		defer admin.Close()
		if err := admin.Delete(context.Background(), topic); err != nil {
			tb.Error(err)
		}
	})
	if err := admin.Create(context.Background(), topic, 1, config); err != nil {
		tb.Fatal(err)
	}
	return b.Bootstrap(), topic
}

type rec struct {
	key, value []byte
	ts         int64
}

// write sends records as one batch and returns the next offset.
func write(tb testing.TB, bootstrap, topic string, settings changelog.Settings, records ...rec) stores.Offset {
	tb.Helper()
	w, err := changelog.NewWriter(bootstrap, topic, 0, 10*time.Second, settings)
	if err != nil {
		tb.Fatal(err)
	}
	defer w.Close()
	b := &stores.Batch{}
	for i, r := range records {
		if !b.Append(r.key, r.value, r.ts, stores.Offset(i)) {
			tb.Fatal("batch is full")
		}
	}
	ticket, err := w.Send(b)
	if err != nil {
		tb.Fatal(err)
	}
	next, err := w.Wait(context.Background(), ticket)
	if err != nil {
		tb.Fatal(err)
	}
	return next
}

// A writer that is closed again does not free librdkafka's client twice, and a reader neither.
func TestCloseTwice(t *testing.T) {
	bootstrap, topic := newTopic(t, nil)
	w, err := changelog.NewWriter(bootstrap, topic, 0, 10*time.Second, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := changelog.NewReader(bootstrap, topic, changelog.ReaderOptions{Fetcher: changelog.FetcherLibrdkafka})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w.Close()
		r.Close()
	}
}

// fetchers are the ways in which a topic is read; each must deliver the same.
var fetchers = []string{changelog.FetcherWire, changelog.FetcherLibrdkafka}

// read reads from until stop with every fetcher, checks that positions and offsets fit
// together, and that all of them deliver the same.
func read(tb testing.TB, bootstrap, topic string, from, stop stores.Offset, b *stores.Batch) (got []rec, nulls int64) {
	tb.Helper()
	for i, fetcher := range fetchers {
		records, skipped := readBy(tb, fetcher, bootstrap, topic, from, stop, b)
		if i > 0 {
			equal(tb, records, got)
		}
		if i > 0 && skipped != nulls {
			tb.Fatalf("%s skipped %d null keys, want %d", fetcher, skipped, nulls)
		}
		got, nulls = records, skipped
	}
	return got, nulls
}

func readBy(tb testing.TB, fetcher, bootstrap, topic string, from, stop stores.Offset, b *stores.Batch) (got []rec, nulls int64) {
	tb.Helper()
	r, err := changelog.NewReader(bootstrap, topic, changelog.ReaderOptions{Fetcher: fetcher})
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Close()
	p, err := r.Partition(0, from)
	if err != nil {
		tb.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for at := from; at < stop; at = b.Next {
		if err := p.Read(ctx, b, stop, 100*time.Millisecond); err != nil {
			tb.Fatal(err)
		}
		if b.Next < at || b.Next > stop {
			tb.Fatalf("position went from %d to %d, stop is %d", at, b.Next, stop)
		}
		nulls += b.NullKeys
		for i := range b.Len() {
			if o := b.Entries[i].Offset; o < int64(at) || o >= int64(b.Next) {
				tb.Fatalf("record at offset %d in the batch [%d, %d)", o, at, b.Next)
			}
			got = append(got, rec{bytes.Clone(b.Key(i)), bytes.Clone(b.Value(i)), b.Entries[i].Timestamp})
		}
	}
	return got, nulls
}

func equal(tb testing.TB, got, want []rec) {
	tb.Helper()
	if len(got) != len(want) {
		tb.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range want {
		g, w := got[i], want[i]
		if !bytes.Equal(g.key, w.key) || !bytes.Equal(g.value, w.value) || (g.value == nil) != (w.value == nil) || g.ts != w.ts {
			t := func(r rec) string {
				return fmt.Sprintf("%.20x=%.20x (nil: %v)@%d", r.key, r.value, r.value == nil, r.ts)
			}
			tb.Fatalf("record %d: %s, want %s", i, t(g), t(w))
		}
	}
}

func TestRoundTrip(t *testing.T) {
	bootstrap, topic := newTopic(t, map[string]string{"max.message.bytes": fmt.Sprint(changelog.MessageBytes(64<<10, 1<<20))})
	records := []rec{
		{[]byte("a"), []byte("1"), 1},
		{[]byte("a"), nil, 2},              // tombstone
		{[]byte("b"), []byte{}, 3},         // empty is not null
		{[]byte{}, []byte("empty key"), 4}, // nor for a key
		{[]byte{}, []byte{}, 5},
		{[]byte{0, 0xff}, []byte{0xff, 0}, 6},
		{bytes.Repeat([]byte("k"), 64<<10), bytes.Repeat([]byte("v"), 1<<20), 1},
	}
	next := write(t, bootstrap, topic, changelog.Settings{"message.max.bytes": "2000000"}, records...)
	if next != stores.Offset(len(records)) {
		t.Fatalf("next offset %d, want %d", next, len(records))
	}
	got, _ := read(t, bootstrap, topic, 0, next, changelog.NewBatch())
	equal(t, got, records)

	// A batch with room for two records, or for few bytes, gets the same in pieces.
	small := &stores.Batch{Arena: make([]byte, 0, 4), Entries: make([]stores.Entry, 0, 2)}
	got, _ = read(t, bootstrap, topic, 0, next, small)
	equal(t, got, records)

	got, _ = read(t, bootstrap, topic, 2, 5, changelog.NewBatch())
	equal(t, got, records[2:5])
}

func TestManyBatches(t *testing.T) {
	bootstrap, topic := newTopic(t, changelog.TopicConfig(nil))
	var want []rec
	w, err := changelog.NewWriter(bootstrap, topic, 0, 10*time.Second, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var tickets []changelog.Ticket
	b := &stores.Batch{}
	for n := range 50 {
		b.Reset()
		for i := range 500 {
			r := rec{fmt.Appendf(nil, "k%d", i), fmt.Appendf(nil, "v%d-%d", n, i), int64(n + 1)}
			b.Append(r.key, r.value, r.ts, 0)
			want = append(want, r)
		}
		ticket, err := w.Send(b)
		if err != nil {
			t.Fatal(err)
		}
		tickets = append(tickets, ticket)
	}
	var next stores.Offset
	for i, ticket := range tickets {
		if next, err = w.Wait(context.Background(), ticket); err != nil {
			t.Fatal(err)
		}
		if want := stores.Offset(500 * (i + 1)); next != want {
			t.Fatalf("after batch %d the next offset is %d, want %d", i, next, want)
		}
	}
	got, _ := read(t, bootstrap, topic, 0, next, changelog.NewBatch())
	equal(t, got, want)
}

func TestNullKeysAreCountedAndSkipped(t *testing.T) {
	bootstrap, topic := newTopic(t, nil) // a compacted topic refuses null keys
	produce(t, bootstrap, topic, "", [][2][]byte{
		{nil, []byte("x")}, {[]byte("a"), []byte("1")}, {nil, nil}, {[]byte("b"), []byte("2")}, {nil, []byte("y")},
	}, false)
	got, nulls := read(t, bootstrap, topic, 0, 5, changelog.NewBatch())
	if nulls != 3 || len(got) != 2 || string(got[0].key) != "a" || string(got[1].key) != "b" {
		t.Fatalf("%d null keys and %v", nulls, got)
	}
}

// produce writes through confluent-kafka-go's own producer, in a transaction if
// id is set, which is aborted on request.
func produce(tb testing.TB, bootstrap, topic, id string, records [][2][]byte, abort bool) {
	tb.Helper()
	conf := kafka.ConfigMap{"bootstrap.servers": bootstrap, "linger.ms": 0}
	if id != "" {
		conf["transactional.id"] = id
	}
	p, err := kafka.NewProducer(&conf)
	if err != nil {
		tb.Fatal(err)
	}
	defer p.Close()
	check := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	ctx := context.Background()
	if id != "" {
		check(p.InitTransactions(ctx))
		check(p.BeginTransaction())
	}
	for _, r := range records {
		done := make(chan kafka.Event, 1)
		check(p.Produce(&kafka.Message{
			TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: 0}, Key: r[0], Value: r[1],
		}, done))
		check((<-done).(*kafka.Message).TopicPartition.Error)
	}
	if id == "" {
		return
	}
	if abort {
		check(p.AbortTransaction(ctx))
	} else {
		check(p.CommitTransaction(ctx))
	}
}

// The log's last offset can be a transaction marker, which no record stands for:
// whoever waits for a record at end-1 waits forever.
func TestPositionMovesOverMarkers(t *testing.T) {
	bootstrap, topic := newTopic(t, changelog.TopicConfig(nil))
	produce(t, bootstrap, topic, "tx-"+topic, [][2][]byte{{[]byte("a"), []byte("1")}}, false)
	produce(t, bootstrap, topic, "tx-"+topic, [][2][]byte{{[]byte("b"), []byte("2")}}, true)
	for _, fetcher := range fetchers {
		t.Run(fetcher, func(t *testing.T) { committedOnly(t, fetcher, bootstrap, topic) })
	}
}

func committedOnly(t *testing.T, fetcher, bootstrap, topic string) {
	r, err := changelog.NewReader(bootstrap, topic, changelog.ReaderOptions{
		Fetcher: fetcher, Settings: changelog.Settings{"isolation.level": "read_committed"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	begin, end, err := r.EndOffsets(0, 10*time.Second)
	if err != nil || begin != 0 || end != 4 { // a, commit marker, b, abort marker
		t.Fatalf("offsets [%d, %d): %v", begin, end, err)
	}
	p, err := r.Partition(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var keys []string
	b := changelog.NewBatch()
	for b.Next < end {
		if err := p.Read(ctx, b, end, 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			keys = append(keys, string(b.Key(i)))
		}
	}
	if fmt.Sprint(keys) != "[a]" {
		t.Fatalf("read %v, want the committed record only", keys)
	}
}

func TestOffsetOutOfRange(t *testing.T) {
	bootstrap, topic := newTopic(t, changelog.TopicConfig(nil))
	write(t, bootstrap, topic, nil, rec{[]byte("a"), []byte("1"), 1})
	for _, fetcher := range fetchers {
		t.Run(fetcher, func(t *testing.T) { outOfRange(t, fetcher, bootstrap, topic) })
	}
}

func outOfRange(t *testing.T, fetcher, bootstrap, topic string) {
	p := partition(t, fetcher, bootstrap, topic, 100)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	b, err := changelog.NewBatch(), error(nil)
	for {
		if err = p.Read(ctx, b, 200, 100*time.Millisecond); err != nil {
			break
		}
	}
	if !errors.Is(err, changelog.ErrOffsetOutOfRange) {
		t.Fatalf("%v, want ErrOffsetOutOfRange", err)
	}
}

func TestTooLargeRecord(t *testing.T) {
	bootstrap, topic := newTopic(t, changelog.TopicConfig(nil))
	w, err := changelog.NewWriter(bootstrap, topic, 0, 10*time.Second, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	b := &stores.Batch{}
	b.Append([]byte("k"), make([]byte, 2<<20), 0, 0)
	if _, err := w.Send(b); !errors.Is(err, changelog.ErrRecordTooLarge) {
		t.Fatalf("%v, want ErrRecordTooLarge", err)
	}
}

// batchBytes is what a batch of one record has beside the value, whose key has a byte and whose value has 8 KiB to 1 MiB: a header of 61 bytes;
// the lengths of the record and its value, of 3 bytes each; that of its key and the key itself; its attributes, two differences to
// the header, and the number of its headers.
const batchBytes = 61 + 2*3 + 2 + 4

// A batch of as many bytes as the broker lets through is written. One byte more is an error, and nothing is written.
func TestRecordAtTheLimit(t *testing.T) {
	const limit = 100_000
	bootstrap, topic := newTopic(t, map[string]string{"retention.ms": "-1", "max.message.bytes": fmt.Sprint(limit)})
	w, err := changelog.NewWriter(bootstrap, topic, 0, 10*time.Second, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	tx := transactions(t, bootstrap, topic)
	defer tx.Close()
	reader, err := changelog.NewReader(bootstrap, topic, changelog.ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	end := stores.Offset(0)
	for _, c := range []struct {
		over int
		by   string
	}{{0, "a writer"}, {0, "a transaction"}, {1, "a writer"}, {1, "a transaction"}} {
		b := one("k", strings.Repeat("v", limit-batchBytes+c.over))
		var err error
		if c.by == "a writer" {
			var ticket changelog.Ticket
			if ticket, err = w.Send(b); err == nil {
				_, err = w.Wait(t.Context(), ticket)
			}
		} else if err = tx.Begin(); err == nil {
			_, err = tx.Send(t.Context(), topic, b)
		}
		if c.over == 0 && err != nil || c.over > 0 && !errors.Is(err, changelog.ErrRecordTooLarge) {
			t.Errorf("%d bytes over the limit, by %s: %v", c.over, c.by, err)
		}
		switch {
		case c.over == 0 && c.by == "a transaction":
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			end += 2 // and its marker
		case c.over == 0:
			end++
		}
	}
	if _, got, err := reader.EndOffsets(0, 10*time.Second); got != end || err != nil {
		t.Errorf("the topic ends at %d, %v, want %d", got, err, end)
	}
}

func TestTopicIsConfiguredAsAChangelog(t *testing.T) {
	bootstrap, topic := newTopic(t, changelog.TopicConfig(map[string]string{"segment.bytes": "2097152"}))
	admin, err := changelog.NewAdmin(bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for name, want := range map[string]string{
		"cleanup.policy": "compact", "message.timestamp.type": "CreateTime", "segment.bytes": "2097152",
	} {
		if got, err := admin.Config(context.Background(), topic, name); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", name, got, err, want)
		}
	}
	if err := admin.Create(context.Background(), topic, 1, nil); err == nil {
		t.Error("a topic that exists was created again")
	}
}

func TestCheckSettings(t *testing.T) {
	if err := changelog.CheckSettings(changelog.Settings{"fetch.min.bytes": "2"}, false); err != nil {
		t.Error(err)
	}
	for _, s := range []changelog.Settings{{"no.such.setting": "1"}, {"fetch.min.bytes": "x"}} {
		if err := changelog.CheckSettings(s, false); err == nil {
			t.Errorf("%v was accepted", s)
		}
	}
}

func TestProbeGivesUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	if err := changelog.Probe(ctx, "127.0.0.1:1"); err == nil {
		t.Fatal("a port where nothing listens was taken for a broker")
	}
}

// A leader that was just elected may say that it is none; that is no reason to fail.
func TestEndOffsetsOfNewTopics(t *testing.T) {
	b := brokertest.Start(t)
	admin, err := changelog.NewAdmin(b.Bootstrap())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for range 10 {
		topic := fmt.Sprintf("new-%x", rand.Uint64())
		if err := admin.Create(context.Background(), topic, 20, nil); err != nil {
			t.Fatal(err)
		}
		for _, fetcher := range fetchers {
			r, err := changelog.NewReader(b.Bootstrap(), topic, changelog.ReaderOptions{Fetcher: fetcher})
			if err != nil {
				t.Fatal(err)
			}
			for p := range int32(20) {
				if _, end, err := r.EndOffsets(p, 10*time.Second); err != nil || end != 0 {
					t.Errorf("%s, partition %d: %d %v", fetcher, p, end, err)
				}
			}
			r.Close()
		}
		if err := admin.Delete(context.Background(), topic); err != nil {
			t.Error(err)
		}
	}
}
