package broker_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"restorebench/harness/broker"
	"restorebench/harness/changelog"
)

// A broker that was struck has the topics that it had, at the address that it had.
func TestStruckBrokerComesBack(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, err := broker.Start(ctx, options(t, broker.Local))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	admin, err := changelog.NewAdmin(b.Bootstrap())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if err := admin.Create(ctx, "kept", 1, nil); err != nil {
		t.Fatal(err)
	}
	pid := b.Pid()
	if err := b.Freeze(ctx, 100*time.Millisecond); err != nil || b.Pid() != pid || !b.Alive() {
		t.Fatalf("%v; process %d, then %d", err, pid, b.Pid())
	}
	second, err := b.Route(ctx, "") // a restart too
	if err != nil || b.Pid() == pid || !b.Alive() {
		t.Fatalf("%v; process %d, then %d", err, pid, b.Pid())
	}
	c, err := net.Dial("tcp", second)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if topics, err := admin.Topics(); err != nil || len(topics) != 1 {
		t.Errorf("%v, %v", topics, err)
	}
}

func TestForeignBrokerIsNotStruck(t *testing.T) {
	t.Parallel()
	o := options(t, "127.0.0.1:1")
	o.Probe = func(context.Context, string) error { return nil }
	b, err := broker.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Restart(context.Background(), syscall.SIGKILL, 0); !errors.Is(err, broker.ErrNotOurs) {
		t.Error(err)
	}
	if _, err := b.Route(context.Background(), ""); !errors.Is(err, broker.ErrNotOurs) {
		t.Error(err)
	}
	if err := b.Freeze(context.Background(), time.Hour); !errors.Is(err, broker.ErrNotOurs) {
		t.Error(err)
	}
}
