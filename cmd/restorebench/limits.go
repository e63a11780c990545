package main

import (
	"fmt"
	"io"

	"restorebench/bench/compare"
	"restorebench/bench/report"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// limitsOf reads the limits of a spec, before minutes are spent.
func limitsOf(s *spec.Spec) (limits []compare.Limit, err error) {
	for _, text := range s.FailIf {
		l, err := compare.ParseLimit(text)
		if err != nil {
			return nil, errUsage{fmt.Errorf("--fail-if: %w", err)}
		}
		limits = append(limits, l)
	}
	return limits, nil
}

// within fails with errMissed if a cell of the run is beyond a limit.
func within(stderr io.Writer, limits []compare.Limit, records []record.Record) error {
	if len(limits) == 0 {
		return nil
	}
	s, err := report.New(records)
	if err != nil {
		return err
	}
	missed := false
	for _, l := range limits {
		for _, cell := range l.Missed(s, records) {
			missed = true
			fmt.Fprintf(stderr, "MISSED %s: %s\n", l, cell)
		}
	}
	if missed {
		return errMissed
	}
	return nil
}
