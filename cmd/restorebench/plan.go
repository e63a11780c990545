package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"restorebench/bench/suite"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// resumeKnobs are what may change when a run goes on: the others would make it another run.
var resumeKnobs = []string{"out", "broker", "allow-remote", "client", "minutes", "state-dir", "stall-timeout"}

// stopped finds the run that is to go on: its spec and its raw records.
func stopped(cmd *cobra.Command, args []string, given func(*spec.Spec) error) (s *spec.Spec, raw string, err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if _, knob := spec.Find(f.Name); knob && !slices.Contains(resumeKnobs, f.Name) {
			err = errUsage{fmt.Errorf("--%s with --resume: a run goes on by the spec that it began with; only --%s may change", f.Name, strings.Join(resumeKnobs, ", --"))}
		}
	})
	if err != nil {
		return nil, "", err
	}
	if len(args) == 1 {
		raw = args[0]
	} else {
		where := spec.Default()
		if err := given(where); err != nil {
			return nil, "", err
		}
		if raw, err = record.Latest(filepath.Join(where.Out, "raw")); err != nil {
			return nil, "", errUsage{err}
		}
	}
	s, err = suite.SpecOf(raw)
	return s, raw, err
}

// showPlan prints what a run would do.
func showPlan(ctx context.Context, out io.Writer, s *spec.Spec) error {
	if _, _, err := resolve(s); err != nil {
		return err
	}
	if _, err := limitsOf(s); err != nil {
		return err
	}
	p, err := suite.DryRun(ctx, s)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "subject\tstore\trecovery\tkeys\tvalue B\tparts\tupd/key\ttail\teach about\tand")
	for _, c := range p.Cells {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%g%%\t%s\t%s\n", c.Subject, c.Store, c.Recovery, spec.FormatCount(c.Keys),
			c.ValueBytes, c.Partitions, c.UpdatesPerKey, 100*c.Tail, suite.Expected(c).Round(100*time.Millisecond), others(c))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%d cells, %d trials, about %s on two cores.\n", len(p.Cells), p.Trials, p.Estimate.Round(time.Second))
	for _, note := range p.Left {
		fmt.Fprintln(out, "left out:", note)
	}
	for _, f := range p.Lacking {
		fmt.Fprintf(out, "warning: %s: %s; %s\n", f.Name, f.Value, f.Remedy)
	}
	return nil
}

func copies(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d standby", n)
}

func several(instances int) string {
	if instances < 2 {
		return ""
	}
	return fmt.Sprintf("%d instances", instances)
}

// others names what the columns of a plan leave out of a cell, where it is not the default.
func others(c record.Cell) string {
	parts := []string{copies(c.Standby), several(c.Instances), c.Group, c.Guarantee, c.RecoveryModel, c.RestoreMode, c.PageCache, c.RocksDB, c.Consumer, c.Producer}
	for _, p := range []struct {
		name string
		is   bool
	}{{"static membership", c.StaticMembership}, {"compacted", c.Compacted}, {"sorted keys", c.SortedKeys}} {
		if p.is {
			parts = append(parts, p.name)
		}
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}
