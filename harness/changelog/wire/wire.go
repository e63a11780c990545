// Package wire reads the partitions of a topic straight off a broker's socket into
// flat batches: the fetch response is the batch's arena, and decoding a record means
// to note where its key and value lie. Nothing is allocated per record, no byte of an
// uncompressed topic is copied between the socket and the store, and the next response
// is on its way while one is decoded.
//
// It speaks what a replay needs of Kafka's protocol: Metadata, ListOffsets and Fetch, and what tells whose a transaction is (KIP-664), to
// brokers since 2.8, in plain text, without a consumer group. Messages are those of
// franz-go's kmsg; record batches are Kafka's own format 2 (DefaultRecordBatch in
// Kafka's clients), their checksums are verified, and all of Kafka's compressions are known.
package wire

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"restorebench/stores"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrOffsetOutOfRange: the position asked for is below the log's start or past its end.
	ErrOffsetOutOfRange = errors.New("offset out of range")
	// ErrOpenTransaction: a transaction that began before the end offset was asked for is open
	// still; whether its records count, and what is behind them, can't be known.
	ErrOpenTransaction = errors.New("open transaction")
	// ErrAway: no broker answered, or none that leads the partition, for as long as it was waited for.
	ErrAway = errors.New("the broker is away")
	// ErrTopicChanged: the topic was deleted and created again since it was first read.
	ErrTopicChanged = errors.New("the topic was deleted and created again")
	// ErrCorrupt: what came is no record batch, or its checksum is wrong.
	ErrCorrupt = errors.New("corrupt record batch")
)

// Options say how a topic is read.
type Options struct {
	// FetchBytes is what one response holds at most, unless a single record batch has
	// more; 0 is DefaultFetchBytes.
	FetchBytes int
	// ReadCommitted leaves out records of aborted transactions, and waits where an open one begins.
	ReadCommitted bool
}

// DefaultFetchBytes is large enough for round trips not to count and small enough for a response to
// be in the processor's caches still when it is applied.
const DefaultFetchBytes = 1 << 20

// Reader reads the partitions of one topic: the one that had the name when it was first asked for. Should that be
// deleted and created again, every error is ErrTopicChanged from then on (brokers before Kafka 3.1 may show records of
// both). Its methods may be called by any goroutine.
type Reader struct {
	brokers, topic string
	options        Options
	ctx            context.Context // ends with Close
	cancel         context.CancelFunc
	connect        dialer

	mu      turn
	control *conn // to the broker that was asked last
	at      string
	leaders map[int32]string // addresses, by partition; nil: to be asked for
	id      *[16]byte        // of the topic; nil: not known yet
}

// Identity tells one topic from another of the same name, and from itself with more partitions.
type Identity struct {
	ID         string // as Kafka's tools print it (Uuid.toString)
	Partitions int
}

// IdentityOf is the identity with an id of 16 bytes.
func IdentityOf(id []byte, partitions int) Identity {
	return Identity{base64.RawURLEncoding.EncodeToString(id), partitions}
}

// NewReader returns a reader of a topic on brokers, HOST:PORT,.... It connects in the
// background; a broker that can't be reached shows in the first call that needs one.
func NewReader(brokers, topic string, o Options) *Reader {
	if o.FetchBytes <= 0 {
		o.FetchBytes = DefaultFetchBytes
	}
	return newReader(brokers, topic, o, (&net.Dialer{Timeout: connectTimeout}).DialContext)
}

func newReader(brokers, topic string, o Options, connect dialer) *Reader {
	r := unasked(brokers, topic, connect)
	r.options = o
	r.mu <- struct{}{}
	go func() {
		defer r.mu.end()
		_ = r.locate(r.ctx) // whoever needs it tries again
	}()
	return r
}

// unasked is a reader that has connected to nothing.
func unasked(brokers, topic string, connect dialer) *Reader {
	r := &Reader{brokers: brokers, topic: topic, connect: connect, mu: make(turn, 1)}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// turn is a mutex that is waited for no longer than a context: who has it may be waiting for a broker that is silent.
type turn chan struct{}

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) end() { <-t }

// Topic is the topic's name.
func (r *Reader) Topic() string { return r.topic }

// Close ends what the reader has under way. Its partitions are to be closed before.
func (r *Reader) Close() {
	r.cancel()
	r.mu <- struct{}{}
	defer r.mu.end()
	r.disconnect()
}

