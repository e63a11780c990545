package changelog_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"restorebench/harness/changelog"
)

// A topic that somebody else created stays, also when it has the name of one that was ours.
func TestOnlyOwnTopicsAreDeleted(t *testing.T) {
	bootstrap, topic := newTopic(t, nil) // by an Admin of the test's own
	ours, err := changelog.NewAdmin(bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	exists := func(name string) bool {
		topics, err := ours.Topics()
		if err != nil {
			t.Fatal(err)
		}
		return slices.Contains(topics, name)
	}
	if err := ours.Create(t.Context(), topic, 1, nil); err == nil {
		t.Fatal("a topic was created twice")
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := ours.Create(canceled, topic, 1, nil); !errors.Is(err, context.Canceled) { // nobody knows what became of it
		t.Fatal(err)
	}
	if err := ours.Delete(t.Context(), topic); !errors.Is(err, changelog.ErrNotOurs) || !exists(topic) {
		t.Errorf("Delete of another's topic = %v, and it exists: %v", err, exists(topic))
	}

	again := topic + "-again"
	if err := ours.Create(t.Context(), again, 1, nil); err != nil {
		t.Fatal(err)
	}
	client, err := kafka.NewAdminClient(&kafka.ConfigMap{"bootstrap.servers": bootstrap})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.DeleteTopics(t.Context(), []string{again}); err != nil {
		t.Fatal(err)
	}
	theirs, err := changelog.NewAdmin(bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	for theirs.Create(t.Context(), again, 1, nil) != nil { // while the first one is being deleted
		if t.Context().Err() != nil {
			t.Fatal(t.Context().Err())
		}
	}
	if err := ours.Delete(t.Context(), topic+"-never", again); !errors.Is(err, changelog.ErrNotOurs) || !exists(again) {
		t.Errorf("Delete of the topic that took the name of ours = %v, and it exists: %v", err, exists(again))
	}
	if err := theirs.Delete(t.Context(), again); err != nil || exists(again) {
		t.Errorf("Delete of an own topic = %v, and it exists: %v", err, exists(again))
	}
}
