package broker

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// ErrNotOurs means that a broker is not to be struck: it is not a process that was started here.
var ErrNotOurs = errors.New("only a local broker that was started here can be struck")

// Restart ends a local broker by a signal, SIGKILL or SIGTERM, and starts it again after it
// was away for so long: on the same data and the same port, as another process. gone is called in
// between, once the first one is dead; it may be nil. Restart returns once the other answers. Other kinds are
// left alone, with [ErrNotOurs].
func (b *Broker) Restart(ctx context.Context, signal syscall.Signal, away time.Duration, gone func()) error {
	k, err := b.ours()
	if err != nil {
		return err
	}
	if err := k.current().end(ctx, signal); err != nil {
		return fmt.Errorf("restart the broker: %w", err)
	}
	if gone != nil {
		gone()
	}
	select {
	case <-time.After(away):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	b.mu.Lock() // not while it is stopped for good
	if b.stopped {
		err = errors.New("it was stopped")
	} else {
		err = k.start()
	}
	b.mu.Unlock()
	if err == nil {
		err = awaitReady(ctx, k, b.probe)
	}
	if err != nil {
		return fmt.Errorf("restart the broker: %w\nthe end of its log:\n%s", err, k.logTail(failureLines))
	}
	return nil
}

// Route restarts a local broker like Restart with SIGKILL, with a second listener on a port that is free, in the
// place of the one of an earlier Route. Its address is returned, and it tells clients to come to advertised,
// HOST:PORT, "" being that address. The first listener, of Bootstrap, stays as it is.
func (b *Broker) Route(ctx context.Context, advertised string, gone func()) (address string, err error) {
	k, err := b.ours()
	if err != nil {
		return "", err
	}
	ports, err := freePorts(1)
	if err != nil {
		return "", err
	}
	address = fmt.Sprintf("%s:%d", k.layout.listen, ports[0])
	if advertised == "" {
		advertised = address
	}
	k.layout.routed = routed{ports[0], advertised}
	if err := k.writeProperties(); err != nil {
		return "", err
	}
	return address, b.Restart(ctx, syscall.SIGKILL, 0, gone)
}

// Freeze stops a local broker with SIGSTOP for so long, or until ctx ends, and returns once it
// answers again. stopped is called once it is stopped; it may be nil. Other kinds are left alone, with [ErrNotOurs].
func (b *Broker) Freeze(ctx context.Context, long time.Duration, stopped func()) error {
	k, err := b.ours()
	if err != nil {
		return err
	}
	pid := k.pid()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return fmt.Errorf("stop the broker's process %d: %w", pid, err)
	}
	if stopped != nil {
		stopped()
	}
	select {
	case <-time.After(long):
	case <-ctx.Done():
	}
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		return fmt.Errorf("continue the broker's process %d: %w", pid, err)
	}
	return awaitReady(ctx, k, b.probe)
}

func (b *Broker) ours() (*local, error) {
	k, ok := b.kafka.(*local)
	if !ok {
		return nil, fmt.Errorf("%w: this is %s", ErrNotOurs, b.kind)
	}
	return k, nil
}
