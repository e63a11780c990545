package compare

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"restorebench/bench/report"
)

// mostExcluded is how many cells that are not compared are named: more would hide those that are.
const mostExcluded = 10

// Table writes the comparison for a terminal.
func Table(w io.Writer, c *Comparison) error {
	for _, a := range c.Across {
		fmt.Fprintf(w, "Compared across %s.\n", a)
	}
	if len(c.Across) > 0 {
		fmt.Fprintln(w)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s\tkeys\told\tnew\tn\tratio\tinterval\tp\tverdict\n", c.Metric)
	told := 0
	for _, r := range c.Rows {
		interval := "-"
		if r.Interval != nil {
			interval = fmt.Sprintf("%.2f–%.2f", r.Interval.Low, r.Interval.High)
		}
		verdict := Same
		if r.Verdict != Same {
			told++
			verdict = fmt.Sprintf("%+.1f%% %s", 100*(r.Ratio-1), r.Verdict)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d+%d\t%.2f\t%s\t%.3f\t%s\n", c.labels.Label(r.Cell), report.Keys(r.Keys),
			amount(c.Unit, r.Old.Median), amount(c.Unit, r.New.Median), r.Old.N, r.New.N, r.Ratio, interval, r.P, verdict)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s against %s: %d of %d cells differ by more than chance (Mann-Whitney, Benjamini-Hochberg at %g).\n", c.New, c.Old, told, len(c.Rows), Alpha)
	for i, line := range c.Excluded {
		if i == mostExcluded {
			fmt.Fprintf(&b, "not compared: %d more, which --json lists\n", len(c.Excluded)-i)
			break
		}
		b.WriteString("not compared: " + line + "\n")
	}
	for _, line := range c.Warnings {
		b.WriteString("warning: " + line + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// amount writes a value of a unit.
func amount(unit string, v float64) string {
	switch unit {
	case "ns":
		return report.Duration(v)
	case "bytes":
		return report.Bytes(v)
	}
	return report.Amount(v) + "/s"
}
