package torture

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"restorebench/harness/proxy"
)

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
			if proof, err := r.strike(ctx, fault, func() {}); proof != "" || err == nil {
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
			begun, calls := time.Now(), 0
			var after time.Duration
			got, err := r.strike(context.Background(), fault, func() { calls, after = calls+1, time.Since(begun) })
			if !strings.HasPrefix(got, proof) || err != nil || calls != 1 || after > time.Second { // of the 5 that it lasts
				t.Errorf("%q, %v, %d calls once it was struck, after %v", got, err, calls, after)
			}
			if _, err := io.ReadFull(send(), make([]byte, 50)); err != nil {
				t.Error(err)
			}
		})
	}
}
