package ceilings_test

import (
	"context"
	"errors"
	"regexp"
	"testing"

	"restorebench/bench/ceilings"
	"restorebench/harness/broker/brokertest"
	"restorebench/harness/changelog"
)

// What is wrong is said before anything is timed, with the topic's name.
func TestErrors(t *testing.T) {
	brokers, topic := newTopic(t, 1, nil)
	write(t, producer(t, brokers), keyed(topic, 0, 0, 1, 10))
	span := changelog.Span{From: 0, To: 10}
	for what, c := range map[string]struct {
		source ceilings.Source
		want   string
	}{
		"topic":     {ceilings.Source{Brokers: brokers, Topic: "no-such-topic", Spans: []changelog.Span{span}}, `no-such-topic.*(?i)unknown.(topic|partition)`},
		"partition": {ceilings.Source{Brokers: brokers, Topic: topic, Spans: []changelog.Span{span, {Partition: 7, To: 1}}}, topic + `(-| has no partition )7`},
		"end":       {ceilings.Source{Brokers: brokers, Topic: topic, Spans: []changelog.Span{{To: 11}}}, topic + `.*11`},
		"broker":    {ceilings.Source{Brokers: "127.0.0.1:1", Topic: topic, Spans: []changelog.Span{span}}, `127.0.0.1:1: .*refused|All broker connections are down`},
	} {
		for name, read := range readers {
			t.Run(what+"/"+name, func(t *testing.T) {
				t.Parallel()
				res, err := read(t.Context(), c.source)
				if err == nil || !regexp.MustCompile(c.want).MatchString(err.Error()) || res.Records > 0 {
					t.Errorf("%v, %+v; want %s", err, res, c.want)
				}
			})
		}
	}
}

func TestCancelled(t *testing.T) {
	brokers, topic := newTopic(t, 1, nil)
	write(t, producer(t, brokers), keyed(topic, 0, 0, 1, 10))
	s := source(t, brokers, topic, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, read := range readers {
		if _, err := read(ctx, s); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Of several bootstrap addresses one that answers is enough.
func TestSeveralBrokers(t *testing.T) {
	brokers, topic := newTopic(t, 1, nil)
	write(t, producer(t, brokers), keyed(topic, 0, 0, 1, 10))
	s := source(t, brokers, topic, 1)
	s.Brokers = "127.0.0.1:1," + brokertest.Start(t).Bootstrap()
	count(t, s, 10, ceilings.NameWire, ceilings.NameFetch, ceilings.NameDrain, ceilings.NamePoll)
}
