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
one: what becomes of it is what the types differ in.

With --cache-bytes, which the stores of a processor share, writes are held back
until a commit, as in Kafka Streams: of several for a key, only the last reaches
the changelog and the output. That shows when commits are further apart, by
--commit-records. Versioned stores are not cached; the counts of their table are.`,
		Example: `  restorebench vote
  restorebench vote --store rocksdb-session --cache-bytes 10Mi --commit-records 100`,
		Args: cobra.NoArgs,
	}
	s := spec.Default()
	given := knobFlags(cmd, []string{"broker", "allow-remote", "client", "cache-bytes"})
	store := cmd.Flags().String("store", "", "one store only: "+strings.Join(spec.VoteStores(), ", "))
	commitRecords := cmd.Flags().String("commit-records", "1", "votes between two commits; there is one at the end, too")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := given(s); err != nil {
			return err
		}
		names := spec.VoteStores()
		if *store != "" {
			if !slices.Contains(names, *store) {
				return &spec.Error{Where: "--store", Value: *store, Allowed: "one of " + strings.Join(names, ", ")}
			}
			names = []string{*store}
		}
		commit, err := spec.ParseCount(*commitRecords)
		if err != nil || commit < 1 || commit > 1e6 {
			return &spec.Error{Where: "--commit-records", Value: *commitRecords, Allowed: "a whole number from 1 to 1M"}
		}
		o := trial.VoteOptions{CacheBytes: s.CacheBytes, CommitRecords: commit}
		return vote(cmd.Context(), s, names, o, cmd.OutOrStdout())
	}
	return cmd
}

func vote(ctx context.Context, s *spec.Spec, names []string, o trial.VoteOptions, out io.Writer) error {
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
			v, err := r.Votes(ctx, name, o)
			if err != nil {
				return err
			}
			showVotes(out, v, o)
		}
		return nil
	})
}

func showVotes(out io.Writer, v *trial.Votes, o trial.VoteOptions) {
	const indent = "              "
	fmt.Fprintf(out, "\n%s\n%s\n", v.Store, wrap(v.Emitted, "  emitted     ", indent))
	if o.CacheBytes > 0 {
		fmt.Fprintln(out, wrap(v.Logged, "  changelog   ", indent))
		if _, typ, _ := spec.ParseStore(v.Store); typ == spec.TypeVersioned {
			fmt.Fprintln(out, "  cache       of the counts only: versioned stores are not cached")
		}
	}
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
