package trial

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// A topic whose creation was interrupted must not appear once nobody waits for it.
func TestInterruptedCreationLeavesNoTopic(t *testing.T) {
	r := runner(t)
	rec := &record.Record{Cell: cell(spec.StoreMemory, record.Replay, 10)}
	var topics []string
	for i := range 5 {
		a := &attempt{Runner: r, rec: rec, topic: fmt.Sprintf("%s-%d", r.Run, i)}
		topics = append(topics, a.topic)
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(12*i)*time.Millisecond)
		drop, err := a.createTopic(ctx)
		cancel()
		if err != nil {
			continue
		}
		if err := drop(); err != nil {
			t.Error(err)
		}
	}
	time.Sleep(time.Second) // for what is still under way
	admin, err := changelog.NewAdmin(r.Broker.Bootstrap())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	left, err := admin.Topics()
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range topics {
		if slices.Contains(left, topic) {
			t.Errorf("%s was left behind", topic)
		}
	}
}
