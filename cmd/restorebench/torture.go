package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"restorebench/bench/suite"
	"restorebench/bench/torture"
	"restorebench/harness/spec"
	"restorebench/harness/trial"
)

// Kills of each cell by name.
const (
	ciKills      = 10
	nightlyKills = 200
	releaseKills = 1000
)

func newTorture() *cobra.Command {
	cmd, _ := tortureCommand()
	return cmd
}

// tortureCommand is the command, and what its flags say once they are parsed.
func tortureCommand() (cmd *cobra.Command, options func() (*torture.Options, error)) {
	var asJSON, ci, nightly, release bool
	cmd = &cobra.Command{
		Use:   "torture",
		Short: "Kill the processor over and over, and judge every byte that comes back",
		Long: fmt.Sprintf(`Feeds a processor, kills it with SIGKILL at random moments and at chosen ones (in a
write, a flush, a commit, a checkpoint, a snapshot, a bulk load, at 10, 50 and 90 %%
of a restore, and again in the restore behind that), lets it restore, judges every
byte, and goes on with the same local files. Cells: %s.

A line for every kill goes to OUT/torture. A failure ends its cell, with the command
that repeats it and the directory kept in OUT/torture.`, strings.Join(torture.CellNames(), ", ")),
		Example: `  restorebench torture --kills 20
  restorebench torture --minutes 5 --cells rocksdb-tail`,
		Args: cobra.NoArgs,
	}
	s := spec.Default()
	knobs := []string{"broker", "allow-remote", "out", "seed", "state-dir", "topic-prefix", "stall-timeout"}
	given := knobFlags(cmd, knobs)
	kills := cmd.Flags().String("kills", fmt.Sprint(ciKills), "kills of each cell")
	minutes := cmd.Flags().String("minutes", "0", "go on for so long instead, 1 to 10k")
	keyRange := fmt.Sprintf("from %d to %s", torture.MinKeys, spec.FormatCount(torture.MaxKeys))
	keys := cmd.Flags().String("keys", fmt.Sprint(torture.DefaultKeys),
		"keys that each cell's input is about, "+keyRange+"; with more than by default, as many records are processed before the first kill")
	cells := cmd.Flags().StringSlice("cells", nil, "some of the cells only")
	fault := cmd.Flags().String("fault", "", "beside each kill, or instead of it, damage a local file, change the changelog, strike the broker or the network, fill or fail a disk or cut its power, let a system call fail, leave a zombie or a lock, or change a group of processors: "+strings.Join(torture.Faults(), ", "))
	cmd.Flags().BoolVar(&ci, "ci", false, fmt.Sprintf("%d kills of each cell", ciKills))
	cmd.Flags().BoolVar(&nightly, "nightly", false, fmt.Sprintf("%d kills of each cell", nightlyKills))
	cmd.Flags().BoolVar(&release, "release", false, fmt.Sprintf("%d kills of each cell", releaseKills))
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as one JSON object on stdout, and nothing else there")
	options = func() (*torture.Options, error) {
		if err := errors.Join(given(s), oneOf(cmd, "kills", "minutes", "ci", "nightly", "release")); err != nil {
			return nil, err
		}
		o := &torture.Options{
			Seed: s.Seed, Cells: *cells, Fault: *fault, Kind: s.Broker, Out: s.Out, Prefix: s.TopicPrefix, Stall: s.StallTimeout,
			Given: notDefault(cmd, slices.DeleteFunc(append(slices.Clone(knobs), "keys"), func(name string) bool { return name == "seed" })),
		}
		if err := long(o, *kills, *minutes); err != nil {
			return nil, err
		}
		n, err := spec.ParseCount(*keys)
		if err != nil || n < torture.MinKeys || n > torture.MaxKeys {
			return nil, &spec.Error{Where: "--keys", Value: *keys, Allowed: "a whole number " + keyRange}
		}
		o.Keys = int(n)
		switch {
		case ci:
			o.Kills = ciKills
		case nightly:
			o.Kills = nightlyKills
		case release:
			o.Kills = releaseKills
		}
		err = o.Check()
		return o, err
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o, err := options()
		if err == nil {
			err = canWrite(s.Out)
		}
		if err != nil {
			return err
		}
		return tortureCells(cmd.Context(), s, o, cmd.OutOrStdout(), asJSON)
	}
	return cmd, options
}

