// Package brokertest gives a test binary one real Kafka for all of its tests.
package brokertest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"restorebench/harness/broker"
	"restorebench/harness/changelog"
)

var shared struct {
	once sync.Once
	b    *broker.Broker
	dir  string
	err  error
}

// Start returns the test binary's broker: a container where there is an engine,
// else a local process. The binary's TestMain must call Main.
func Start(tb testing.TB) *broker.Broker {
	tb.Helper()
	shared.once.Do(func() {
		if shared.dir, shared.err = os.MkdirTemp("", "restorebench-test-"); shared.err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		shared.b, shared.err = broker.Start(ctx, broker.Options{Kind: broker.Auto, Dir: shared.dir, Probe: changelog.Probe})
	})
	if shared.err != nil {
		tb.Fatalf("broker: %v", shared.err)
	}
	return shared.b
}

// NoTopics fails the test if the broker has topics whose name contains part.
func NoTopics(tb testing.TB, brokers, part string, client ...map[string]string) {
	tb.Helper()
	var settings []changelog.Settings
	for _, s := range client {
		settings = append(settings, s)
	}
	admin, err := changelog.NewAdmin(brokers, settings...)
	if err != nil {
		tb.Fatal(err)
	}
	defer admin.Close()
	topics, err := admin.Topics()
	if err != nil {
		tb.Fatal(err)
	}
	for _, topic := range topics {
		if strings.Contains(topic, part) {
			tb.Errorf("topic left behind: %s", topic)
		}
	}
}

// Main runs a test binary and then stops the broker that its tests may have
// started. Its result goes to os.Exit.
func Main(m *testing.M) int {
	code := m.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}

func stop() error {
	if shared.dir == "" {
		return nil
	}
	defer os.RemoveAll(shared.dir)
	if shared.b == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return shared.b.Stop(ctx)
}
