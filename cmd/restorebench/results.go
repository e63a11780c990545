package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"restorebench/bench/plot"
	"restorebench/bench/report"
	"restorebench/harness/record"
)

// publish writes the summary and the charts of records to out and prints the
// table, or with asJSON the summary.
func publish(out string, records []record.Record, stdout io.Writer, asJSON bool) error {
	s, err := report.New(records)
	if err != nil {
		return err
	}
	if err := report.WriteSummary(filepath.Join(out, "summary.json"), s); err != nil {
		return err
	}
	if err := show(s, stdout, asJSON); err != nil {
		return err
	}
	if s.Valid() == 0 {
		return nil // the table says why; there is nothing to draw
	}
	return draw(out, s)
}

func show(s *report.Summary, stdout io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(stdout).Encode(s)
	}
	return report.Table(stdout, s)
}

func draw(out string, s *report.Summary) error {
	charts, err := plot.Write(out, s)
	for _, path := range charts {
		fmt.Fprintln(os.Stderr, "wrote", path)
	}
	return err
}

// load derives the summary of a run's raw records: those of the path in args, or
// of the newest run in out.
func load(out string, args []string) (*report.Summary, error) {
	path := ""
	if len(args) == 1 {
		path = args[0]
	} else {
		var err error
		if path, err = record.Latest(filepath.Join(out, "raw")); err != nil {
			return nil, errUsage{err}
		}
	}
	records, err := record.Scan(path)
	if errors.Is(err, record.ErrTruncated) {
		fmt.Fprintf(os.Stderr, "restorebench: %v; going on with the %d before it\n", err, len(records))
	} else if err != nil {
		return nil, errUsage{err}
	}
	s, err := report.New(records)
	if err != nil {
		return nil, errUsage{fmt.Errorf("%s: %w", path, err)}
	}
	return s, nil
}

func outFlag(cmd *cobra.Command) *string { return flagOf(cmd, "out") }

func newReport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report [RAW.jsonl]",
		Short: "Print the table of a run, by default of the newest in --out",
		Args:  cobra.MaximumNArgs(1),
	}
	out := outFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print the summary as one JSON object")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := load(*out, args)
		if err != nil {
			return err
		}
		return show(s, cmd.OutOrStdout(), *asJSON)
	}
	return cmd
}

func newPlot() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plot [RAW.jsonl]",
		Short: "Draw the charts of a run again, by default of the newest in --out",
		Args:  cobra.MaximumNArgs(1),
	}
	out := outFlag(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		s, err := load(*out, args)
		if err != nil {
			return err
		}
		return draw(*out, s)
	}
	return cmd
}
