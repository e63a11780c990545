package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"restorebench/bench/suite"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/topology"
	"restorebench/harness/trial"
)

func newVote() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "vote",
		Short: "Send seven votes through every type of store, kill it and bring it back",
		Long: `Processes a small stream of votes on a real Kafka with each type of store, with a
commit after every record, kills the processor with SIGKILL and brings its state
back by replay and from local files. voter5's older vote arrives after the newer
one: what becomes of it is what the types differ in.`,
		Args: cobra.NoArgs,
	}
	s := spec.Default()
	broker := flagOf(cmd, "broker")
	store := cmd.Flags().String("store", "", "one store only: "+strings.Join(spec.VoteStores(), ", "))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := s.Set("broker", *broker, "--broker"); err != nil {
			return err
		}
		names := spec.VoteStores()
		if *store != "" {
			if !slices.Contains(names, *store) {
				return &spec.Error{Where: "--store", Value: *store, Allowed: "one of " + strings.Join(names, ", ")}
			}
			names = []string{*store}
		}
		return vote(cmd.Context(), s, names, cmd.OutOrStdout())
	}
	return cmd
}

func vote(ctx context.Context, s *spec.Spec, names []string, out io.Writer) error {
	command, err := self()
	if err != nil {
		return err
	}
	logf := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	return suite.WithRunner(ctx, suite.Options{Spec: s, Command: command, Logf: logf}, func(r *trial.Runner) error {
		var votes []string
		for _, v := range topology.Votes() {
			votes = append(votes, fmt.Sprintf("%s:%s@%d", v.Key, v.Value, v.Timestamp))
		}
		fmt.Fprintf(out, "votes, in order of arrival:\n%s\n", wrap(strings.Join(votes, " "), "  ", "  "))
		for _, name := range names {
			v, err := r.Votes(ctx, name)
			if err != nil {
				return err
			}
			showVotes(out, v)
		}
		return nil
	})
}

func showVotes(out io.Writer, v *trial.Votes) {
	const indent = "              "
	fmt.Fprintf(out, "\n%s\n%s\n", v.Store, wrap(v.Emitted, "  emitted     ", indent))
	live := v.State[trial.VotesLive]
	fmt.Fprintln(out, wrap(live, "  live        ", indent))
	for _, path := range []struct{ name, label string }{
		{record.Replay, "  by replay   "}, {record.Local, "  from files  "},
	} {
		state, taken := v.State[path.name]
		switch {
		case !taken:
			continue
		case state == live:
			state = "the same"
		}
		fmt.Fprintln(out, wrap(state, path.label, indent))
	}
	switch v.LateVote {
	case "a":
		fmt.Fprintln(out, "  late vote   b@8 came after a@10 and is kept as history: voter5 counts for a")
	case "b":
		fmt.Fprintln(out, "  late vote   b@8 came after a@10 and overwrote it: voter5 counts for b")
	}
}

// wrap breaks words into lines of at most 80 columns.
func wrap(text, first, indent string) string {
	lines := []string{first}
	for _, word := range strings.Fields(text) {
		last := len(lines) - 1
		if len(lines[last])+len(word) > 79 {
			lines[last] = strings.TrimRight(lines[last], " ")
			lines = append(lines, indent)
			last++
		}
		lines[last] += word + " "
	}
	return strings.TrimRight(strings.Join(lines, "\n"), " ")
}
