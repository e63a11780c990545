package torture

import (
	"context"
	"fmt"
	"slices"
	"time"

	"restorebench/harness/broker"
	"restorebench/harness/proxy"
)

// Faults of the network between the processor and the broker, which lives on.
const (
	FaultBrokerSlow      = "broker-slow"      // slowRate each way, for slowFor
	FaultBrokerReset     = "broker-reset"     // all connections are reset, every resetEvery for resetFor
	FaultBrokerBlackhole = "broker-blackhole" // bytes are swallowed for swallowFor; connections that lost some stay silent
	FaultBrokerMoved     = "broker-moved"     // kill -9, and started again at another port
)

const (
	slowRate   = 1_000_000 / 8 // bytes per second
	slowFor    = 5 * time.Second
	resetFor   = 2 * time.Second
	resetEvery = 200 * time.Millisecond
	swallowFor = 5 * time.Second
)

var networkFaults = []string{FaultBrokerSlow, FaultBrokerReset, FaultBrokerBlackhole, FaultBrokerMoved}

func ofNetwork(fault string) bool { return slices.Contains(networkFaults, fault) }

// route is the processor's way to the broker: through a proxy, to a listener of its own. The harness, that
// feeds and judges, goes straight to the other one. When the broker moves, the proxy is the address that it
// is looked up at, and clients are told where it is.
type route struct {
	broker *broker.Broker
	proxy  *proxy.Proxy
	target string // behind the proxy
}

func newRoute(ctx context.Context, b *broker.Broker, fault string) (_ *route, err error) {
	r := &route{broker: b}
	if r.proxy, err = proxy.Listen(); err != nil {
		return nil, err
	}
	through := r.proxy.Address()
	if fault == FaultBrokerMoved {
		through = ""
	}
	if err := r.lead(ctx, through, nil); err != nil {
		_ = r.proxy.Close()
		return nil, err
	}
	return r, nil
}

// lead makes the listener that the proxy leads to, in the place of the one that it led to. gone is called when the broker is, in between.
func (r *route) lead(ctx context.Context, advertised string, gone func()) (err error) {
	if r.target, err = r.broker.Route(ctx, advertised, gone); err == nil {
		r.proxy.Target(r.target)
	}
	return err
}

func (r *route) close() error { return r.proxy.Close() }

// way is the address at which a processor looks for the broker.
func (o *Options) way() string {
	if o.route != nil {
		return o.route.proxy.Address()
	}
	return o.Brokers
}

// strike returns what proves that it happened; "" when there was nothing that it could do something to. struck is called once it has begun.
func (r *route) strike(ctx context.Context, fault string, struck func()) (proof string, err error) {
	before := r.proxy.Count()
	switch fault {
	case FaultBrokerMoved:
		return r.move(ctx, struck)
	case FaultBrokerReset:
		return r.reset(ctx, struck)
	case FaultBrokerSlow:
		r.proxy.Slow(slowRate)
		defer r.proxy.Slow(0)
		struck()
		err = pause(ctx, slowFor)
		after := r.proxy.Count()
		if n, held := after.Passed-before.Passed, after.Held-before.Held; n > 0 {
			proof = fmt.Sprintf("%d bytes passed in %v at %d bytes/s, held back for %v in sum", n, slowFor, slowRate, held.Round(time.Millisecond))
		}
	case FaultBrokerBlackhole:
		r.proxy.Swallow(true)
		defer r.proxy.Swallow(false)
		struck()
		err = pause(ctx, swallowFor)
		after := r.proxy.Count()
		if n := after.Swallowed - before.Swallowed; n > 0 {
			proof = fmt.Sprintf("%d bytes swallowed in %v, of %d connections", n, swallowFor, after.Dead-before.Dead)
		}
	}
	return proof, err
}

func (r *route) reset(ctx context.Context, struck func()) (proof string, err error) {
	all := 0
	for i := range resetFor / resetEvery {
		if all += r.proxy.Reset(); i == 0 {
			struck()
		}
		if err := pause(ctx, resetEvery); err != nil {
			return "", err
		}
	}
	if all > 0 {
		proof = fmt.Sprintf("%d connections reset in %v", all, resetFor)
	}
	return proof, nil
}

func (r *route) move(ctx context.Context, gone func()) (proof string, err error) {
	pid, target, start := r.broker.Pid(), r.target, time.Now()
	if err := r.lead(ctx, "", gone); err != nil {
		return "", err
	}
	away := time.Since(start).Round(time.Millisecond)
	return fmt.Sprintf("broker's process %d at %s, then %d at %s, answers again after %v", pid, target, r.broker.Pid(), r.target, away), nil
}

// pause waits, or returns the reason why ctx ended before.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
