// Package changelog writes and reads changelog topics in whole batches, and
// creates, inspects and deletes them. It is the only package that imports
// confluent-kafka-go.
//
// Administration goes through confluent-kafka-go's own API. Records are written, and can be
// read, through a thin layer of C over the librdkafka that confluent-kafka-go links: one call
// per batch, keys and values straight into a stores.Batch, nothing allocated per
// record. Per-record polling costs five times as much CPU as everything else in
// a restore together. They are read by package wire unless settings or the caller ask
// for librdkafka: it needs half of the CPU.
package changelog

/*
#include "batch.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"restorebench/harness/changelog/wire"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrOffsetOutOfRange: the position asked for is below the log's start or
	// past its end; local state that was saved with it is stale.
	ErrOffsetOutOfRange = wire.ErrOffsetOutOfRange
	// ErrOpenTransaction: a transaction was open below the end, to the deadline.
	ErrOpenTransaction = wire.ErrOpenTransaction
	// ErrUntold: the broker does not tell a topic's settings, or not to this client.
	ErrUntold = wire.ErrUntold
	// ErrAway: no broker answered, or no coordinator, for as long as it was waited for.
	ErrAway = wire.ErrAway
	// ErrTopicChanged: the topic was deleted and created again while it was read.
	ErrTopicChanged = wire.ErrTopicChanged
	// ErrFenced: another producer has taken over the transactional id.
	ErrFenced = errors.New("fenced by a successor")
	// ErrExpired is ErrFenced, and the reason may be another one: who was fenced cannot tell.
	ErrExpired = fmt.Errorf("%w, or by the broker, which aborts a transaction that is open for longer than transaction.timeout.ms", ErrFenced)
	// ErrRecordTooLarge: a record fits no batch, or exceeds the broker's limit.
	ErrRecordTooLarge = errors.New("record too large")
)

// TopicName is the changelog topic of a store, as Kafka Streams names it
// (ProcessorStateManager.storeChangelogTopic).
func TopicName(applicationID, store string) string {
	return applicationID + "-" + store + "-changelog"
}

// Version is librdkafka's version, such as "2.14.0".
func Version() string {
	_, s := kafka.LibraryVersion()
	return s
}

// checkABI refuses a librdkafka whose major version is not the one that
// librdkafka.h declares.
func checkABI() error {
	if v := int(C.rd_kafka_version()); v>>24 != 2 {
		return fmt.Errorf("changelog: librdkafka %s is linked, 2.x is needed", Version())
	}
	return nil
}

// codeError is librdkafka's error code as a Go error.
func codeError(code C.int32_t) error {
	err := kafka.NewError(kafka.ErrorCode(code), C.GoString(C.rd_kafka_err2str(code)), false)
	switch kafka.ErrorCode(code) {
	case kafka.ErrOffsetOutOfRange, kafka.ErrAutoOffsetReset:
		return fmt.Errorf("%w (%w)", ErrOffsetOutOfRange, err)
	case kafka.ErrMsgSizeTooLarge:
		return fmt.Errorf("%w (%w)", ErrRecordTooLarge, err)
	}
	return away(err)
}

// unanswered is an error of a question that has a deadline, which may be over before librdkafka says that it reaches nobody.
func unanswered(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w (%w)", ErrAway, err)
	}
	return away(err)
}

// away is an error as ErrAway if it is what librdkafka has to say of brokers, or of a coordinator, that it could not reach.
func away(err error) error {
	var failure kafka.Error
	if !errors.As(err, &failure) {
		return err
	}
	code := failure.Code()
	if !coordinatorMoves(failure) && code != kafka.ErrMsgTimedOut && code != kafka.ErrLeaderNotAvailable {
		return err
	}
	return fmt.Errorf("%w (%w)", ErrAway, err)
}
