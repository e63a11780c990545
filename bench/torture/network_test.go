package torture

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"restorebench/harness/broker"
	"restorebench/harness/changelog"
	"restorebench/harness/proxy"
)

// The network is struck in the middle of a life, which can be proven, and nothing is lost for it.
func TestNetworkIsStruck(t *testing.T) {
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
	o.Fault, o.Kills, o.Cells = FaultBrokerReset, 1, []string{"memory-snapshot-eos"}
	if err := o.Check(); err != nil {
		t.Fatal(err)
	}
	all := tortured(t, o)
	if len(all) != 1 || all[0].Verdict != VerdictOK || all[0].Kind != o.Fault || !strings.Contains(all[0].Proof, "connections reset") || all[0].Struck == "" || all[0].Outcome == "" {
		t.Errorf("seed %d: %+v", o.Seed, all)
	}
}

// What strikes nothing proves nothing; what does says so, and ends.
func TestStrikesOfTheNetworkEnd(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() }) // not before the tests below
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			go func() { _, _ = io.Copy(c, c) }()
		}
	}()
	for fault, proof := range map[string]string{FaultBrokerSlow: "100 bytes passed", FaultBrokerBlackhole: "50 bytes swallowed in 5s, of 1 connections"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			p, err := proxy.Listen()
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			p.Target(l.Addr().String())
			r := &route{proxy: p}
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if proof, err := r.strike(ctx, fault); proof != "" || err == nil {
				t.Errorf("%q, %v", proof, err)
			}
			send := func() net.Conn {
				c, err := net.Dial("tcp", p.Address())
				if err != nil {
					panic(err)
				}
				t.Cleanup(func() { c.Close() })
				if _, err := c.Write(make([]byte, 50)); err != nil {
					t.Error(err)
				}
				return c
			}
			time.AfterFunc(time.Second, func() { send() })
			got, err := r.strike(context.Background(), fault)
			if !strings.HasPrefix(got, proof) || err != nil {
				t.Errorf("%q, %v", got, err)
			}
			if _, err := io.ReadFull(send(), make([]byte, 50)); err != nil {
				t.Error(err)
			}
		})
	}
}
