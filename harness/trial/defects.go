package trial

import "restorebench/harness/record"

var phasesBefore map[string]int64

// swapPhases is a seeded defect: a record gets the phases of the one before it.
func swapPhases(rec *record.Record) { rec.Phases, phasesBefore = phasesBefore, rec.Phases }
