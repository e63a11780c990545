package torture

import (
	"context"
	"errors"
	"testing"

	"restorebench/harness/broker"
	"restorebench/harness/changelog"
	"restorebench/harness/spec"
)

// The broker is killed in the middle of a life, comes back, and nothing is lost for it.
func TestBrokerIsKilled(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, err := broker.Start(ctx, broker.Options{Kind: broker.Local, Dir: t.TempDir(), Probe: changelog.Probe})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	o := options(t)
	o.Brokers, o.Broker, o.Kind = b.Bootstrap(), b, b.Kind()
	o.Fault, o.Kills, o.Cells = FaultBrokerKilled, 1, []string{"memory-snapshot"}
	if err := o.Check(); err != nil {
		t.Fatal(err)
	}
	pid := b.Pid()
	all := tortured(t, o)
	if len(all) != 1 || all[0].Kind != o.Fault || all[0].Struck == "" || all[0].Proof == "" || all[0].Outcome == "" || b.Pid() == pid {
		t.Errorf("seed %d: process %d, then %d: %+v", o.Seed, pid, b.Pid(), all)
	}
}

func TestOnlyOurBrokersAreStruck(t *testing.T) {
	for _, kind := range []string{broker.Auto, broker.Container, "127.0.0.1:9092"} {
		var bad *spec.Error
		o := Options{Fault: FaultBrokerStopped, Kills: 1, Kind: kind}
		if err := o.Check(); !errors.As(err, &bad) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