func (r *Reader) disconnect() {
	if r.control != nil {
		r.control.Close()
		r.control, r.at = nil, ""
	}
}

// locate asks for the topic and the leaders of its partitions. It is called with mu locked.
func (r *Reader) locate(ctx context.Context) error {
	r.disconnect()
	r.leaders = nil
	v, address, c, err := r.connect.metadata(ctx, r.brokers, r.topic)
	if err != nil {
		return err
	}
	if r.id == nil {
		r.id = &v.id
	}
	if *r.id != v.id {
		c.Close()
		return fmt.Errorf("%s: %w: its id is %s, and was %s", r.topic, ErrTopicChanged, IdentityOf(v.id[:], 0).ID, IdentityOf(r.id[:], 0).ID)
	}
	r.leaders, r.control, r.at = v.leaders, c, address
	return nil
}

// Identity says which topic is read. A broker that is away is asked again until the time is over.
func (r *Reader) Identity(timeout time.Duration) (Identity, error) {
	ctx, cancel := context.WithTimeout(r.ctx, timeout)
	defer cancel()
	var id Identity
	err := r.insist(ctx, func(bool) error {
		if r.leaders == nil {
			if err := r.locate(ctx); err != nil {
				return err
			}
		}
		id = IdentityOf(r.id[:], len(r.leaders))
		return nil
	})
	if err != nil {
		return Identity{}, fmt.Errorf("topic %s: %w", r.topic, err)
	}
	return id, nil
}

// leader is the address of a partition's leader, and the topic's id; again says that the last one was wrong.
func (r *Reader) leader(ctx context.Context, partition int32, again bool) (string, [16]byte, error) {
	if err := r.mu.take(ctx); err != nil {
		return "", [16]byte{}, err
	}
	defer r.mu.end()
	address, err := r.leaderLocked(ctx, partition, again)
	if err != nil {
		return "", [16]byte{}, err
	}
	return address, *r.id, nil
}

func (r *Reader) leaderLocked(ctx context.Context, partition int32, again bool) (string, error) {
	if again || r.leaders == nil {
		if err := r.locate(ctx); err != nil {
			return "", err
		}
	}
	address, ok := r.leaders[partition]
	switch {
	case !ok:
		r.leaders = nil // it may be on its way
		return "", fmt.Errorf("topic %s has no partition %d: %w", r.topic, partition, kerr.UnknownTopicOrPartition)
	case address == "":
		r.leaders = nil
		return "", fmt.Errorf("%s-%d: %w", r.topic, partition, kerr.LeaderNotAvailable)
	}
	return address, nil
}

// EndOffsets captures the first offset that exists and the end offset of a partition, which is
// the high watermark. A broker that is away is asked again until the time is over. With
// ReadCommitted, transactions that are open below the end are waited for as long: what is
// committed behind one can't be read before. Then the error is [ErrOpenTransaction].
func (r *Reader) EndOffsets(partition int32, timeout time.Duration) (begin, end stores.Offset, err error) {
	ctx, cancel := context.WithTimeout(r.ctx, timeout)
	defer cancel()
	high := stores.Offset(-1) // watermark, when it was asked for first
	open := stores.Offset(-1) // a transaction is since there, as the last answer had it
	var answered time.Time    // when that came
	for {
		var stable stores.Offset
		err = r.insist(ctx, func(again bool) (err error) {
			begin, end, stable, err = r.listOffsets(ctx, partition, again)
			return err
		})
		switch {
		case err != nil && ctx.Err() != nil && open >= 0 && time.Since(answered) < AnswerLimit:
			err = r.transaction(partition, open, high) // and not that the last try was cut short
		case err == nil:
			if high < 0 {
				high = end
			}
			if stable >= high {
				return begin, high, nil
			}
			open, answered = stable, time.Now()
			if pause(ctx, leaderPause) == nil {
				continue
			}
			err = r.transaction(partition, open, high)
		}
		return 0, 0, fmt.Errorf("end offset of %s-%d: %w", r.topic, partition, err)
	}
}

// insist is insist with the turn for each try: others have theirs between two.
func (r *Reader) insist(ctx context.Context, try func(again bool) error) error {
	return insist(ctx, func(again bool) error {
		if err := r.mu.take(ctx); err != nil {
			return err
		}
		defer r.mu.end()
		return try(again)
	})
}

