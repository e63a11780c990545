package report

import (
	"encoding/json"
	"fmt"
	"os"

	"restorebench/internal/durable"
)

// WriteSummary writes the summary as JSON. A reader, or a crash at any moment, finds the old file or the new one.
func WriteSummary(path string, s *Summary) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = durable.WriteFile(path, append(data, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("summary: %w", err)
	}
	return nil
}

// ReadSummary reads what WriteSummary wrote and refuses any other schema.
func ReadSummary(path string) (*Summary, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("summary: %w", err)
	}
	var s Summary
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("summary %s: %w", path, err)
	}
	if s.Schema != Schema {
		return nil, fmt.Errorf("summary %s has schema %d, this version reads %d", path, s.Schema, Schema)
	}
	return &s, nil
}
