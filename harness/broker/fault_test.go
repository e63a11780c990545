package broker_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
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
	calls := 0
	during := func(gone bool) func() { // it is: the port refuses, or takes what nobody answers
		return func() {
			calls++
			c, err := net.Dial("tcp", b.Bootstrap())
			if err == nil {
				c.Close()
			}
			want := map[bool]string{true: "", false: "T"}[gone]
			for end := time.Now().Add(10 * time.Second); stateOf(t, pid) != want && time.Now().Before(end); { // a signal takes its time
				time.Sleep(time.Millisecond)
			}
			if state := stateOf(t, pid); (err != nil) != gone || state != want {
				t.Errorf("gone %v: %v, process %d is %q", gone, err, pid, state)
			}
		}
	}
	if err := b.Freeze(ctx, 100*time.Millisecond, during(false)); err != nil || b.Pid() != pid || !b.Alive() {
		t.Fatalf("%v; process %d, then %d", err, pid, b.Pid())
	}
	second, err := b.Route(ctx, "", during(true)) // a restart too
	if err != nil || b.Pid() == pid || !b.Alive() {
		t.Fatalf("%v; process %d, then %d", err, pid, b.Pid())
	}
	c, err := net.Dial("tcp", second)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if calls != 2 {
		t.Errorf("%d calls in the middle of 2 strikes", calls)
	}
	if topics, err := admin.Topics(); err != nil || len(topics) != 1 {
		t.Errorf("%v, %v", topics, err)
	}
}

// stateOf is a process' state by the kernel, "" when there is none.
func stateOf(t *testing.T, pid int) string {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return rest[:1]
}

func TestForeignBrokerIsNotStruck(t *testing.T) {
	t.Parallel()
	o := options(t, "127.0.0.1:1")
	o.Probe = func(context.Context, string) error { return nil }
	b, err := broker.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Restart(context.Background(), syscall.SIGKILL, 0, nil); !errors.Is(err, broker.ErrNotOurs) {
		t.Error(err)
	}
	if _, err := b.Route(context.Background(), "", nil); !errors.Is(err, broker.ErrNotOurs) {
		t.Error(err)
	}
	if err := b.Freeze(context.Background(), time.Hour, nil); !errors.Is(err, broker.ErrNotOurs) {
		t.Error(err)
	}
}
