package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"restorebench/bench/page"
	"restorebench/bench/plot"
	"restorebench/bench/report"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// publish writes the summary, the pages and the charts of records to out and prints the
// table, or with asJSON the summary.
func publish(out string, records []record.Record, stdout io.Writer, asJSON bool) error {
	s, err := report.New(records)
	if err != nil {
		return err
	}
	if err := report.WriteSummary(filepath.Join(out, "summary.json"), s); err != nil {
		return err
	}
	r := page.Run{Summary: s, Records: records}
	if err := show(r, stdout, asJSON); err != nil {
		return err
	}
	if s.Valid() == 0 {
		return tell(out, r, nil) // which says why; there is nothing to draw
	}
	charts, err := draw(out, s)
	return errors.Join(err, tell(out, r, charts))
}

// replaces says what publish will find in out and write over, or leave beside what is newer; "" is nothing, or of the run
// whose raw records are given.
func replaces(out, resumed string) string {
	was, err := report.ReadSummary(filepath.Join(out, "summary.json"))
	if err != nil || was.Run+".jsonl" == filepath.Base(resumed) {
		return ""
	}
	var names []string
	for _, pattern := range []string{"summary.json", "summary.md", "report.html", "*.png"} {
		paths, _ := filepath.Glob(filepath.Join(out, pattern)) // the patterns are good
		for _, path := range paths {
			names = append(names, filepath.Base(path))
		}
	}
	note := fmt.Sprintf("%s in %s are of run %s, and will give way to those of this one", strings.Join(names, ", "), out, was.Run)
	if raw := filepath.Join(out, "raw", was.Run+".jsonl"); exists(raw) {
		note += "; its raw records stay, see restorebench report " + raw
	}
	return note
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// tell writes the pages.
func tell(out string, r page.Run, charts []string) error {
	paths, err := page.Write(out, r, charts)
	for _, path := range paths {
		fmt.Fprintln(os.Stderr, "wrote", path)
	}
	return err
}

func show(r page.Run, stdout io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(stdout).Encode(r.Summary)
	}
	return report.Table(stdout, r.Summary, page.Answer(r)...)
}

func draw(out string, s *report.Summary) (charts []string, err error) {
	charts, err = plot.Write(out, s)
	for _, path := range charts {
		fmt.Fprintln(os.Stderr, "wrote", path)
	}
	return charts, err
}

// load derives the summary of a run's raw records: those of the path in args, or
// of the newest run in out.
func load(out string, args []string) (r page.Run, err error) {
	path := out
	if len(args) == 1 {
		path = args[0]
	}
	if r.Records, err = rawRecords(path); err != nil {
		return r, err
	}
	if r.Summary, err = report.New(r.Records); err != nil {
		return r, errUsage{fmt.Errorf("%s: %w", path, err)}
	}
	return r, nil
}

// rawRecords reads a raw file, or the newest run of a directory of results.
func rawRecords(path string) ([]record.Record, error) {
	path, err := rawFile(path)
	if err != nil {
		return nil, errUsage{err}
	}
	records, err := record.Scan(path)
	switch {
	case errors.Is(err, record.ErrTruncated):
		fmt.Fprintf(os.Stderr, "restorebench: %v; going on with the %d before it\n", err, len(records))
	case err != nil && filepath.Ext(path) != rawExt:
		return nil, errUsage{fmt.Errorf("%s: want raw records (raw/RUN%s), or a directory of results", path, rawExt)}
	case err != nil:
		return nil, errUsage{err}
	}
	return records, nil
}

const rawExt = ".jsonl"

// rawFile is a raw file, or that of the newest run of a directory of results.
func rawFile(path string) (string, error) {
	info, err := os.Stat(path)
	if file := err == nil && !info.IsDir(); file || filepath.Ext(path) == rawExt {
		return path, nil
	}
	newest, err := record.Latest(filepath.Join(path, "raw"))
	if err == nil {
		return newest, nil
	}
	if kills, _ := filepath.Glob(filepath.Join(path, "torture", "*"+rawExt)); len(kills) > 0 {
		return "", fmt.Errorf("%w; %s has a judged kill of 'restorebench torture' on each line, which printed their table", err, kills[len(kills)-1])
	}
	return "", err
}

func outFlag(cmd *cobra.Command) *string { return flagOf(cmd, "out") }

func newReport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report [RAW.jsonl | DIR]",
		Short: "Print the table of a run, by default of the newest in --out",
		Args:  cobra.MaximumNArgs(1),
	}
	out := outFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print the summary as one JSON object")
	html := cmd.Flags().String("html", "", "write the page with charts and trials to this file, too")
	markdown := cmd.Flags().String("markdown", "", "write the table for a pull request to this file, too")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r, err := load(*out, args)
		if err != nil {
			return err
		}
		if err := writePages(r, *html, *markdown); err != nil {
			return err
		}
		return show(r, cmd.OutOrStdout(), *asJSON)
	}
	return cmd
}

// writePages writes those that are asked for.
func writePages(r page.Run, html, markdown string) error {
	if html != "" {
		if err := page.WriteHTML(html, r); err != nil {
			return errUsage{fmt.Errorf("--html %s: %w", html, err)}
		}
	}
	if markdown == "" {
		return nil
	}
	// The charts that lie beside it.
	charts, err := filepath.Glob(filepath.Join(filepath.Dir(markdown), "*.png"))
	if err == nil {
		err = page.WriteMarkdown(markdown, r, charts)
	}
	if err != nil {
		return errUsage{fmt.Errorf("--markdown %s: %w", markdown, err)}
	}
	return nil
}

func newPlot() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plot [RAW.jsonl | DIR]",
		Short: "Draw the charts of a run again, by default of the newest in --out",
		Long: `Draws the charts of a run again: of raw records, or of the newest run of a
directory of results, by default of --out. They are written to that directory,
or to --out where it is given.`,
		Args: cobra.MaximumNArgs(1),
	}
	out := outFlag(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		r, err := load(*out, args)
		if err != nil {
			return err
		}
		to := *out
		if len(args) == 1 && !cmd.Flags().Changed("out") {
			if to, err = resultsOf(args[0]); err != nil {
				return err
			}
		}
		if err := os.MkdirAll(to, 0o755); err != nil {
			return &spec.Error{Where: "--out", Value: to, Allowed: "a directory that can be written"}
		}
		_, err = draw(to, r.Summary)
		return err
	}
	return cmd
}

// resultsOf is the directory of results that a run is of.
func resultsOf(path string) (string, error) {
	raw, err := rawFile(path)
	if err != nil {
		return "", err
	}
	dir := filepath.Dir(raw)
	abs, err := filepath.Abs(dir)
	if filepath.Base(abs) == "raw" {
		dir = filepath.Join(dir, "..")
	}
	return dir, err
}