// insist tries until it succeeds, until ctx ends, which may be ErrAway, or until there is an error that trying again does not help.
// again says that what was known of the brokers may be wrong.
func insist(ctx context.Context, try func(again bool) error) error {
	start := time.Now()
	var last error
	for again := false; ; again = true {
		err := try(again)
		if err != nil && last != nil && over(ctx) {
			err = last // and not that this try was cut short
		}
		last = err
		wait := leaderPause
		switch {
		case err == nil:
			return nil
		case lost(err):
			wait = awayPause
		case leaderMoves(err), errors.Is(err, kerr.UnknownTopicOrPartition) && time.Since(start) < absentLimit:
		default:
			return err
		}
		if pause(ctx, wait) != nil {
			if lost(err) || errors.Is(err, kerr.LeaderNotAvailable) {
				err = fmt.Errorf("%w: %w", ErrAway, err)
			}
			return err
		}
	}
}

// over says whether the time is up: a connection that was waited for to the deadline can tell before the context does.
func over(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}

const (
	// AnswerLimit is how long a broker takes to answer that is not away: with one that is, what it said before is not what is wrong.
	AnswerLimit = time.Second
	// leaderPause is how long an election takes, most of the time.
	leaderPause = 5 * time.Millisecond
	// awayPause is between two tries to reach a broker.
	awayPause = 50 * time.Millisecond
	// absentLimit is how long a broker may not know of a topic that was created.
	absentLimit = time.Second
)

// ListOffsets' names for both ends of the log.
const (
	latest   = -1
	earliest = -2
)

// turnToLeader makes the control connection one to a partition's leader.
func (r *Reader) turnToLeader(ctx context.Context, partition int32, again bool) error {
	address, err := r.leaderLocked(ctx, partition, again)
	if err != nil || r.at == address {
		return err
	}
	r.disconnect()
	if r.control, err = r.connect.dial(ctx, address); err == nil {
		r.at = address
	}
	return err
}

// listOffsets also asks up to where no transaction is open, which is the end without ReadCommitted.
func (r *Reader) listOffsets(ctx context.Context, partition int32, again bool) (begin, end, stable stores.Offset, err error) {
	if err := r.turnToLeader(ctx, partition, again); err != nil {
		return 0, 0, 0, err
	}
	begin, err = r.listOffset(ctx, partition, earliest, uncommitted)
	if err == nil {
		end, err = r.listOffset(ctx, partition, latest, uncommitted)
	}
	if stable = end; err == nil && r.options.ReadCommitted {
		stable, err = r.listOffset(ctx, partition, latest, committed)
	}
	if err != nil && !isKafka(err) {
		r.disconnect()
	}
	return begin, end, stable, err
}

func (r *Reader) listOffset(ctx context.Context, partition int32, which int64, isolation int8) (stores.Offset, error) {
	req := kmsg.NewPtrListOffsetsRequest()
	req.Version = 6
	req.ReplicaID, req.IsolationLevel = -1, isolation
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition, p.Timestamp, p.CurrentLeaderEpoch = partition, which, -1
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic, t.Partitions = r.topic, append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	var resp kmsg.ListOffsetsResponse
	if err := r.control.Ask(ctx, req, &resp); err != nil {
		return 0, err
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return 0, fmt.Errorf("%s: offsets of %d topics", r.at, len(resp.Topics))
	}
	got := resp.Topics[0].Partitions[0]
	return stores.Offset(got.Offset), kerr.ErrorForCode(got.ErrorCode)
}

// Kafka's isolation levels.
const (
	uncommitted = 0
	committed   = 1
)

func (o *Options) isolation() int8 {
	if o.ReadCommitted {
		return committed
	}
	return uncommitted
}

// leaderMoves tells the errors of a leader that has changed or was only just elected.
func leaderMoves(err error) bool {
	for _, moving := range []error{
		kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.ReplicaNotAvailable, kerr.FencedLeaderEpoch,
		kerr.UnknownLeaderEpoch, kerr.OffsetNotAvailable, kerr.KafkaStorageError,
	} {
		if errors.Is(err, moving) {
			return true
		}
	}
	return false
}

// isKafka tells what a broker said from what became of the connection.
func isKafka(err error) bool {
	var k *kerr.Error
	return errors.As(err, &k)
}

// pause waits, or returns ctx's error when that ends first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
