// Package model fits how long a recovery takes to what it has to do, and predicts
// others: a store that is too large to be measured, or a setting that was not.
package model

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// Kind is what has a model of its own.
type Kind struct {
	Subject  string `json:"subject"`
	Store    string `json:"store"`
	Recovery string `json:"recovery"`
	// Mode is how RocksDB took the records: see record.Restored. A store that is loaded from
	// sorted files and one that is written to in batches have nothing in common.
	Mode string `json:"mode,omitempty"`
	// What else is no matter of size.
	Group    string `json:"group,omitempty"`
	Settings string `json:"settings,omitempty"`
}

func (k Kind) String() string {
	text := k.Store + " by " + k.Recovery
	for _, more := range []string{k.Mode, k.Group, k.Settings} {
		if more != "" {
			text += ", " + more
		}
	}
	return k.Subject + ": " + text
}

func kindOf(r *record.Record) Kind {
	k := Kind{Subject: r.Subject, Store: r.Store, Recovery: r.Recovery, Group: r.Group}
	if r.Recovery == record.Replay && strings.HasPrefix(r.Store, spec.EngineRocks) {
		k.Mode = r.Restored.Mode
	}
	for _, s := range []string{r.RocksDB, r.Consumer, r.Producer} {
		k.Settings = strings.TrimSpace(k.Settings + " " + s)
	}
	if r.StaticMembership {
		k.Group += " static"
	}
	if r.Instances > 1 {
		k.Group += fmt.Sprintf(" %d instances", r.Instances)
	}
	k.Group = strings.TrimSpace(strings.TrimSpace(k.Group+" "+r.Guarantee) + " " + r.RecoveryModel)
	return k
}

// Model is the fit of one kind.
type Model struct {
	Kind   Kind
	Cells  int // that it was fitted to
	Phases Phases
	RSS    Fit // peak of the recovering process, bytes
	Disk   Fit // its local files, bytes

	loo    []left // the fits that leave one cell out
	beyond beyond
	known  ranges
	memory int64 // of the machine, bytes; 0: not recorded
}

// left are the fits without one cell, and how far that cell's trials are from them, as a share.
type left struct {
	phases Phases
	ratio  []float64
}

// MinCells is the least number of cells that a model is fitted to: as many as it can have terms, and some to tell
// how good it is.
const MinCells = 6

// ErrNothing means that there is nothing to fit.
var ErrNothing = errors.New("no kind of recovery was measured at enough sizes")

// New fits a model to each kind of recovery that the valid records have at least MinCells cells of. left names those
// that have fewer.
func New(records []record.Record) (models []*Model, left []string, err error) {
	byKind := map[Kind][]record.Record{}
	var kinds []Kind
	for i := range records {
		r := &records[i]
		if !r.Valid {
			continue
		}
		k := kindOf(r)
		if byKind[k] == nil {
			kinds = append(kinds, k)
		}
		byKind[k] = append(byKind[k], *r)
	}
	slices.SortFunc(kinds, func(a, b Kind) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	for _, k := range kinds {
		m, err := fitKind(k, byKind[k])
		if err != nil {
			left = append(left, fmt.Sprintf("%s: %v", k, err))
			continue
		}
		models = append(models, m)
	}
	if len(models) == 0 {
		return nil, left, ErrNothing
	}
	pool(models)
	return models, left, nil
}

func fitKind(k Kind, records []record.Record) (*Model, error) {
	cells := map[record.Cell]bool{}
	for i := range records {
		cells[records[i].Cell] = true
	}
	if len(cells) < MinCells {
		were := "sizes were"
		if len(cells) == 1 {
			were = "size was"
		}
		return nil, fmt.Errorf("%d %s measured, a model needs %d", len(cells), were, MinCells)
	}
	m := &Model{Kind: k, Cells: len(cells), known: rangesOf(records)}
	cores := 1
	if env := records[0].Environment; env != nil {
		m.memory, cores = env.MemBytes, env.Cores
	}
	m.Phases = fitPhases(k, records, cores)
	m.RSS = fit(ofStore, records, 1, func(r *record.Record) float64 { return float64(r.Resources.RSSPeakBytes) })
	m.Disk = fit(ofStore, records, 1, func(r *record.Record) float64 { return float64(r.Resources.DiskBytes) })
	m.beyond = beyondOf(k, records, cores)
	for cell := range cells {
		var others, own []record.Record
		for _, r := range records {
			if r.Cell == cell {
				own = append(own, r)
			} else {
				others = append(others, r)
			}
		}
		without := left{phases: fitPhases(k, others, cores)}
		for i := range own {
			without.ratio = append(without.ratio, float64(own[i].DowntimeNS)/without.phases.At(cell))
		}
		m.loo = append(m.loo, without)
	}
	return m, nil
}
