package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

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

// A dimension is something in which cells of one run may differ besides store,
// recovery and keys. It is named only where they do.
type dimension struct {
	name  string // head of a column
	value func(record.Cell) string
	label func(record.Cell) string // in a legend or a sentence
}

var dimensions = []dimension{
	{
		subjectHead,
		func(c record.Cell) string { return c.Subject },
		func(c record.Cell) string { return c.Subject },
	},
	{
		"key B",
		func(c record.Cell) string { return fmt.Sprint(c.KeyBytes) },
		func(c record.Cell) string { return fmt.Sprintf("%d B keys", c.KeyBytes) },
	},
	{
		"value B",
		func(c record.Cell) string { return fmt.Sprint(c.ValueBytes) },
		func(c record.Cell) string { return fmt.Sprintf("%d B values", c.ValueBytes) },
	},
	{
		"parts",
		func(c record.Cell) string { return fmt.Sprint(c.Partitions) },
		func(c record.Cell) string { return counted(c.Partitions, "partition", "") },
	},
	{
		"upd/key",
		func(c record.Cell) string { return fmt.Sprint(c.UpdatesPerKey) },
		func(c record.Cell) string { return counted(c.UpdatesPerKey, "update", " per key") },
	},
	{
		"mode",
		func(c record.Cell) string { return cmp.Or(c.RestoreMode, unknown) },
		func(c record.Cell) string { return c.RestoreMode },
	},
	{
		"compacted",
		func(c record.Cell) string { return map[bool]string{true: "yes", false: "no"}[c.Compacted] },
		func(c record.Cell) string { return map[bool]string{true: "compacted", false: ""}[c.Compacted] },
	},
	{
		"page cache",
		func(c record.Cell) string { return cmp.Or(c.PageCache, spec.CacheWarm) },
		func(c record.Cell) string { return c.PageCache },
	},
	{
		"rocksdb",
		func(c record.Cell) string { return cmp.Or(c.RocksDB, unknown) },
		func(c record.Cell) string { return c.RocksDB },
	},
	{
		"consumer",
		func(c record.Cell) string { return cmp.Or(c.Consumer, unknown) },
		func(c record.Cell) string { return c.Consumer },
	},
	{
		"producer",
		func(c record.Cell) string { return cmp.Or(c.Producer, unknown) },
		func(c record.Cell) string { return c.Producer },
	},
	{
		"key order",
		func(c record.Cell) string { return keyOrder[c.SortedKeys] },
		func(c record.Cell) string { return map[bool]string{true: "sorted keys", false: ""}[c.SortedKeys] },
	},
	{
		"group",
		groupOf,
		func(c record.Cell) string { return "group " + groupOf(c) },
	},
	{
		"instances",
		func(c record.Cell) string { return strconv.Itoa(max(c.Instances, 1)) },
		instancesOf,
	},
	{
		"guarantee",
		guaranteeOf,
		guaranteeOf,
	},
	{
		"model",
		func(c record.Cell) string { return cmp.Or(c.RecoveryModel, unknown) },
		modelOf,
	},
	{
		"tail",
		tailOf,
		func(c record.Cell) string { return tailOf(c) + " tail" },
	},
}

var keyOrder = map[bool]string{false: spec.KeyOrderRandom, true: spec.KeyOrderSorted}

// groupOf names the group protocol, with what differs from its defaults.
func groupOf(c record.Cell) string {
	name := cmp.Or(c.Group, spec.GroupNone)
	if c.SessionTimeoutMS > 0 {
		name += " " + Duration(float64(c.SessionTimeoutMS)*1e6)
	}
	if c.StaticMembership {
		name += " static"
	}
	return name
}

// instancesOf says how many processes shared the partitions; "" for one.
func instancesOf(c record.Cell) string {
	if c.Instances < 2 {
		return ""
	}
	return fmt.Sprintf("%d instances", c.Instances)
}

func guaranteeOf(c record.Cell) string { return cmp.Or(c.Guarantee, spec.AtLeastOnce) }

// modelOf names the recovery model, and the way that it makes of the one that was asked for.
func modelOf(c record.Cell) string {
	if c.RightPath() != c.Recovery {
		return c.RecoveryModel + " wiped"
	}
	return c.RecoveryModel
}

func tailOf(c record.Cell) string {
	return percent(c.Tail)
}

// varying returns the dimensions in which cells of the summary differ. The tail is
// compared only between cells that have one.
func (s *Summary) varying() []dimension {
	var vary []dimension
	for _, d := range dimensions {
		values := map[string]bool{}
		for _, c := range s.Cells {
			if d.name != "tail" || c.Tailed() {
				values[d.value(c.Cell)] = true
			}
		}
		if len(values) > 1 {
			vary = append(vary, d)
		}
	}
	return vary
}

// loads are the dimensions that are no choice of who picks a store: what it has to hold.
var loads = []string{"key B", "value B", "parts", "upd/key"}

// Workload names what a cell's store holds, as far as the cells of the summary differ in it; "" if they don't. Cells of
// unlike workloads are no alternatives to each other.
func (s *Summary) Workload(c record.Cell) string {
	var parts []string
	for _, d := range s.varying() {
		if slices.Contains(loads, d.name) {
			parts = append(parts, d.label(c))
		}
	}
	return strings.Join(parts, ", ")
}

// Label names a cell without its number of keys: the store, the recovery, and
// what else tells it from others of the summary.
func (s *Summary) Label(c record.Cell) string { return s.label(c) }

// ShortLabel is the label among cells of the same workload.
func (s *Summary) ShortLabel(c record.Cell) string { return s.label(c, loads...) }

// label is Label without some dimensions.
func (s *Summary) label(c record.Cell, without ...string) string {
	parts := []string{c.Store, c.Recovery}
	for _, d := range s.varying() {
		label := d.label(c)
		if slices.Contains(without, d.name) {
			continue
		}
		if label != "" && (d.name != "tail" || c.Tailed()) {
			parts = append(parts, label)
		}
	}
	return strings.Join(parts, ", ")
}
