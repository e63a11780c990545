package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"restorebench/stores"
)

type (
	producer    = kmsg.DescribeProducersResponseTopicPartitionActiveProducer
	transaction = kmsg.DescribeTransactionsResponseTransactionState
)

const (
	// describeTimeout bounds how long the brokers are asked what an open transaction is.
	describeTimeout = 5 * time.Second
	// loadTimeout is for how long a coordinator that has just been elected may know of no transaction.
	loadTimeout = 3 * time.Second
)

// OpenTransaction is the error of a [Reader] that finds one open below the end, for who reads otherwise.
func OpenTransaction(brokers, topic string, partition int32, at, end stores.Offset) error {
	r := unasked(brokers, topic, (&net.Dialer{Timeout: connectTimeout}).DialContext)
	defer r.cancel()
	return r.openTransaction(partition, at, end)
}

// transaction is openTransaction over connections of its own: the partitions without one are asked for meanwhile.
func (r *Reader) transaction(partition int32, at, end stores.Offset) error {
	own := unasked(r.brokers, r.topic, r.connect)
	defer own.cancel()
	defer context.AfterFunc(r.ctx, own.cancel)()
	return own.openTransaction(partition, at, end)
}

// openTransaction is [ErrOpenTransaction] of one that begins at an offset, with what the brokers tell of it, and what to do. It hangs, as in
// KIP-664, where no coordinator has the partition in a transaction of its producer. The reader
// is nobody else's.
func (r *Reader) openTransaction(partition int32, at, end stores.Offset) error {
	ctx, cancel := context.WithTimeout(r.ctx, describeTimeout)
	defer cancel()
	defer r.disconnect() // an answer may be on its way
	open := fmt.Errorf("%w at offset %d, and the end is %d", ErrOpenTransaction, at, end)
	abort := fmt.Sprintf("abort it with kafka-transactions.sh --bootstrap-server %s abort --topic %s --partition %d --start-offset %d",
		r.brokers, r.topic, partition, at)
	p, t, err := r.whose(ctx, partition, at)
	switch {
	case p == nil && err != nil:
		return fmt.Errorf("%w: its producer hangs; end that, or %s", open, abort)
	case p == nil:
		return fmt.Errorf("%w: of no producer any more; wait", open)
	}
	open = fmt.Errorf("%w: of producer id %d in epoch %d, with a last record of %s", open, p.ProducerID, p.ProducerEpoch, clock(p.LastTimestamp))
	if err != nil {
		return fmt.Errorf("%w; end that producer, or %s", open, abort)
	}
	return fmt.Errorf("%w%s", open, verdict(t, r.topic, partition, abort))
}

// verdict says what is to be done about a transaction that is open in a partition, whose producer id is that of t; nil: of none.
func verdict(t *transaction, topic string, partition int32, abort string) string {
	hangs := ": it hangs; " + abort + ", which loses its records if they were committed"
	if t == nil {
		return ", which no coordinator knows" + hangs
	}
	within := slices.ContainsFunc(t.Topics, func(in kmsg.DescribeTransactionsResponseTransactionStateTopic) bool {
		return in.Topic == topic && slices.Contains(in.Partitions, partition)
	})
	state := fmt.Sprintf("; its transactional id %s is %s in epoch %d", t.TransactionalID, t.State, t.ProducerEpoch)
	switch {
	case !within:
		return state + ", without this partition" + hangs
	case t.State == "Ongoing":
		return state + ", since " + clock(t.StartTimestamp) + "; end its producer, or " + abort
	default: // to abort what is to be committed would lose it
		return state + ", and its marker is on its way; wait"
	}
}

func clock(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }

// whose is the producer of the transaction that begins at an offset, nil if there is none, and what a coordinator knows of its id, nil if
// none knows it.
func (r *Reader) whose(ctx context.Context, partition int32, at stores.Offset) (p *producer, t *transaction, err error) {
	if p, err = r.producerAt(ctx, partition, at); p == nil {
		return nil, nil, err
	}
	for start := time.Now(); t == nil && time.Since(start) < loadTimeout; {
		if t, err = r.transactionOf(ctx, p.ProducerID); t == nil {
			err = errors.Join(err, pause(ctx, awayPause))
		}
	}
	// A coordinator lets go of a partition once its marker is written, which may have been meanwhile.
	if now, failed := r.producerAt(ctx, partition, at); now == nil && failed == nil {
		return nil, nil, nil
	}
	return p, t, err
}

// producerAt is the one whose transaction begins at an offset, nil if there is none.
func (r *Reader) producerAt(ctx context.Context, partition int32, at stores.Offset) (*producer, error) {
	if err := r.turnToLeader(ctx, partition, false); err != nil {
		return nil, err
	}
	t := kmsg.NewDescribeProducersRequestTopic()
	t.Topic, t.Partitions = r.topic, []int32{partition}
	req := kmsg.NewPtrDescribeProducersRequest()
	req.Topics = append(req.Topics, t)
	var resp kmsg.DescribeProducersResponse
	if err := r.control.Ask(ctx, req, &resp); err != nil {
		return nil, err
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return nil, fmt.Errorf("%s: producers of %d topics", r.at, len(resp.Topics))
	}
	got := &resp.Topics[0].Partitions[0]
	for i := range got.ActiveProducers {
		if stores.Offset(got.ActiveProducers[i].CurrentTxnStartOffset) == at {
			return &got.ActiveProducers[i], nil
		}
	}
	return nil, kerr.ErrorForCode(got.ErrorCode)
}

// transactionOf is what a coordinator knows of a producer id, nil if none knows it: a coordinator is asked by transactional id, which only
// coordinators can tell.
func (r *Reader) transactionOf(ctx context.Context, producer int64) (*transaction, error) {
	m, err := describe(ctx, r.control, r.topic)
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, address := range addresses(m) {
		t, err := r.coordinator(ctx, address, producer)
		if t != nil {
			return t, nil
		}
		failed = append(failed, err)
	}
	return nil, errors.Join(failed...)
}

func (r *Reader) coordinator(ctx context.Context, address string, producer int64) (*transaction, error) {
	c, err := r.connect.dial(ctx, address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	list := kmsg.NewPtrListTransactionsRequest()
	list.ProducerIDFilters = []int64{producer}
	var listed kmsg.ListTransactionsResponse
	if err := c.Ask(ctx, list, &listed); err != nil {
		return nil, err
	}
	if len(listed.TransactionStates) == 0 {
		return nil, kerr.ErrorForCode(listed.ErrorCode)
	}
	req := kmsg.NewPtrDescribeTransactionsRequest()
	req.TransactionalIDs = []string{listed.TransactionStates[0].TransactionalID}
	var resp kmsg.DescribeTransactionsResponse
	if err := c.Ask(ctx, req, &resp); err != nil {
		return nil, err
	}
	if len(resp.TransactionStates) != 1 {
		return nil, fmt.Errorf("%s: %d transactional ids", address, len(resp.TransactionStates))
	}
	return &resp.TransactionStates[0], kerr.ErrorForCode(resp.TransactionStates[0].ErrorCode)
}
