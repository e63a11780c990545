package compare

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Threshold is a change that is not accepted: "downtime > +10%".
type Threshold struct {
	Metric string
	// Limit is the change as a share of the old median, such as 0.1; a throughput has a
	// negative one, below which it must not fall.
	Limit float64
	Above bool // what lies above the limit is not accepted; else what lies below
	text  string
}

var thresholdForm = regexp.MustCompile(`^\s*([a-z]+)\s*([<>])\s*([+-]?[0-9]+(?:\.[0-9]+)?)\s*%\s*$`)

// ParseThreshold reads one.
func ParseThreshold(text string) (Threshold, error) {
	parts := thresholdForm.FindStringSubmatch(text)
	if parts == nil {
		return Threshold{}, fmt.Errorf("%q: want METRIC > +N%% or METRIC < -N%%, such as 'downtime > +10%%'", text)
	}
	if _, err := find(parts[1]); err != nil {
		return Threshold{}, fmt.Errorf("%q: %w", text, err)
	}
	limit, err := strconv.ParseFloat(parts[3], 64)
	if err != nil {
		return Threshold{}, fmt.Errorf("%q: %w", text, err)
	}
	return Threshold{Metric: parts[1], Limit: limit / 100, Above: parts[2] == ">", text: strings.TrimSpace(text)}, nil
}

func (t Threshold) String() string { return t.text }

// Missed returns the rows of a comparison by the threshold's metric that are beyond it. A difference that can't be told from
// chance is not: a median of five trials varies by more than most limits.
func (t Threshold) Missed(c *Comparison) (rows []Row) {
	for _, r := range c.Rows {
		if change := r.Ratio - 1; r.Verdict != Same && (change > t.Limit) == t.Above && change != t.Limit {
			rows = append(rows, r)
		}
	}
	return rows
}

// Check fails if a cell has too few trials for any difference to be told: then the threshold would hold whatever happened.
func (t Threshold) Check(c *Comparison) error {
	for _, r := range c.Rows {
		if leastP(r.Old.N, r.New.N) > Alpha {
			return fmt.Errorf("%q can't be decided by %d and %d trials of %s, %d keys: want at least 4 of each", t.text, r.Old.N, r.New.N, c.labels.Label(r.Cell), r.Keys)
		}
	}
	return nil
}
