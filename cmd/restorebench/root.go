package main

import (
	"cmp"
	"context"
	"errors"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"restorebench/bench/suite"
	"restorebench/harness/spec"
)

// Exit codes.
const (
	exitOK          = 0   // done and valid
	exitFailed      = 1   // a trial failed or is invalid
	exitBadInput    = 2   // bad input
	exitMissed      = 3   // a threshold was missed
	exitInterrupted = 130 // interrupted, partial results kept
)

// errReported is a failure whose reasons the user has already seen.
var errReported = errors.New("failed")

// errUsage is a mistake on the command line.
type errUsage struct{ error }

func (e errUsage) Unwrap() error { return e.error }

func exitCode(err error) int {
	var (
		bad   *suite.BadInput
		field *spec.Error
		usage errUsage
	)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, errMissed):
		return exitMissed
	case errors.As(err, &bad), errors.As(err, &field), errors.As(err, &usage):
		return exitBadInput
	default:
		return exitFailed
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "restorebench",
		Short: "How long is a stream processor down after a crash, and is the restored state right?",
		Long: `restorebench loads keys into stores through a Kafka changelog topic, kills the
processor with SIGKILL, starts it again, times every phase until the first
correct read, and verifies every restored byte.`,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		var bad *pflag.InvalidValueError
		if errors.As(err, &bad) && bad.GetFlag().Value.Type() == "duration" {
			return &spec.Error{Where: "--" + bad.GetFlag().Name, Value: bad.GetValue(), Allowed: "a duration with a unit, as 20s"}
		}
		return errUsage{err}
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newRun(), newReport(), newPlot(), newCompare(), newPredict(), newCeilings(), newTargets(), newVote(), newTorture(), newSubjects(), newDoctor(), newServeSubject())
	for _, cmd := range append(root.Commands(), root) {
		if check := cmd.Args; check != nil {
			cmd.Args = func(cmd *cobra.Command, args []string) error {
				if err := check(cmd, args); err != nil {
					return errUsage{err}
				}
				return nil
			}
		}
	}
	return root
}

// version is the commit that was built, or the module's version.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return cmp.Or(commit(info), info.Main.Version)
}

// revision is the commit that was built; "" where the build does not say.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return commit(info)
}

// commit is that of a build, which files that were not committed make another one; "" where it does not say.
func commit(info *debug.BuildInfo) (name string) {
	changed := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			name = s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+dirty"
		}
	}
	if name == "" {
		return ""
	}
	return name + changed
}
