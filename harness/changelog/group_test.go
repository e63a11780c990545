package changelog_test

import (
	"context"
	"testing"

	"golang.org/x/sync/errgroup"

	"restorebench/harness/broker"
	"restorebench/harness/changelog"
	"restorebench/harness/proxy"
	"restorebench/stores"
)

// ownBroker is one that a test may move, or that must be new.
func ownBroker(t *testing.T) *broker.Broker {
	t.Helper()
	b, err := broker.Start(t.Context(), broker.Options{Kind: broker.Local, Dir: t.TempDir(), Probe: changelog.Probe})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return b
}

func TestGroup(t *testing.T) {
	bootstrap, topic := newTopic(t, nil)
	write(t, bootstrap, topic, nil, rec{[]byte("a"), []byte("1"), 1}, rec{[]byte("b"), []byte("2"), 2})
	for _, want := range []stores.Offset{0, 1, 2} {
		g, err := changelog.NewGroup(bootstrap, "group-"+topic)
		if err != nil {
			t.Fatal(err)
		}
		if want > 0 {
			if err := g.Commit(topic, want); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := g.Committed(topic); err != nil || got != want {
			t.Errorf("committed %d (%v), want %d", got, err, want)
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A broker that was just started is asked for offsets before its coordinator is up.
func TestGroupOfANewBroker(t *testing.T) {
	b := ownBroker(t)
	admin, err := changelog.NewAdmin(b.Bootstrap())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if err := admin.Create(t.Context(), "t", 1, nil); err != nil {
		t.Fatal(err)
	}
	g, err := changelog.NewGroup(b.Bootstrap(), "g")
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for want := range stores.Offset(3) {
		if got, err := g.Committed("t"); err != nil || got != want {
			t.Fatalf("committed %d (%v), want %d", got, err, want)
		}
		if err := g.Commit("t", want+1); err != nil {
			t.Fatal(err)
		}
	}
}

// A coordinator that has come back at another address is found there, also by who had found it at the old one.
func TestGroupOfABrokerThatMoved(t *testing.T) {
	t.Parallel()
	b := ownBroker(t)
	p, err := proxy.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	move := func() {
		t.Helper()
		address, err := b.Route(t.Context(), "", nil)
		if err != nil {
			t.Fatal(err)
		}
		p.Target(address)
	}
	move()
	admin, err := changelog.NewAdmin(b.Bootstrap())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if err := admin.Create(t.Context(), "t", 1, nil); err != nil {
		t.Fatal(err)
	}
	group := func(name string) *changelog.Group {
		t.Helper()
		g, err := changelog.NewGroup(p.Address(), name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := g.Close(); err != nil {
				t.Error(err)
			}
		})
		if err := g.Commit("t", 1); err != nil {
			t.Fatal(err)
		}
		return g
	}
	writes, reads := group("writes"), group("reads")
	move()
	var both errgroup.Group
	both.Go(func() error { return writes.Commit("t", 2) })
	both.Go(func() error {
		got, err := reads.Committed("t")
		if err == nil && got != 1 {
			t.Errorf("the offset of a group is %d, want 1", got)
		}
		return err
	})
	if err := both.Wait(); err != nil {
		t.Fatal(err)
	}
	if got, err := writes.Committed("t"); got != 2 || err != nil {
		t.Errorf("committed %d (%v), want 2", got, err)
	}
}
