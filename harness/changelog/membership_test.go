package changelog_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"restorebench/harness/changelog"
)

// A member gets the topic's partitions under either protocol; a static one of KIP-848 that is still alive is not
// replaced, and the other one is told so instead of waiting.
func TestJoin(t *testing.T) {
	bootstrap, topic := newTopic(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	for _, protocol := range []string{"classic", "consumer"} {
		t.Run(protocol, func(t *testing.T) {
			o := changelog.GroupOptions{Protocol: protocol, InstanceID: "one", SessionTimeout: 6 * time.Second}
			m, partitions, err := changelog.Join(ctx, bootstrap, topic+protocol, topic, o)
			if err != nil || len(partitions) != 1 || partitions[0] != 0 {
				t.Fatalf("partitions %v (%v)", partitions, err)
			}
			if protocol == "consumer" {
				if _, _, err := changelog.Join(ctx, bootstrap, topic+protocol, topic, o); err == nil || !strings.Contains(err.Error(), "instance ID") {
					t.Errorf("a second member of the same name: %v", err)
				}
			}
			if err := m.Leave(); err != nil {
				t.Error(err)
			}
		})
	}
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, _, err := changelog.Join(ctx, "127.0.0.1:1", "g", topic, changelog.GroupOptions{Protocol: "classic"}); err == nil {
		t.Error("joined where there is no broker")
	}
}

// A member that has failed for good is left at once: what it failed of can be told then.
func TestLeaveAfterFailure(t *testing.T) {
	bootstrap, topic := newTopic(t, nil)
	o := changelog.GroupOptions{Protocol: "consumer", InstanceID: "one"}
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	first, _, err := changelog.Join(ctx, bootstrap, topic, topic, o)
	if err != nil {
		t.Fatal(err)
	}
	second, err := changelog.Share(bootstrap, topic, topic, o, func(changelog.Change) {})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-second.Failed():
		if !strings.Contains(err.Error(), "instance ID") {
			t.Error(err)
		}
	case <-ctx.Done():
		t.Fatal("a second member of the same name did not fail")
	}
	left := make(chan error, 1)
	go func() { left <- second.Leave() }()
	select {
	case err := <-left:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("not left after 10 s")
	}
	if err := first.Leave(); err != nil {
		t.Error(err)
	}
}
