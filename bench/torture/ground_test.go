package torture

import (
	"errors"
	"math/rand/v2"
	"os"
	"testing"

	"restorebench/harness/changelog"
)

// closedAdmin is a client by which nothing can be made or deleted.
func closedAdmin(t *testing.T, brokers string) *changelog.Admin {
	t.Helper()
	admin, err := changelog.NewAdmin(brokers)
	if err != nil {
		t.Fatal(err)
	}
	admin.Close()
	return admin
}

// grounded is a campaign of one cell, with a client that can make topics.
func grounded(t *testing.T, o *Options, cell string) *campaign {
	t.Helper()
	chosen, err := find([]string{cell})
	if err != nil {
		t.Fatal(err)
	}
	admin, err := changelog.NewAdmin(o.Brokers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	return &campaign{
		Options: o, cell: chosen[0], admin: admin, rng: rand.New(rand.NewPCG(o.Seed, 0)),
		before: func(*Line) {}, judged: func(*Line) error { return nil },
	}
}

// A ground whose topics cannot be deleted is left all the same, and not closed again: librdkafka would free what it has freed.
func TestGroundIsClosedOnce(t *testing.T) {
	c := grounded(t, options(t), "memory-replay-eos")
	if err := c.fresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	g, able, ended := c.ground, c.admin, 0
	h := &hanging{abort: func() { ended++ }, err: errors.New("not ended")}
	g.struck.hanging = h
	c.admin = closedAdmin(t, c.Brokers)
	if err := c.fresh(t.Context()); !errors.Is(err, h.err) || c.ground != nil || ended != 1 {
		t.Fatalf("%v, ground %v, the open transaction was ended %d times", err, c.ground, ended)
	}
	if _, err := os.Stat(g.dir); err == nil {
		t.Errorf("%s is still there", g.dir)
	}
	if err := g.close(c.admin); err != nil {
		t.Error("closed twice:", err)
	}
	if err := able.Delete(t.Context(), g.input, g.log, g.output); err != nil {
		t.Error(err)
	}
}

// So is the ground of a group.
func TestSharedGroundIsClosedOnce(t *testing.T) {
	for _, cell := range []string{"memory-replay", "memory-replay-eos"} {
		o := options(t)
		o.Fault = FaultGroupLeft
		c := grounded(t, o, cell)
		g, err := c.newSharedGround(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := g.close(c.admin); err != nil {
				t.Errorf("%s: %v", cell, err)
			}
		}
	}
}

// Of a ground that could not be made nothing is left, and nobody gets it to close it again.
func TestGroundThatFails(t *testing.T) {
	o := &Options{Run: "test", Brokers: "127.0.0.1:1", Dir: t.TempDir()}
	c := grounded(t, o, "memory-replay")
	c.admin = closedAdmin(t, o.Brokers)
	if g, err := newGround(t.Context(), o, c.admin, "one", &c.cell, traffic{1, DefaultKeys}); err == nil || g != nil {
		t.Errorf("ground %v, %v", g, err)
	}
	if g, err := c.newSharedGround(t.Context()); err == nil || g != nil {
		t.Errorf("shared ground %v, %v", g, err)
	}
	if left, err := os.ReadDir(o.Dir); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}
