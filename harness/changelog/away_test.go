package changelog

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// A broker that could not be reached is told from one that has said no.
func TestAway(t *testing.T) {
	for code, want := range map[kafka.ErrorCode]bool{
		kafka.ErrTransport: true, kafka.ErrAllBrokersDown: true, kafka.ErrTimedOut: true, kafka.ErrResolve: true, kafka.ErrMsgTimedOut: true,
		kafka.ErrWaitCoord: true, kafka.ErrCoordinatorNotAvailable: true, kafka.ErrLeaderNotAvailable: true,
		kafka.ErrUnknownTopicOrPart: false, kafka.ErrUnknownPartition: false, kafka.ErrAuthentication: false, kafka.ErrTopicAuthorizationFailed: false,
		kafka.ErrPurgeQueue: false,
	} {
		failure := kafka.NewError(code, "why", false)
		err := away(fmt.Errorf("ask: %w", failure))
		if errors.Is(err, ErrAway) != want || !errors.As(err, new(kafka.Error)) || !strings.Contains(err.Error(), "ask: why") {
			t.Errorf("%v: %v, want ErrAway: %v", code, err, want)
		}
	}
	if err := away(nil); err != nil {
		t.Error(err)
	}
}

// The end offset of a broker that is away is asked for until the time is over.
func TestEndOffsetsWithoutABroker(t *testing.T) {
	r, err := NewReader("127.0.0.1:1", "t", ReaderOptions{Fetcher: FetcherLibrdkafka, Settings: Settings{"log_level": "0"}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	const limit = 500 * time.Millisecond
	begun := time.Now()
	if _, _, err := r.EndOffsets(0, limit); !errors.Is(err, ErrAway) || time.Since(begun) < limit {
		t.Errorf("after %v: %v", time.Since(begun), err)
	}
}

// So are a topic's identity and its settings, and the end with open transactions.
func TestQuestionsWithoutABroker(t *testing.T) {
	r, err := newLibReader("127.0.0.1:1", "t", Settings{"log_level": "0"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	const limit = 300 * time.Millisecond
	for name, ask := range map[string]func() error{
		"identity":   func() error { _, err := r.Identity(limit); return err },
		"tombstones": func() error { _, err := r.KeepsTombstones(limit); return err },
		"end":        func() error { _, err := r.highWatermark(0, time.Now().Add(limit)); return err },
	} {
		if err := ask(); !errors.Is(err, ErrAway) {
			t.Errorf("%s: %v, want ErrAway", name, err)
		}
	}
}

// Whoever is fenced while his transaction is older than the broker lets it be says that, too.
func TestWhyATransactionFailed(t *testing.T) {
	failure := kafka.NewError(kafka.ErrProducerFenced, "fenced", true)
	for _, c := range []struct {
		code    kafka.ErrorCode
		begun   time.Time
		is, not error
	}{
		{kafka.ErrProducerFenced, time.Time{}, ErrFenced, ErrExpired},
		{kafka.ErrFenced, time.Now(), ErrFenced, ErrExpired},
		{kafka.ErrInvalidProducerEpoch, time.Now().Add(-transactionTimeout), ErrExpired, ErrAway},
		{kafka.ErrMsgTimedOut, time.Now().Add(-transactionTimeout), failure, ErrFenced},
		{kafka.ErrMsgSizeTooLarge, time.Now(), ErrRecordTooLarge, ErrAway},
	} {
		if err := why(c.code, c.begun, failure); !errors.Is(err, c.is) || errors.Is(err, c.not) {
			t.Errorf("%v, begun %v ago: %v, want %v", c.code, time.Since(c.begun), err, c.is)
		}
	}
	if !errors.Is(ErrExpired, ErrFenced) {
		t.Error("what is expired is fenced")
	}
	if err := why(kafka.ErrMsgTimedOut, time.Now(), kafka.NewError(kafka.ErrMsgTimedOut, "late", false)); !errors.Is(err, ErrAway) {
		t.Error(err)
	}
}
