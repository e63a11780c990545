package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

const (
	startTimeout  = 90 * time.Second // a slow machine under load; 5 s are usual
	stopTimeout   = 30 * time.Second
	startAttempts = 3 // for ports that somebody took between choosing and binding
	failureLines  = 15
)

// launcher starts a Kafka without waiting until it answers. An instance that comes with
// an error is one that was begun and has to be stopped.
type launcher func(ctx context.Context, o Options) (instance, error)

// launchAndWait returns a Kafka that answers, or has removed what it began.
func launchAndWait(ctx context.Context, o Options, launch launcher) (instance, error) {
	for attempt := 1; ; attempt++ {
		kafka, err := launch(ctx, o)
		if err == nil {
			err = awaitReady(ctx, kafka, o.Probe)
		}
		if err == nil {
			return kafka, nil
		}
		var tail string
		if kafka != nil {
			tail = kafka.logTail(failureLines)
			stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
			err = errors.Join(err, kafka.stop(stopCtx))
			cancel()
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if attempt < startAttempts && portTaken(err.Error()+tail) {
			continue
		}
		if tail != "" {
			err = fmt.Errorf("%w\nthe end of its log:\n%s", err, tail)
		}
		return nil, err
	}
}

// awaitReady waits until probe succeeds, Kafka ends, or the time is over.
func awaitReady(ctx context.Context, kafka instance, probe func(context.Context, string) error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var err error
	probed := make(chan struct{})
	go func() {
		defer close(probed)
		err = probe(ctx, kafka.bootstrap())
	}()
	select {
	case <-kafka.ended():
		cancel()
		<-probed // the caller's function is not left running
		return errors.New("kafka ended while it started")
	case <-probed:
		if err != nil {
			return fmt.Errorf("kafka started but does not answer: %w", err)
		}
		return nil
	}
}

func portTaken(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "address already in use") || strings.Contains(text, "port is already allocated")
}

// freePorts chooses loopback ports that are free now. They are held together while
// choosing, so they differ.
func freePorts(n int) ([]int, error) {
	listeners := make([]net.Listener, 0, n)
	defer func() {
		for _, l := range listeners {
			_ = l.Close()
		}
	}()
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("choose a port: %w", err)
		}
		listeners = append(listeners, l)
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// lastLines returns up to n of the last lines of text, without the final line break.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
