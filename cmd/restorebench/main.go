// Command restorebench measures how long a stream processor is down after a crash,
// and whether the state that comes back is right.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"restorebench/bench/report"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel() // whoever has something to clean up says so
		<-signals
		os.Exit(exitInterrupted)
	}()
	err := newRoot().ExecuteContext(ctx)
	cancel()
	code := exitCode(err)
	if err != nil && !errors.Is(err, errReported) {
		text := err.Error()
		switch code {
		case exitBadInput: // one line, whatever a library had to say
			var list *report.List
			if !errors.As(err, &list) {
				text = strings.ReplaceAll(text, "\n", "; ")
			}
		case exitInterrupted:
			text = "interrupted"
		}
		fmt.Fprintf(os.Stderr, "restorebench: %s\n", text)
	}
	os.Exit(code)
}
