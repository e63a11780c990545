// Package plot draws a summary as PNG charts, 1600 pixels wide and legible at half of
// that. Each chart is first derived from the summary as plain data and then drawn.
package plot

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"restorebench/bench/report"
)

// downtimeFile is named by what its lines run along.
const downtimeFile = "downtime-by-%s.png"

// The files that Write makes.
const (
	DebtFile       = "debt.png"
	DowntimeFile   = "downtime-by-keys.png" // or another size, where all cells have one number of keys
	PhasesFile     = "downtime-phases.png"
	ThroughputFile = "restore-throughput.png"
)

// Write draws all charts that the summary has figures for into the directory, which must
// exist, and returns the paths of the files. A run in which nothing was read from the
// changelog has no throughput, and one in which nothing was left to be compacted has no debt; one without any valid trial has no chart and is an error.
func Write(dir string, s *report.Summary) ([]string, error) {
	if s.Valid() == 0 {
		return nil, errors.New("nothing to plot: the run has no valid trial")
	}
	charts := []struct {
		file string
		draw func() *page
	}{
		{fmt.Sprintf(downtimeFile, s.Scale().Name), func() *page { return downtimeChart(s).draw() }},
		{PhasesFile, func() *page { return phaseChartOf(s).draw() }},
		{ThroughputFile, func() *page {
			if c := throughputChart(s); len(c.panels) > 0 {
				return c.draw()
			}
			return nil
		}},
		{DebtFile, func() *page {
			if c := debtChart(s); len(c.panels) > 0 {
				return c.draw()
			}
			return nil
		}},
	}
	var paths []string
	for _, c := range charts {
		drawn := c.draw()
		if drawn == nil {
			continue
		}
		path := filepath.Join(dir, c.file)
		if err := drawn.save(path); err != nil {
			return paths, fmt.Errorf("chart %s: %w", c.file, err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// save writes the page as PNG.
func (p *page) save(path string) error {
	var png bytes.Buffer
	if _, err := p.png.WriteTo(&png); err != nil {
		return err
	}
	return os.WriteFile(path, png.Bytes(), 0o644)
}
