package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"restorebench/bench/progress"
	"restorebench/bench/suite"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

func newRun() *cobra.Command {
	var asJSON, dryRun, resume bool
	cmd := &cobra.Command{
		Use:   "run [SPEC.yaml]",
		Short: "Load, kill, restart, time, verify and plot",
		Long: `Runs every combination of the axes (keys, value-bytes, partitions,
updates-per-key, stores, recovery, subjects) several times, interleaved in a
random order, and writes raw records, a summary and charts to --out.
A flag overrides the field of the same name in SPEC.yaml. --resume finishes the
run whose raw records are given, or the newest in --out, by the spec that it began with.`,
		Example: `  restorebench run
  restorebench run --keys 5M --stores rocksdb --recovery replay,local --runs 3`,
		Args: cobra.MaximumNArgs(1),
	}
	given := knobFlags(cmd, spec.Names())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the summary as one JSON object on stdout, and nothing else there")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would be run, and about how long it would take")
	cmd.Flags().BoolVar(&resume, "resume", false, "finish a run that was stopped")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, raw := spec.Default(), ""
		var err error
		switch {
		case resume:
			s, raw, err = stopped(cmd, args, given)
		case len(args) == 1:
			err = s.Load(args[0])
		}
		if err != nil {
			return err
		}
		if err := given(s); err != nil {
			return err
		}
		if dryRun {
			return showPlan(cmd.Context(), cmd.OutOrStdout(), s)
		}
		return run(cmd.Context(), s, raw, cmd.OutOrStdout(), asJSON)
	}
	return cmd
}

func run(ctx context.Context, s *spec.Spec, resume string, stdout io.Writer, asJSON bool) error {
	command, err := self()
	if err != nil {
		return err
	}
	subjects, notes, err := resolve(s)
	if err != nil {
		return err
	}
	limits, err := limitsOf(s)
	if err != nil {
		return err
	}
	if note := replaces(s.Out, resume); note != "" {
		notes = append(notes, note)
	}
	display := progress.New(os.Stderr, term.IsTerminal(int(os.Stderr.Fd())))
	quiet := context.AfterFunc(ctx, func() { display.Logf("interrupted: cleaning up (once more to end at once)") })
	res, runErr := suite.Run(ctx, suite.Options{
		Spec:    s,
		Command: command, Subjects: subjects, Notes: notes,
		Version: version(), Resume: resume, Logf: display.Logf, Watch: display.Show,
	})
	quiet()
	display.Close()
	invalid := res.Invalid()
	finished := len(res.Records) - invalid
	interrupted := errors.Is(runErr, context.Canceled)
	// An interrupted run that finished nothing must not replace an older one's summary.
	if finished > 0 || (invalid > 0 && !interrupted) {
		if err := publish(s.Out, res.Records, stdout, asJSON); err != nil {
			return errors.Join(runErr, err)
		}
	}
	switch {
	case interrupted && finished > 0:
		fmt.Fprintf(os.Stderr, "restorebench: interrupted, the %d finished trials are in %s\n", finished, res.Raw)
		return errors.Join(errReported, runErr)
	case interrupted:
		fmt.Fprintln(os.Stderr, "restorebench: interrupted before a trial was finished")
		return errors.Join(errReported, runErr)
	case runErr != nil:
		return runErr
	case invalid > 0:
		fmt.Fprintf(os.Stderr, "restorebench: %d of %d trials are invalid, see above and %s\n", invalid, len(res.Records), res.Raw)
		return errReported
	}
	return within(os.Stderr, limits, res.Records)
}

// self starts our own processor: this program again.
func self() (subject.Command, error) {
	path, err := os.Executable()
	return subject.Command{Path: path, Args: []string{"serve-subject"}}, err
}
