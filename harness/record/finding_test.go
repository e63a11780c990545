package record

import (
	"reflect"
	"testing"
)

// Findings vary with the machine's load; nothing else may.
func TestSameEnvironment(t *testing.T) {
	load := []Finding{{Name: "load", Value: "cores 90 % busy", Level: LevelWarning}}
	for name, c := range map[string]struct {
		a, b Environment
		want bool
	}{
		"equal":    {Environment{CPU: "a"}, Environment{CPU: "a"}, true},
		"findings": {Environment{CPU: "a", Findings: load}, Environment{CPU: "a"}, true},
		"CPU":      {Environment{CPU: "a", Findings: load}, Environment{CPU: "b", Findings: load}, false},
		"cache":    {Environment{Cache: "warm"}, Environment{}, false},
	} {
		if got := c.a.Same(&c.b); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestJoinedEnvironments(t *testing.T) {
	load, busier := Finding{Name: "load", Value: "1"}, Finding{Name: "load", Value: "2"}
	swap := Finding{Name: "swap", Value: "in use"}
	a := &Environment{CPU: "a", Findings: []Finding{load}}
	joined := a.Joined(&Environment{CPU: "a", Findings: []Finding{busier, swap}})
	if want := []Finding{load, swap}; joined.CPU != "a" || !reflect.DeepEqual(joined.Findings, want) {
		t.Errorf("%+v", joined)
	}
	if len(a.Findings) != 1 {
		t.Errorf("a was changed: %+v", a)
	}
}
