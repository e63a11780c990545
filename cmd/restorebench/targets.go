package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"restorebench/bench/ceilings"
	"restorebench/bench/doctor"
	"restorebench/bench/report"
	"restorebench/bench/suite"
	"restorebench/bench/targets"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/trial"
)

// errMissed is a threshold that was missed, as the table says.
var errMissed = errors.New("a target or a limit was missed")

// targetKnobs are the flags of targets, and targetKeys what they are measured with.
var targetKnobs = []string{"keys", "runs", "seed", "broker", "allow-remote", "state-dir", "topic-prefix", "restore-memory"}

const targetKeys = "4M"

func newTargets() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "targets",
		Short: "Hold the restore to its targets: ratios to the ceilings and to what others do",
		Long: `Loads changelogs, then restores them in every way and measures what bounds that,
--runs times, interleaved in a seeded order; compares the medians with the
targets, and exits with 3 if one is missed. With the default of 4M keys it takes
about ten minutes and 4 GB of disk.`,
		Args: cobra.NoArgs,
	}
	given := knobFlags(cmd, targetKnobs)
	cmd.Flags().Lookup("keys").DefValue = targetKeys
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the outcomes as one JSON object on stdout, and nothing else there")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		s := spec.Default()
		err := s.Set("keys", targetKeys, "--keys")
		if err == nil {
			err = given(s)
		}
		if err == nil {
			err = targets.Check(s.Keys[0])
		}
		if err != nil {
			return errUsage{err}
		}
		return measureTargets(cmd.Context(), s, cmd.OutOrStdout(), asJSON)
	}
	return cmd
}

// compared is what --json prints.
type compared struct {
	Broker      record.Broker       `json:"broker"`
	Environment *record.Environment `json:"environment"`
	Targets     []targets.Outcome   `json:"targets"`
	Measures    []ceilings.Summary  `json:"measures"`
}

func measureTargets(ctx context.Context, s *spec.Spec, stdout io.Writer, asJSON bool) error {
	logf := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	var found compared
	findings := doctor.Notable(suite.Examine(ctx, s))
	err := suite.WithRunner(ctx, suite.Options{Spec: s, Logf: logf}, func(r *trial.Runner) (err error) {
		found.Broker = record.Broker{Kind: r.Broker.Kind(), Version: r.Broker.Version()}
		found.Environment = record.CaptureEnvironment(r.Dir)
		found.Environment.Findings = findings
		found.Targets, found.Measures, err = targets.Run(ctx, targets.Options{
			Run: r.Run, Prefix: s.TopicPrefix, Brokers: r.Broker.Bootstrap(), Dir: r.Dir,
			Records: s.Keys[0], Rounds: int(s.Runs), Seed: s.Seed, Memory: targets.BulkMemory(s.RestoreMemory), Logf: logf,
		})
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		err = json.NewEncoder(stdout).Encode(found)
	} else {
		showTargets(stdout, &found, s.Keys[0])
	}
	for _, o := range found.Targets {
		if !o.Met() {
			err = errors.Join(err, errMissed)
			break
		}
	}
	return err
}

// showTargets prints a table of at most 80 columns, which is Markdown too.
func showTargets(out io.Writer, found *compared, records int64) {
	rows := [][]string{{"measure", "rec/s", "against", "rec/s", "ratio", "target"}, {"---", "--:", "---", "--:", "--:", "---"}}
	for _, o := range found.Targets {
		rows = append(rows, []string{
			o.Of, report.Amount(o.OfRate), o.By, report.Amount(o.ByRate), fmt.Sprintf("%.3g", o.Ratio), o.Want(),
		})
	}
	for _, row := range rows {
		fmt.Fprintf(out, "| %-19s | %5s | %-19s | %5s | %5s | %-7s |\n", row[0], row[1], row[2], row[3], row[4], row[5])
	}
	n := 0
	if len(found.Targets) > 0 {
		n = found.Targets[0].N
	}
	fmt.Fprintf(out, "\nMedians of %d, interleaved; %s records of 16 B + 100 B, one partition,\nKafka %s (%s) on the same machine: %s, %d cores.\n",
		n, report.Keys(records), found.Broker.Version, found.Broker.Kind, found.Environment.CPU, found.Environment.Cores)
	for _, o := range found.Targets {
		if !o.Met() {
			fmt.Fprintf(out, "MISSED: %s against %s is %.3g, want %s\n", o.Of, o.By, o.Ratio, o.Want())
		}
	}
	report.WriteMachine(out, found.Environment)
}
