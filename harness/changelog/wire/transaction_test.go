package wire_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"restorebench/harness/changelog/wire"
)

// refuses wants a transaction that is open at offset 3 to be told with these parts.
func refuses(t *testing.T, brokers, topic string, parts ...string) (took time.Duration) {
	t.Helper()
	start := time.Now()
	r := wire.NewReader(brokers, topic, wire.Options{ReadCommitted: true})
	defer r.Close()
	_, end, err := r.EndOffsets(0, 3*time.Second)
	if !errors.Is(err, wire.ErrOpenTransaction) {
		t.Fatalf("end %d, %v", end, err)
	}
	abort := fmt.Sprintf("abort it with kafka-transactions.sh --bootstrap-server %s abort --topic %s --partition 0 --start-offset 3", brokers, topic)
	for _, part := range append(parts, "at offset 3, and the end is ", abort) {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v\nlacks %s", err, part)
		}
	}
	return time.Since(start)
}

// A transaction hangs when no coordinator has the partition in it, and there it was not begun.
func TestHangingTransactions(t *testing.T) {
	for name, c := range map[string]struct {
		known bool
		want  string
	}{
		"known":   {true, " is Empty in epoch 0, without this partition: it hangs; abort it"},
		"unknown": {false, ", which no coordinator knows: it hangs; abort"},
	} {
		t.Run(name, func(t *testing.T) {
			admin, brokers, topic := newTopicOf(t, 3, 3)
			client, err := kgo.NewClient(kgo.SeedBrokers(brokers), kgo.RequestRetries(100), kgo.MaxVersions(kversion.V2_8_0()))
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			producer := int64(math.MaxInt32) // of nobody
			if c.known {
				producer = begin(t, client, topic)
			}
			// So that Kafka takes records of a transaction that its coordinator does not know, as it does not by KIP-890.
			const verification = "transaction.partition.verification.enable"
			if err := admin.AlterBrokers(t.Context(), map[string]string{verification: "false"}); err != nil {
				t.Fatal(err)
			}
			hang(t, client, topic, producer)
			if err := admin.AlterBrokers(t.Context(), map[string]string{verification: "true"}); err != nil {
				t.Fatal(err)
			}
			last := fmt.Sprintf("of producer id %d in epoch 0, with a last record of 1970-01-01T00:01:39Z", producer)
			if took := refuses(t, brokers, topic, last, c.want); !c.known && took < wire.LoadTimeout {
				t.Errorf("a coordinator had %v to load what it knows, want %v", took, wire.LoadTimeout)
			}
		})
	}
}

// What is to be committed is not to be aborted.
func TestMarkerIsOnItsWay(t *testing.T) {
	in := kmsg.DescribeTransactionsResponseTransactionStateTopic{Topic: "t", Partitions: []int32{0, 2}}
	of := kmsg.DescribeTransactionsResponseTransactionState{
		TransactionalID: "id", ProducerEpoch: 3, Topics: []kmsg.DescribeTransactionsResponseTransactionStateTopic{in},
	}
	for state, want := range map[string]string{
		"PrepareCommit": "PrepareCommit in epoch 3, and its marker is on its way; wait",
		"PrepareAbort":  "PrepareAbort in epoch 3, and its marker is on its way; wait",
		"Ongoing":       "Ongoing in epoch 3, since 1970-01-01T00:00:00Z; end its producer, or abort",
	} {
		of.State = state
		if got := wire.Verdict(&of, "t", 2, "abort"); got != "; its transactional id id is "+want {
			t.Errorf("%s, want %s", got, want)
		}
		for _, other := range []struct {
			topic     string
			partition int32
		}{{"t", 1}, {"u", 2}} {
			const want = ", without this partition: it hangs; abort, which loses its records if they were committed"
			if got := wire.Verdict(&of, other.topic, other.partition, "abort"); !strings.HasSuffix(got, want) {
				t.Errorf("%s, and has other partitions: %s", state, got)
			}
		}
	}
}

// What ended meanwhile is not to be aborted either; and where the broker can't be asked, what to do is said all the same.
func TestOpenTransactionOfNobody(t *testing.T) {
	brokers, topic := newTopic(t, 3, 3)
	for at, want := range map[string]string{
		brokers: "open transaction at offset 1, and the end is 3: of no producer any more; wait",
		"127.0.0.1:1": "open transaction at offset 1, and the end is 3: its producer hangs; end that, or abort it with " +
			"kafka-transactions.sh --bootstrap-server 127.0.0.1:1 abort --topic " + topic + " --partition 0 --start-offset 1",
	} {
		if err := wire.OpenTransaction(at, topic, 0, 1, 3); !errors.Is(err, wire.ErrOpenTransaction) || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// tapped does something before a request is sent.
type tapped struct {
	net.Conn
	key kmsg.Key
	do  func()
}

func (c *tapped) Write(b []byte) (int, error) {
	const keyAt = 4
	if binary.BigEndian.Uint16(b[keyAt:]) == uint16(c.key) {
		c.do()
	}
	return c.Conn.Write(b)
}

// A transaction that is committed while it is asked about does not hang.
func TestOpenTransactionEndsMeanwhile(t *testing.T) {
	brokers, topic := newTopic(t, 3, 3)
	p, err := kgo.NewClient(kgo.SeedBrokers(brokers), kgo.DefaultProduceTopic(topic), kgo.TransactionalID(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := errors.Join(p.BeginTransaction(), p.ProduceSync(t.Context(), &kgo.Record{Key: []byte("k")}).FirstErr()); err != nil {
		t.Fatal(err)
	}
	commit := sync.OnceFunc(func() {
		if err := p.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
			t.Error(err)
		}
		r := wire.NewReader(brokers, topic, wire.Options{ReadCommitted: true})
		defer r.Close()
		if _, _, err := r.EndOffsets(0, 30*time.Second); err != nil { // its marker is not there
			t.Error(err)
		}
	})
	r := wire.NewReaderOver(brokers, topic, wire.Options{ReadCommitted: true}, func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return &tapped{c, kmsg.ListTransactions, commit}, err
	})
	defer r.Close()
	_, _, err = r.EndOffsets(0, 3*time.Second)
	if !errors.Is(err, wire.ErrOpenTransaction) || !strings.HasSuffix(err.Error(), ": of no producer any more; wait") {
		t.Error(err)
	}
}

// begin makes a transactional id, and returns its producer id.
func begin(t *testing.T, client *kgo.Client, id string) int64 {
	t.Helper()
	req := kmsg.NewPtrInitProducerIDRequest()
	req.TransactionalID, req.TransactionTimeoutMillis = &id, 60_000
	resp, err := req.RequestWith(t.Context(), client)
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if err != nil {
		t.Fatal(err)
	}
	return resp.ProducerID
}

// hang writes a record of a transaction to partition 0.
func hang(t *testing.T, client *kgo.Client, topic string, producer int64) {
	t.Helper()
	p := kmsg.NewProduceRequestTopicPartition()
	p.Records = wire.TransactionalBatch(producer, 0)
	of := kmsg.NewProduceRequestTopic()
	of.Topic, of.Partitions = topic, append(of.Partitions, p)
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.TransactionID, req.Acks, req.TimeoutMillis = 9, &topic, -1, 10_000
	req.Topics = append(req.Topics, of)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		resp, err := req.RequestWith(ctx, client)
		if err == nil {
			err = kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
		}
		if errors.Is(err, kerr.InvalidTxnState) || errors.Is(err, kerr.InvalidProducerIDMapping) { // the broker has yet to learn not to verify
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
}
