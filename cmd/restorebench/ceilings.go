package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"restorebench/bench/ceilings"
	"restorebench/bench/doctor"
	"restorebench/bench/report"
	"restorebench/bench/suite"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/trial"
)

// ceilingKnobs are the flags of ceilings: those of run that say what is loaded, how
// and where.
var ceilingKnobs = []string{
	"keys", "value-bytes", "key-bytes", "partitions", "updates-per-key", "tombstones", "compressible", "key-order", "stores", "runs", "seed",
	"broker", "allow-remote", "out", "state-dir", "topic-prefix", "rocksdb", "consumer", "producer", "topic",
}

// ceilingKeys: fewer take milliseconds, of which most are beginning and end.
const ceilingKeys = "1M"

func newCeilings() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ceilings",
		Short: "Measure what bounds a restore here: the wire, librdkafka, each store, the disk",
		Long: `Loads a changelog topic and measures each stage of a restore alone, --runs times,
interleaved in a seeded order: fetch responses off the socket with only their
headers read, the same decoded into batches, the drain of the changelog through
librdkafka, both with nothing applied, prepared batches into each
store, sequential writing and reading of as many bytes as a store holds; and, as a
baseline, one Poll per record with the library's defaults into a Go map.

Of a list of keys, value-bytes, partitions or updates-per-key the first counts.
Raw measurements go to OUT/raw/ceilings.`,
		Example: `  restorebench ceilings
  restorebench ceilings --keys 4M --producer compression.type=lz4`,
		Args: cobra.NoArgs,
	}
	given := knobFlags(cmd, ceilingKnobs)
	cmd.Flags().Lookup("keys").DefValue = ceilingKeys
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as one JSON object on stdout, and nothing else there")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		s := spec.Default()
		err := s.Set("keys", ceilingKeys, "--keys")
		if err == nil {
			err = given(s)
		}
		if err == nil {
			err = ceilings.Check(s)
		}
		if err == nil {
			err = canWrite(s.Out)
		}
		if err != nil {
			return errUsage{err}
		}
		return measureCeilings(cmd.Context(), s, cmd.OutOrStdout(), asJSON)
	}
	return cmd
}

// canWrite tries to write where the directory is or will be made, and leaves nothing.
func canWrite(dir string) error {
	parent := dir
	for ; !isThere(parent); parent = filepath.Dir(parent) {
	}
	f, err := os.CreateTemp(parent, ".writable-*")
	if err != nil {
		return &spec.Error{Where: "--out", Value: dir, Allowed: "a directory that can be written (" + err.Error() + ")"}
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// isThere is true of "." and "/" at the latest.
func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func measureCeilings(ctx context.Context, s *spec.Spec, stdout io.Writer, asJSON bool) error {
	logf := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	found := &ceilings.Report{}
	findings := doctor.Notable(suite.Examine(ctx, s))
	err := suite.WithRunner(ctx, suite.Options{Spec: s, Logf: logf}, func(r *trial.Runner) (err error) {
		found, err = ceilings.Run(ctx, ceilings.Options{
			Spec: s, Run: r.Run, Brokers: r.Broker.Bootstrap(), Dir: r.Dir, Version: version(), Logf: logf, Findings: findings,
			Broker: record.Broker{Kind: r.Broker.Kind(), Version: r.Broker.Version()},
		})
		return err
	})
	if found.Raw == "" {
		return cmp.Or(err, errors.New("ceilings: nothing was measured"))
	}
	logf("wrote %s", found.Raw)
	if asJSON {
		return errors.Join(err, json.NewEncoder(stdout).Encode(found))
	}
	showCeilings(stdout, found)
	return err
}

// showCeilings prints a table of at most 80 columns, and what follows from it.
func showCeilings(out io.Writer, r *ceilings.Report) {
	rows := [][]string{{"ceiling", "n", "records/s", "interval", "MB/s", "time", "of wire"}}
	for _, c := range r.Ceilings {
		interval := "-"
		if i := c.RecordsPerSecond.Interval; i != nil {
			interval = report.Amount(i.Low) + "–" + report.Amount(i.High)
		}
		rows = append(rows, []string{
			c.Name, fmt.Sprint(c.N), report.Amount(c.RecordsPerSecond.Median), interval,
			report.Amount(c.BytesPerSecond.Median / 1e6), report.Duration(c.ElapsedNS.Median),
			fmt.Sprintf("%.3g %%", 100*c.WireShare),
		})
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, text := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	for _, row := range rows {
		line := fmt.Sprintf("%-*s", widths[0], row[0])
		for i, text := range row[1:] {
			line += fmt.Sprintf("  %*s", widths[i+1], text)
		}
		fmt.Fprintln(out, line)
	}
	showBounds(out, r.Ceilings)
	report.WriteMachine(out, r.Environment)
}

// showBounds says for each store which of the stages of its replay is the slowest, and
// how near the replay came to it.
func showBounds(out io.Writer, measured []ceilings.Summary) {
	fmt.Fprintln(out, "\nA replay can be no faster than its slowest stage:")
	for _, store := range []struct {
		name, replay string
		stages       []string
	}{
		{spec.EngineMemory, ceilings.NameReplayMemory, []string{ceilings.NameMemory, ceilings.NameFetch}},
		{spec.EngineRocks, ceilings.NameReplayRocks, []string{ceilings.NameRocksBulk, ceilings.NameFetch, ceilings.NameWrite}},
	} {
		replay, ok := ceilings.Slowest(measured, store.replay)
		if !ok {
			continue // not asked for
		}
		slowest, _ := ceilings.Slowest(measured, store.stages...)
		fmt.Fprintf(out, "  %-8s %s, %s records/s; the replay reached %.0f %% of it\n", store.name, slowest.Name,
			report.Amount(slowest.RecordsPerSecond.Median), 100*replay.RecordsPerSecond.Median/slowest.RecordsPerSecond.Median)
	}
}
