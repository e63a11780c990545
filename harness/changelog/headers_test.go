package changelog_test

import (
	"context"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"restorebench/harness/changelog"
	"restorebench/stores"
)

// Every record gets the headers; null stays null, and more records than acknowledgements are kept for arrive.
func TestHeaderWriter(t *testing.T) {
	bootstrap, topic := newTopic(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	w, err := changelog.NewHeaderWriter(bootstrap, topic, 0, map[string]string{"b": "2", "a": "1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	const n = 70_000
	b := &stores.Batch{}
	for range n - 1 {
		b.Append([]byte("k"), []byte("v"), 1_700_000_000_000, b.Next)
	}
	b.Append([]byte("gone"), nil, 1_700_000_000_000, b.Next)
	if next, err := w.Write(ctx, b); err != nil || next != n {
		t.Fatalf("next offset %d (%v), want %d", next, err, n)
	}
	c, err := kafka.NewConsumer(&kafka.ConfigMap{"bootstrap.servers": bootstrap, "group.id": topic})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, want := range []struct {
		offset kafka.Offset
		null   bool
	}{{0, false}, {n - 1, true}} {
		if err := c.Assign([]kafka.TopicPartition{{Topic: &topic, Offset: want.offset}}); err != nil {
			t.Fatal(err)
		}
		m, err := c.ReadMessage(30 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Headers) != 2 || m.Headers[0].String() != `a="1"` || m.Headers[1].String() != `b="2"` || (m.Value == nil) != want.null {
			t.Errorf("offset %v: headers %v, value %q", m.TopicPartition.Offset, m.Headers, m.Value)
		}
	}
	cancel()
	if _, err := w.Write(ctx, b); err == nil {
		t.Error("written by a context that is over")
	}
}
