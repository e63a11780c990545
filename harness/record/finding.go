package record

import (
	"reflect"
	"slices"
)

// The levels of a finding, in their order.
const (
	LevelOK      = "ok"
	LevelWarning = "warning" // figures may vary, or hold for this setting only
	LevelSpoils  = "spoils"  // figures would mean nothing
)

// Finding is one thing about a machine that matters to what is measured on it.
type Finding struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Level  string `json:"level"`
	Remedy string `json:"remedy,omitempty"` // what to do about it; not kept in records
}

// Same reports whether both describe the same machine and software. Findings do not count: they
// vary with the machine's load, and a run that goes on another day is still the same run.
func (e *Environment) Same(o *Environment) bool {
	a, b := *e, *o
	a.Findings, b.Findings = nil, nil
	return reflect.DeepEqual(a, b)
}

// Joined returns e with the findings of both, e's where both have one of the same name.
func (e *Environment) Joined(o *Environment) *Environment {
	all := slices.Clone(e.Findings)
	for _, f := range o.Findings {
		if !slices.ContainsFunc(all, func(g Finding) bool { return g.Name == f.Name }) {
			all = append(all, f)
		}
	}
	joined := *e
	joined.Findings = all
	return &joined
}
