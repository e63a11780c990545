package page

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"restorebench/bench/report"
)

// Markdown writes the answer, the table and the charts for a pull request. charts are
// paths of PNG files in the directory that the text will be in.
func Markdown(w io.Writer, r Run, charts []string) error {
	v := newView(r)
	var b strings.Builder
	fmt.Fprintf(&b, "## Downtime after a crash, at %s\n\n", inline(v.Decision.Sizes()))
	for _, sentence := range v.Decision.Sentences() {
		b.WriteString("- " + inline(sentence) + "\n")
	}
	b.WriteString("\n")
	v.markdownTable(&b)
	fmt.Fprintf(&b, "\nMedians of %s valid trials; %s. %s.\n", v.Trials(), v.Intervals(), inline(strings.Join(v.Conditions(), ". ")))
	for _, warning := range v.Warnings {
		b.WriteString("\n> **Warning:** " + inline(warning.Text) + ".\n")
	}
	if v.Invalid > 0 {
		b.WriteString("\nInvalid trials, part of no figure:\n\n")
		for _, c := range v.Cells {
			for _, t := range c.Invalid {
				fmt.Fprintf(&b, "- trial %d, %s: %s\n", report.Number(t.Trial), inline(c.Title()), inline(t.Why))
			}
		}
	}
	if len(v.Extra) > 0 {
		b.WriteString("\n")
	}
	for _, sentence := range v.Extra {
		b.WriteString("- " + inline(sentence) + "\n")
	}
	for i, path := range charts {
		if i == 0 {
			b.WriteString("\n")
		}
		name := filepath.Base(path)
		fmt.Fprintf(&b, "![%s](%s)\n", strings.TrimSuffix(name, filepath.Ext(name)), name)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (v *view) markdownTable(b *strings.Builder) {
	heads := []string{"store", "recovery", "keys", "n", "downtime", "interval", "restore", "rec/s", "max RSS"}
	rule := "|---|---|" + strings.Repeat("--:|", len(heads)-2)
	if v.Bounded {
		heads, rule = append(heads, "bound by"), rule+"--:|"
	}
	if v.Copies {
		heads, rule = append(heads, "lag"), rule+"--:|"
	}
	b.WriteString("| " + strings.Join(heads, " | ") + " |\n" + rule + "\n")
	for _, c := range v.Cells {
		downtime := ""
		if c.Downtime != nil {
			downtime = report.Duration(c.Downtime.Median)
		}
		row := []string{c.Name, c.Path(), report.Keys(c.Keys), c.Count(), downtime, c.Interval(), c.Restore(), c.Throughput(), c.Memory()}
		if v.Bounded {
			row = append(row, c.BoundBy())
		}
		if v.Copies {
			row = append(row, c.Lag())
		}
		for _, text := range row {
			if text == "" {
				text = "-"
			}
			b.WriteString("| " + inline(text) + " ")
		}
		b.WriteString("|\n")
	}
}

// inline makes any text a part of a line, or of a table's cell, that means nothing but itself.
func inline(text string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(text), " ") {
		if strings.ContainsRune("\\`*_[]<>|&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