// notDefault are those of some flags that have another value than their default, as a shell takes them.
func notDefault(cmd *cobra.Command, names []string) (flags []string) {
	for _, name := range names {
		switch f := cmd.Flags().Lookup(name); {
		case f.Value.String() == f.DefValue:
		case f.NoOptDefVal != "": // it does not take the next word
			flags = append(flags, "--"+name+"="+quoted(f.Value.String()))
		default:
			flags = append(flags, "--"+name, quoted(f.Value.String()))
		}
	}
	return flags
}

// quoted is a word for a shell.
func quoted(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !strings.ContainsRune(plainRunes, r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

const plainRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_"

// oneOf refuses more than one of the flags.
func oneOf(cmd *cobra.Command, flags ...string) error {
	given := slices.DeleteFunc(slices.Clone(flags), func(name string) bool { return !cmd.Flags().Changed(name) })
	if len(given) > 1 {
		return &spec.Error{Where: "--" + strings.Join(given, " and --"), Allowed: "only one of --" + strings.Join(flags, ", --")}
	}
	return nil
}

// long says how long to go on.
func long(o *torture.Options, kills, minutes string) error {
	n, err := spec.ParseCount(kills)
	if err != nil || n < 1 || n > 100_000 {
		return &spec.Error{Where: "--kills", Value: kills, Allowed: "a whole number from 1 to 100k"}
	}
	m, err := spec.ParseCount(minutes)
	if err != nil || m < 0 || m > 10_000 {
		return &spec.Error{Where: "--minutes", Value: minutes, Allowed: "a whole number from 1 to 10k"}
	}
	if o.Time = time.Duration(m) * time.Minute; m == 0 {
		o.Kills = int(n)
	}
	return nil
}

func tortureCells(ctx context.Context, s *spec.Spec, o *torture.Options, stdout io.Writer, asJSON bool) (err error) {
	if o.Command, err = self(); err != nil {
		return err
	}
	o.Build = revision()
	logf := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	line := &liveLine{out: os.Stderr, terminal: term.IsTerminal(int(os.Stderr.Fd()))}
	o.Watch = line.show
	res := &torture.Result{}
	err = suite.WithRunner(ctx, suite.Options{Spec: s, Logf: logf}, func(r *trial.Runner) (err error) {
		o.Run, o.Brokers, o.Broker, o.Dir = r.Run, r.Broker.Bootstrap(), r.Broker, r.Dir
		logf("torture: seed %d", o.Seed)
		res, err = torture.Run(ctx, o)
		return err
	})
	line.end()
	if res.Raw != "" {
		logf("wrote %s", res.Raw)
		if asJSON {
			err = errors.Join(err, json.NewEncoder(stdout).Encode(res))
		} else {
			torture.Show(stdout, res.Table)
			fmt.Fprintln(stdout, res.Sizes)
		}
	}
	for _, f := range res.Failures {
		logf("restorebench: %s: %s\n  seed %d; kept in %s; repeat it with\n  %s", f.Cell, f.Why, res.Seed, f.Kept, f.Repeat)
	}
	if err == nil && len(res.Failures) > 0 {
		err = errReported
	}
	return err
}

// liveLine is a line of progress: rewritten on a terminal, else a new one now and then.
type liveLine struct {
	out      io.Writer
	terminal bool
	shown    time.Time
}

const liveEvery = 10 * time.Second

func (l *liveLine) show(p torture.Progress) {
	text := fmt.Sprintf("torture: %d kills judged", p.Judged)
	if p.Of > 0 {
		text = fmt.Sprintf("torture: %d of %d kills judged", p.Judged, p.Of)
	}
	text += fmt.Sprintf("; %s, in %s", p.Cell, p.Kind)
	switch {
	case l.terminal:
		fmt.Fprintf(l.out, "\r\x1b[K%.79s", text)
	case time.Since(l.shown) >= liveEvery:
		fmt.Fprintln(l.out, text)
		l.shown = time.Now()
	}
}

func (l *liveLine) end() {
	if l.terminal {
		fmt.Fprint(l.out, "\r\x1b[K")
	}
}
