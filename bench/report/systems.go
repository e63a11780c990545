package report

import (
	"cmp"
	"slices"
	"strings"

	"restorebench/harness/record"
)

// SystemSummary is what is known of a system other than our own.
type SystemSummary struct {
	Subject string `json:"subject"`
	record.System
}

// Title is the subject with its version, where its name does not have that.
func (s SystemSummary) Title() string {
	if s.Version == "" || strings.HasSuffix(s.Subject, "@"+s.Version) {
		return s.Subject
	}
	return s.Subject + " " + s.Version
}

// Changes are the settings that are not as shipped.
func (s SystemSummary) Changes() string { return strings.Join(s.Settings, "; ") }

// systemsOf are the systems of the records.
func systemsOf(records []record.Record) (all []SystemSummary) {
	for _, r := range records {
		if r.System == nil {
			continue
		}
		i := slices.IndexFunc(all, func(s SystemSummary) bool { return s.Subject == r.Subject })
		if i < 0 {
			all = append(all, SystemSummary{r.Subject, *r.System})
		} else if all[i].Version == "" { // a trial that did not come as far
			all[i].Version = r.System.Version
		}
	}
	slices.SortFunc(all, func(a, b SystemSummary) int { return cmp.Compare(a.Subject, b.Subject) })
	return all
}

// Untold says which phases subjects do not tell, "" if they tell all. They are unknown, and their time is in the phase before.
func (s *Summary) Untold() string {
	var parts []string
	var of listed
	for _, c := range s.Cells {
		var missing []string
		for _, phase := range record.Phases {
			if _, known := c.PhasesNS[phase]; !known && phase != record.PhaseOther {
				missing = append(missing, phase)
			}
		}
		if c.N > 0 && len(missing) > 0 {
			of.add(strings.Join(missing, " and "), c.Subject)
		}
	}
	if len(of) == 0 {
		return ""
	}
	for _, one := range of {
		parts = append(parts, one.what+" of "+strings.Join(one.names, ", "))
	}
	return "Unknown, and part of the phase before: " + strings.Join(parts, "; ")
}

// listed are names by what is true of them, each once, in the order in which they came.
type listed []struct {
	what  string
	names []string
}

func (l *listed) add(what, name string) {
	for i := range *l {
		if one := &(*l)[i]; one.what == what {
			if !slices.Contains(one.names, name) {
				one.names = append(one.names, name)
			}
			return
		}
	}
	*l = append(*l, struct {
		what  string
		names []string
	}{what, []string{name}})
}

// settings are those of the systems that are not as shipped, with whose they are.
func (s *Summary) settings() (of listed) {
	for _, system := range s.Systems {
		if changes := system.Changes(); changes != "" {
			of.add(changes, system.Title())
		}
	}
	return of
}
