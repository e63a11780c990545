package changelog

/*
#include <stdlib.h>
#include "batch.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"restorebench/harness/changelog/wire"
	"restorebench/harness/secret"
	"restorebench/stores"
)

const errLen = 512 // bytes, as librdkafka's own examples have it

// newClient creates a C consumer or producer for one topic.
func newClient(bootstrap, topic string, s Settings, producer bool) (*C.rb_client, error) {
	if err := checkABI(); err != nil {
		return nil, err
	}
	given := s
	s, err := s.resolve()
	if err != nil {
		return nil, fmt.Errorf("changelog %s at %s: %w", topic, bootstrap, err)
	}
	names := s.names()
	conf := make([]*C.char, 0, 2*len(names))
	for _, name := range names {
		conf = append(conf, C.CString(name), C.CString(s[name]))
	}
	ctopic := C.CString(topic)
	errbuf := (*C.char)(C.calloc(1, errLen))
	defer func() {
		for _, p := range conf {
			C.free(unsafe.Pointer(p))
		}
		C.free(unsafe.Pointer(ctopic))
		C.free(unsafe.Pointer(errbuf))
	}()
	// The pointers themselves must not lie in Go memory while C reads them.
	list := C.malloc(C.size_t(len(conf)) * C.size_t(unsafe.Sizeof((*C.char)(nil))))
	defer C.free(list)
	copy(unsafe.Slice((**C.char)(list), len(conf)), conf)

	open := func() *C.rb_client {
		if producer {
			return C.rb_producer_new((**C.char)(list), C.int(len(names)), ctopic, errbuf, errLen)
		}
		return C.rb_consumer_new((**C.char)(list), C.int(len(names)), ctopic, errbuf, errLen)
	}
	c := open()
	if c == nil {
		return nil, fmt.Errorf("changelog %s at %s: %w", topic, bootstrap, errors.New(secret.Hide(C.GoString(errbuf), given, s)))
	}
	return c, nil
}

func endOffsets(c *C.rb_client, topic string, partition int32, timeout time.Duration) (begin, end stores.Offset, err error) {
	name := C.CString(topic)
	defer C.free(unsafe.Pointer(name))
	var low, high C.int64_t
	var absent time.Time // since when the brokers do not know the partition; zero: they do
	var said C.int       // what they said of it, and when
	var answered time.Time
	for deadline := time.Now().Add(timeout); ; time.Sleep(leaderPause) {
		left := max(time.Until(deadline), time.Millisecond)
		code := C.rd_kafka_query_watermark_offsets(c.rk, name, C.int32_t(partition), &low, &high, C.int(left.Milliseconds()))
		if code == 0 {
			return stores.Offset(low), stores.Offset(high), nil
		}
		if unknown(code) {
			said, answered = code, time.Now()
		}
		switch {
		case !unknown(code):
			absent = time.Time{}
		case absent.IsZero():
			absent = time.Now()
		}
		again := leaderMoves(code) || unreached(kafka.ErrorCode(code)) || !absent.IsZero() && time.Since(absent) < absentLimit
		if !again || time.Now().After(deadline) {
			if kafka.ErrorCode(code) == kafka.ErrTimedOut && said != 0 && time.Since(answered) < wire.AnswerLimit {
				code = said // and not that the last try was cut short
			}
			return 0, 0, fmt.Errorf("end offset of %s-%d: %w", topic, partition, codeError(code))
		}
	}
}

const (
	leaderPause = 5 * time.Millisecond
	// absentLimit is how long a broker may not know of a topic that was created, or lead no partition since it is about to end: as
	// librdkafka's topic.metadata.propagation.max.ms.
	absentLimit = 30 * time.Second
)

// unknown tells the errors of a partition that does not exist, or has no leader as far as librdkafka has heard.
func unknown(code C.int) bool {
	switch kafka.ErrorCode(code) {
	case kafka.ErrUnknownTopicOrPart, kafka.ErrUnknownTopic, kafka.ErrUnknownPartition:
		return true
	default:
		return false
	}
}

// leaderMoves tells the errors of a leader that has been elected and doesn't know it
// yet, as right after a topic's creation. librdkafka retries a fetch then, but not
// this question.
func leaderMoves(code C.int) bool {
	switch kafka.ErrorCode(code) {
	case kafka.ErrNotLeaderForPartition, kafka.ErrLeaderNotAvailable, kafka.ErrReplicaNotAvailable, kafka.ErrFencedLeaderEpoch, kafka.ErrUnknownLeaderEpoch:
		return true
	default:
		return false
	}
}

// CheckSettings tells whether librdkafka takes overrides of ReplaySettings, or for
// a producer of LoadSettings, without connecting to anything.
func CheckSettings(overrides Settings, producer bool) error {
	base := ReplaySettings()
	if producer {
		base = LoadSettings()
	}
	base["log_level"] = "0" // nothing listens there, and nobody wants to hear of it
	c, err := newClient("127.0.0.1:1", "check", base.with("127.0.0.1:1", overrides), producer)
	if err != nil {
		if why := errors.Unwrap(err); why != nil {
			return why
		}
		return err
	}
	C.rb_client_close(c)
	return nil
}
