package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"restorebench/harness/broker/brokertest"
	"restorebench/harness/changelog"
	"restorebench/harness/changelog/wire"
	"restorebench/stores"
)

func TestMain(m *testing.M) { os.Exit(brokertest.Main(m)) }

// newTopic creates a topic that is deleted behind the test, with n records in batches of
// so many.
func newTopic(t *testing.T, n, batch int) (brokers, topic string) {
	t.Helper()
	_, brokers, topic = newTopicOf(t, n, batch)
	return brokers, topic
}

func newTopicOf(t *testing.T, n, batch int) (admin *changelog.Admin, brokers, topic string) {
	t.Helper()
	brokers = brokertest.Start(t).Bootstrap()
	admin, err := changelog.NewAdmin(brokers)
	if err != nil {
		t.Fatal(err)
	}
	topic = fmt.Sprintf("wire-%x", rand.Uint64())
	t.Cleanup(func() {
		defer admin.Close()
		if err := admin.Delete(context.Background(), topic); err != nil {
			t.Error(err)
		}
	})
	if err := admin.Create(t.Context(), topic, 1, nil); err != nil {
		t.Fatal(err)
	}
	fill(t, brokers, topic, n, batch)
	return admin, brokers, topic
}

func fill(t *testing.T, brokers, topic string, n, batch int) {
	t.Helper()
	p, err := kgo.NewClient(kgo.SeedBrokers(brokers), kgo.DefaultProduceTopic(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for i := 0; i < n; i += batch {
		var records []*kgo.Record
		for j := i; j < min(i+batch, n); j++ {
			records = append(records, &kgo.Record{Key: fmt.Append(nil, j), Value: make([]byte, 100)})
		}
		if err := p.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// A topic that is created again while it is read is another one: no record of it is taken for one of the first.
func TestTopicIsCreatedAgain(t *testing.T) {
	admin, brokers, topic := newTopicOf(t, 3000, 100)
	r := wire.NewReader(brokers, topic, wire.Options{FetchBytes: 16 << 10})
	defer r.Close()
	p := r.Partition(0, 0)
	defer p.Close()
	var b stores.Batch
	for b.Next < 500 {
		if err := p.Read(t.Context(), &b, 3000, 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	before, err := r.Identity(time.Second)
	if err != nil || before.Partitions != 1 || len(before.ID) != 22 {
		t.Fatalf("%+v, %v", before, err)
	}
	if err := admin.Recreate(t.Context(), topic, 1, nil); err != nil {
		t.Fatal(err)
	}
	fill(t, brokers, topic, 3000, 3000) // in one batch, which no fetch before was answered with
	for err = nil; err == nil && b.Next < 3000; {
		err = p.Read(t.Context(), &b, 3000, 100*time.Millisecond)
	}
	if !errors.Is(err, wire.ErrTopicChanged) || !strings.Contains(err.Error(), before.ID) {
		t.Errorf("read up to offset %d, then %v", b.Next, err)
	}
	if _, _, err := r.EndOffsets(0, time.Second); !errors.Is(err, wire.ErrTopicChanged) {
		t.Errorf("its end offset: %v", err)
	}
	again := wire.NewReader(brokers, topic, wire.Options{})
	defer again.Close()
	if after, err := again.Identity(time.Second); err != nil || after == before {
		t.Errorf("%+v, %v, and was %+v", after, err, before)
	}
}

// frail connections break now and then, in the middle of a response.
type frail struct {
	net.Conn
	left   int // bytes until it does
	broken *atomic.Int64
}

func (f *frail) Read(b []byte) (int, error) {
	if f.left <= 0 {
		f.broken.Add(1)
		f.Close()
		return 0, io.ErrUnexpectedEOF
	}
	n, err := f.Conn.Read(b[:min(len(b), f.left)])
	f.left -= n
	return n, err
}

// A reader comes through connections that break at any byte, and through a broker that
// is not there for a moment, without losing or repeating a record.
func TestReadsOnAfterLostConnections(t *testing.T) {
	const n = 20_000
	brokers, topic := newTopic(t, n, 700)
	var broken, refused atomic.Int64
	var dials atomic.Int64
	connect := func(ctx context.Context, network, address string) (net.Conn, error) {
		nth := dials.Add(1)
		if nth%4 == 2 {
			refused.Add(1)
			return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:1")
		}
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &frail{c, 1000 + int(nth*39_119%100_000), &broken}, nil
	}
	r := wire.NewReaderOver(brokers, topic, wire.Options{FetchBytes: 64 << 10}, connect)
	defer r.Close()
	p := r.Partition(0, 0)
	defer p.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	seen := 0
	for b := (stores.Batch{}); b.Next < n; {
		if err := p.Read(ctx, &b, n, 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			if string(b.Key(i)) != fmt.Sprint(seen) || b.Entries[i].Offset != int64(seen) || len(b.Value(i)) != 100 {
				t.Fatalf("record %d at offset %d, want %d", i, b.Entries[i].Offset, seen)
			}
			seen++
		}
	}
	if seen != n || broken.Load() < 5 || refused.Load() < 2 {
		t.Errorf("%d records of %d; %d connections broke, %d were refused", seen, n, broken.Load(), refused.Load())
	}
}

// End offsets are asked for again while the broker is away, until the time is over.
func TestEndOffsetsWaitForABrokerThatIsAway(t *testing.T) {
	brokers, topic := newTopic(t, 3, 3)
	var dials atomic.Int64
	back := int64(4)
	r := wire.NewReaderOver(brokers, topic, wire.Options{}, func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials.Add(1) < back {
			address = "127.0.0.1:1"
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	})
	defer r.Close()
	if _, end, err := r.EndOffsets(0, 30*time.Second); err != nil || end != 3 || dials.Load() < back {
		t.Errorf("end %d after %d dials, %v", end, dials.Load(), err)
	}
	gone := wire.NewReader("127.0.0.1:1", topic, wire.Options{})
	defer gone.Close()
	if _, _, err := gone.EndOffsets(0, 200*time.Millisecond); !errors.Is(err, syscall.ECONNREFUSED) || !errors.Is(err, wire.ErrAway) {
		t.Errorf("%v, want ErrAway with the refused connection", err)
	}
	none := wire.NewReader(brokers, topic+"-none", wire.Options{})
	defer none.Close()
	if _, _, err := none.EndOffsets(0, 30*time.Second); err == nil || errors.Is(err, wire.ErrAway) {
		t.Errorf("%v: a topic that does not exist, and a broker that says so", err)
	}
}

// What is committed behind an open transaction is not left out: its end is waited for, up to a
// deadline.
func TestEndOffsetsWaitForOpenTransactions(t *testing.T) {
	brokers, topic := newTopic(t, 3, 3)
	p, err := kgo.NewClient(kgo.SeedBrokers(brokers), kgo.DefaultProduceTopic(topic), kgo.TransactionalID(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	record := func() *kgo.Record { return &kgo.Record{Key: []byte("k")} }
	if err := errors.Join(p.BeginTransaction(), p.ProduceSync(t.Context(), record()).FirstErr()); err != nil {
		t.Fatal(err)
	}
	plain, err := kgo.NewClient(kgo.SeedBrokers(brokers), kgo.DefaultProduceTopic(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if err := plain.ProduceSync(t.Context(), record()).FirstErr(); err != nil {
		t.Fatal(err)
	}
	refuses(t, brokers, topic, "the end is 5: of producer id ", "; its transactional id "+topic+" is Ongoing in epoch 0, since 20", "; end its producer, or abort it with")
	if err := p.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	r := wire.NewReader(brokers, topic, wire.Options{ReadCommitted: true})
	defer r.Close()
	if _, end, err := r.EndOffsets(0, 30*time.Second); err != nil || end < 5 {
		t.Errorf("end %d, %v", end, err)
	}
}

// The end of the context ends a Read that waits for a response.
func TestReadIsCancelled(t *testing.T) {
	brokers, topic := newTopic(t, 1, 1)
	r := wire.NewReader(brokers, topic, wire.Options{})
	defer r.Close()
	p := r.Partition(0, 1) // behind the last record
	defer p.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var b stores.Batch
	start := time.Now()
	for {
		if err := p.Read(ctx, &b, 2, 20*time.Second); err != nil {
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 10*time.Second {
				t.Errorf("%v after %v", err, time.Since(start))
			}
			return
		}
	}
}

// A port that belongs to something else.
func TestNoKafka(t *testing.T) {
	for name, c := range map[string]struct{ answer, want string }{
		"http":   {"HTTP/1.1 400 Bad Request\r\n\r\n", "is this a Kafka listener"},
		"closed": {"", "EOF"},
		"other":  {"\x00\x00\x00\x04\x00\x00\x00\x63", "response 99 to request 1"},
		"empty":  {"\x00\x00\x00\x04\x00\x00\x00\x01", "response"},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = conn.Read(make([]byte, 1000))
				_, _ = io.WriteString(conn, c.answer)
				conn.Close()
			}
		}()
		r := wire.NewReader(l.Addr().String(), "t", wire.Options{})
		_, _, err = r.EndOffsets(0, 5*time.Second)
		r.Close()
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), l.Addr().String()) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// counted counts what is read from it.
type counted struct {
	net.Conn
	reads *atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	c.reads.Add(1)
	return c.Conn.Read(b)
}

// A broker that goes away while an open transaction is waited for is what is wrong then, and not the transaction.
func TestBrokerGoesAwayBehindAnOpenTransaction(t *testing.T) {
	brokers, topic := newTopic(t, 3, 3)
	p, err := kgo.NewClient(kgo.SeedBrokers(brokers), kgo.DefaultProduceTopic(topic), kgo.TransactionalID(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := errors.Join(p.BeginTransaction(), p.ProduceSync(t.Context(), &kgo.Record{Key: []byte("k")}).FirstErr()); err != nil {
		t.Fatal(err)
	}
	var reads atomic.Int64
	const answers = 40 // reads: more than one round of questions takes
	r := wire.NewReaderOver(brokers, topic, wire.Options{ReadCommitted: true}, func(ctx context.Context, network, address string) (net.Conn, error) {
		if reads.Load() >= answers {
			address = "127.0.0.1:1"
		}
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		go func() {
			for reads.Load() < answers && t.Context().Err() == nil {
				time.Sleep(time.Millisecond)
			}
			c.Close()
		}()
		return &counted{c, &reads}, nil
	})
	defer r.Close()
	_, _, err = r.EndOffsets(0, 10*time.Second)
	if errors.Is(err, wire.ErrOpenTransaction) || !errors.Is(err, syscall.ECONNREFUSED) || reads.Load() < answers {
		t.Errorf("after %d reads: %v, want the refused connection", reads.Load(), err)
	}
	if err := p.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Error(err)
	}
}
