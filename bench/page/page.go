// Package page turns a run into report.html, one file that needs nothing else, and
// summary.md for a pull request. Its figures are those of the summary, and its trials
// those of the raw records; both are data of others, and are escaped as such.
//
// Tables, trials and text are plain HTML that reads without a script. Charts are drawn by
// Chart.js, see vendored/README.md for why; each is named, can be walked through with the
// arrow keys, and has the table of cells as its alternative.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"strings"

	"restorebench/bench/report"
	"restorebench/harness/record"
	"restorebench/internal/durable"
)

// The files that Write makes.
const (
	HTMLFile     = "report.html"
	MarkdownFile = "summary.md"
)

// Run is what a page tells of.
type Run struct {
	Summary *report.Summary
	Records []record.Record // those that the summary was derived from
	Asked   *Asked          // what the page begins with; nil: nothing was asked
}

var (
	//go:embed page.html
	layout string
	//go:embed page.css
	style string
	//go:embed page.js
	script string
	//go:embed vendored/chart.umd.min.js
	library string

	page = template.Must(template.New("page").Funcs(template.FuncMap{
		"broken":   broken,
		"duration": report.Duration,
		"keys":     report.Keys,
		"number":   report.Number,
		"about":    report.About,
		"bytes":    report.Bytes,
	}).Parse(layout))
)

// broken is a name that may be broken within the names of settings.
func broken(name string) template.HTML {
	breaks := strings.NewReplacer(", ", ", ", "_", "_<wbr>", "=", "=<wbr>", ",", ",<wbr>")
	return template.HTML(breaks.Replace(template.HTMLEscapeString(name))) //nolint:gosec // escaped
}

// HTML writes the page.
func HTML(w io.Writer, r Run) error {
	charts, _, _ := strings.Cut(library, "//# sourceMappingURL") // of a file that is not there
	v := newView(r)
	v.Style = template.CSS(style)
	v.Library, v.Script = template.JS(charts), template.JS(script)
	v.Policy = fmt.Sprintf("default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src %s %s", digest(charts), digest(script))
	var b bytes.Buffer // nothing is written of a page that fails
	if err := page.Execute(&b, v); err != nil {
		return fmt.Errorf("page: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// digest names a script in a content security policy: no other is run, wherever it may come from.
func digest(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Write writes the page and the Markdown to the directory, which must exist, and returns
// their paths. charts are the PNG files in it.
func Write(dir string, r Run, charts []string) ([]string, error) {
	html, markdown := filepath.Join(dir, HTMLFile), filepath.Join(dir, MarkdownFile)
	if err := WriteHTML(html, r); err != nil {
		return nil, err
	}
	if err := WriteMarkdown(markdown, r, charts); err != nil {
		return []string{html}, err
	}
	return []string{html, markdown}, nil
}

// WriteHTML writes the page to a file, whole or not at all.
func WriteHTML(path string, r Run) error {
	return writeFile(path, func(w io.Writer) error { return HTML(w, r) })
}

// WriteMarkdown writes the Markdown to a file, whole or not at all.
func WriteMarkdown(path string, r Run, charts []string) error {
	return writeFile(path, func(w io.Writer) error { return Markdown(w, r, charts) })
}

func writeFile(path string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	return durable.WriteFile(path, b.Bytes(), 0o644)
}
