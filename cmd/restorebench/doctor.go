package main

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"restorebench/bench/doctor"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

func newDoctor() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what would spoil a measurement on this machine, and what to do about it",
		Long: `Looks at the processor's clock and governor, load, steal time, memory and swap, the
disk of the state directory, container limits, and the Docker engine, Kafka and
Java that a run would use. Exit code 1 if figures measured here would mean nothing,
else 0: with warnings they vary, or hold for a setting that the report names.`,
		Args: cobra.NoArgs,
	}
	given := knobFlags(cmd, []string{"state-dir"})
	asJSON := cmd.Flags().Bool("json", false, "print one JSON object")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		s := spec.Default()
		if err := given(s); err != nil {
			return err
		}
		dir, err := stateDir(s)
		if err != nil {
			return err
		}
		findings := slices.Concat(doctor.Machine(cmd.Context(), dir), doctor.Software(cmd.Context()))
		if err := cmd.Context().Err(); err != nil {
			return err
		}
		spoiled := doctor.Spoiled(findings)
		if *asJSON {
			err = json.NewEncoder(cmd.OutOrStdout()).Encode(diagnosis{findings, spoiled})
		} else {
			err = doctor.Print(cmd.OutOrStdout(), findings)
		}
		if err == nil && spoiled {
			err = errReported
		}
		return err
	}
	return cmd
}

// diagnosis is what --json prints.
type diagnosis struct {
	Findings []record.Finding `json:"findings"`
	Spoiled  bool             `json:"spoiled"`
}

// stateDir is the absolute path of --state-dir, which must exist as it must for a run.
func stateDir(s *spec.Spec) (string, error) {
	dir, err := filepath.Abs(cmp.Or(s.StateDir, os.TempDir()))
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", &spec.Error{Where: "--state-dir", Value: s.StateDir, Allowed: "a directory"}
	}
	return dir, nil
}
