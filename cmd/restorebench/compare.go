package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"restorebench/bench/compare"
	"restorebench/harness/record"
)

func newCompare() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "compare OLD NEW",
		Short: "Tell what changed between two runs, and what is only chance",
		Long: `Compares two runs, cell by cell: the ratio of the medians, its interval, and p.
A difference that can't be told from chance is shown as ~. Cells of runs that differ
in one setting, version or size are compared across it, which is said first; of
those that differ in several, across those of --across. OLD and NEW are raw
records, or directories of results, whose newest run is taken. Exit code 3 if a
--fail-if is true of any cell, and the difference is more than chance.`,
		Example: `  restorebench compare before.jsonl results
  restorebench compare old new --metric rss --fail-if 'downtime > +10%'`,
		Args: cobra.ExactArgs(2),
	}
	metric := cmd.Flags().String("metric", "downtime", "what to compare: "+strings.Join(compare.Metrics(), ", "))
	failIf := cmd.Flags().StringArray("fail-if", nil, "a change that is not accepted, such as 'downtime > +10%'; may be repeated")
	across := cmd.Flags().StringSlice("across", nil, "the settings in which the runs may differ, named as run's flags, a list; default: the one in which they do")
	anyMachine := cmd.Flags().Bool("different-machines", false, "compare runs of different machines")
	asJSON := cmd.Flags().Bool("json", false, "print the comparison as one JSON object")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var thresholds []compare.Threshold
		for _, text := range *failIf {
			t, err := compare.ParseThreshold(text)
			if err != nil {
				return errUsage{fmt.Errorf("--fail-if: %w", err)}
			}
			thresholds = append(thresholds, t)
		}
		sides := make([][]record.Record, 2)
		for i, path := range args {
			var err error
			if sides[i], err = rawRecords(path); err != nil {
				return err
			}
		}
		by := func(metric string) (*compare.Comparison, error) {
			c, err := compare.New(sides[0], sides[1], metric, *anyMachine, *across...)
			if errors.Is(err, compare.ErrMachines) {
				err = fmt.Errorf("%w (--different-machines compares them all the same)", err)
			}
			if err != nil {
				return nil, errUsage{err}
			}
			return c, nil
		}
		c, err := by(*metric)
		if err != nil {
			return err
		}
		if *asJSON {
			err = json.NewEncoder(cmd.OutOrStdout()).Encode(c)
		} else {
			err = compare.Table(cmd.OutOrStdout(), c)
		}
		if err != nil {
			return err
		}
		return hold(os.Stderr, thresholds, by)
	}
	return cmd
}

// hold fails with errMissed if a threshold is not held.
func hold(stderr io.Writer, thresholds []compare.Threshold, by func(metric string) (*compare.Comparison, error)) error {
	missed := false
	for _, t := range thresholds {
		c, err := by(t.Metric)
		if err != nil {
			return err
		}
		if err := t.Check(c); err != nil {
			return errUsage{fmt.Errorf("--fail-if: %w", err)}
		}
		for _, r := range t.Missed(c) {
			missed = true
			fmt.Fprintf(stderr, "MISSED %s: %s by %s, %d keys: %+.1f%%, p=%.3f\n", t, r.Store, r.Recovery, r.Keys, 100*(r.Ratio-1), r.P)
		}
	}
	if missed {
		return errMissed
	}
	return nil
}
