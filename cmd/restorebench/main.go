// Command restorebench measures how long a stream processor is down after a crash,
// and whether the state that comes back is right.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		fmt.Fprintln(os.Stderr, "interrupted: cleaning up (once more to end at once)")
		cancel()
		<-signals
		os.Exit(exitInterrupted)
	}()
	err := newRoot().ExecuteContext(ctx)
	cancel()
	if err != nil && !errors.Is(err, errReported) {
		fmt.Fprintf(os.Stderr, "restorebench: %v\n", err)
	}
	os.Exit(exitCode(err))
}
