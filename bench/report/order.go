package report

import (
	"cmp"
	"fmt"
	"slices"

	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// recoveries is the order in which the recovery paths are shown.
var recoveries = []string{record.Replay, record.Local, record.LocalTail, record.Standby}

// sortCells puts what is compared next to each other: by type and store, then recovery, then
// size. Invalid trials are in the order of the run.
func sortCells(cells []CellSummary) {
	slices.SortFunc(cells, func(a, b CellSummary) int {
		return cmp.Or(
			cmp.Compare(subjectOrder(a.Subject), subjectOrder(b.Subject)),
			cmp.Compare(a.Subject, b.Subject),
			cmp.Compare(typeOrder(a.Store), typeOrder(b.Store)),
			cmp.Compare(a.Store, b.Store),
			cmp.Compare(recoveryOrder(a.Recovery), recoveryOrder(b.Recovery)),
			cmp.Compare(a.Recovery, b.Recovery),
			cmp.Compare(a.KeyBytes, b.KeyBytes),
			cmp.Compare(a.ValueBytes, b.ValueBytes),
			cmp.Compare(a.Partitions, b.Partitions),
			cmp.Compare(a.UpdatesPerKey, b.UpdatesPerKey),
			cmp.Compare(a.Tail, b.Tail),
			cmp.Compare(a.RestoreMode, b.RestoreMode),
			cmp.Compare(yes(a.Compacted), yes(b.Compacted)),
			cmp.Compare(a.PageCache, b.PageCache),
			cmp.Compare(a.RocksDB, b.RocksDB),
			cmp.Compare(a.Consumer, b.Consumer),
			cmp.Compare(a.Producer, b.Producer),
			cmp.Compare(a.Group, b.Group),
			cmp.Compare(a.SessionTimeoutMS, b.SessionTimeoutMS),
			cmp.Compare(yes(a.StaticMembership), yes(b.StaticMembership)),
			cmp.Compare(a.Standby, b.Standby),
			cmp.Compare(a.Instances, b.Instances),
			cmp.Compare(a.Guarantee, b.Guarantee),
			cmp.Compare(a.RecoveryModel, b.RecoveryModel),
			cmp.Compare(a.Compressible, b.Compressible),
			cmp.Compare(yes(a.SortedKeys), yes(b.SortedKeys)),
			cmp.Compare(a.CacheBytes, b.CacheBytes),
			cmp.Compare(a.Keys, b.Keys),
		)
	})
	for _, c := range cells {
		slices.SortFunc(c.Invalid, func(a, b InvalidTrial) int { return cmp.Compare(a.Trial, b.Trial) })
	}
}

func yes(b bool) int {
	if b {
		return 1
	}
	return 0
}

// subjectOrder puts our own processor first, and leaves the others to their names.
func subjectOrder(subject string) int {
	if subject == spec.SubjectSelf {
		return 0
	}
	return 1
}

// recoveryOrder returns the position of a recovery path; an unknown one comes last.
func recoveryOrder(recovery string) int {
	if i := slices.Index(recoveries, recovery); i >= 0 {
		return i
	}
	return len(recoveries)
}

// counted is a number of things in words.
func counted(n int, one, behind string) string {
	if n != 1 {
		one += "s"
	}
	return fmt.Sprintf("%d %s%s", n, one, behind)
}
