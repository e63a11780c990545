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

// systemsOf are the systems of the records.
func systemsOf(records []record.Record) (all []SystemSummary) {
	for _, r := range records {
		if r.System == nil {
			continue
		}
		i := slices.IndexFunc(all, func(s SystemSummary) bool { return s.Subject == r.Subject })
		if i < 0 {
			i, all = len(all), append(all, SystemSummary{Subject: r.Subject})
		}
		s := &all[i]
		s.Version = cmp.Or(s.Version, r.System.Version) // a trial may not have come as far as to tell
		for _, setting := range r.System.Settings {
			for _, one := range strings.Split(strings.TrimPrefix(setting, "sets "), "; ") { // as older records have them
				if !slices.Contains(s.Settings, one) {
					s.Settings = append(s.Settings, one)
				}
			}
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

// A Shipment is systems with the same settings that are not as shipped.
type Shipment struct {
	Systems  string // their titles
	Settings []string
}

// Shipments are those of the summary, in the order of their first systems.
func (s *Summary) Shipments() (all []Shipment) {
	for _, system := range s.Systems {
		i := slices.IndexFunc(all, func(o Shipment) bool { return slices.Equal(o.Settings, system.Settings) })
		if i < 0 {
			all = append(all, Shipment{system.Title(), system.Settings})
		} else {
			all[i].Systems += ", " + system.Title()
		}
	}
	return all
}
