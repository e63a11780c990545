package doctor

import (
	"fmt"
	"io"
	"text/tabwriter"

	"restorebench/harness/record"
)

// Print writes a line per finding, and below what is to be done about those that are not ok.
func Print(w io.Writer, all []record.Finding) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\n", f.Level, f.Name, f.Value)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	first := "\n"
	for _, f := range all {
		if f.Remedy == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s%s: %s.\n", first, f.Name, f.Remedy); err != nil {
			return err
		}
		first = ""
	}
	return nil
}
