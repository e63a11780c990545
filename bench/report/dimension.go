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

// A dimension is something in which cells may differ besides store, recovery and keys. It is a part of a cell's name where
// cells of the run do differ in it, and else told once, of all of them: see Shared.
type dimension struct {
	name  string // head of a column
	title string // of an axis; "": the name
	value func(record.Cell) string
	label func(record.Cell) string // in a legend or a sentence

	concerns func(record.Cell) bool   // which cells can differ in it; nil: all
	identity func(record.Cell) bool   // cells that would be taken for others without it, so that it is always named; nil: none
	settings func(record.Cell) string // name=value,...; nil: it is none of settings
	size     bool                     // told even where it is usual
}

// usual is a cell of a run without flags, as far as dimensions without size tell.
var usual = record.Cell{Subject: spec.SubjectSelf, UpdatesPerKey: 1}

// of says whether a dimension tells anything of a cell.
func (d dimension) of(c record.Cell) bool {
	if d.settings != nil && d.settings(c) != "" {
		return true
	}
	return d.concerns == nil || d.concerns(c) || d.settings == nil && d.value(c) != d.value(usual)
}

// among leaves of settings what not all the cells have; see Shared for the rest.
func (d dimension) among(cells []CellSummary) dimension {
	if d.settings == nil {
		return d
	}
	common := d.common(cells)
	rest := func(c record.Cell, separator string) string {
		return strings.Join(slices.DeleteFunc(pairs(d.settings(c)), func(p string) bool { return slices.Contains(common, p) }), separator)
	}
	label := d.label
	d.value = func(c record.Cell) string { return cmp.Or(rest(c, ","), "defaults") }
	d.label = func(c record.Cell) string { return cmp.Or(rest(c, ", "), label(c)) }
	return d
}

// common are the settings that all the cells have.
func (d dimension) common(cells []CellSummary) (all []string) {
	first := true
	for _, c := range cells {
		own := pairs(d.settings(c.Cell))
		switch {
		case !d.of(c.Cell):
		case first:
			all, first = own, false
		default:
			all = slices.DeleteFunc(all, func(p string) bool { return !slices.Contains(own, p) })
		}
	}
	return all
}

func pairs(settings string) []string {
	return strings.FieldsFunc(settings, func(r rune) bool { return r == ',' })
}

// sizeOf is the dimension of a size of what a store holds.
func sizeOf(name string, size func(record.Cell) int, label func(record.Cell) string) dimension {
	return dimension{name: name, value: func(c record.Cell) string { return strconv.Itoa(size(c)) }, label: label, size: true}
}

// settingsOf is the dimension of settings that are not ours; usual is what a cell is called without any.
func settingsOf(name, title, usual string, of func(record.Cell) string, concerns func(record.Cell) bool) dimension {
	return dimension{name: name, title: title, value: of, label: func(record.Cell) string { return usual }, settings: of, concerns: concerns}
}

// rocks says whether a cell is of our own RocksDB.
func rocks(c record.Cell) bool {
	return c.Subject == spec.SubjectSelf && engineOf(c.Store) != spec.EngineMemory
}

var dimensions = []dimension{
	{
		name:     subjectHead,
		value:    func(c record.Cell) string { return c.Subject },
		label:    func(c record.Cell) string { return c.Subject },
		identity: func(c record.Cell) bool { return c.Subject != spec.SubjectSelf },
	},
	sizeOf("key B", func(c record.Cell) int { return c.KeyBytes }, func(c record.Cell) string { return fmt.Sprintf("%d B keys", c.KeyBytes) }),
	sizeOf("value B", func(c record.Cell) int { return c.ValueBytes }, func(c record.Cell) string { return fmt.Sprintf("%d B values", c.ValueBytes) }),
	{
		name:  "compressible",
		value: func(c record.Cell) string { return percent(c.Compressible) },
		label: func(c record.Cell) string { return percent(c.Compressible) + " compressible" },
	},
	sizeOf("parts", func(c record.Cell) int { return c.Partitions }, func(c record.Cell) string { return counted(c.Partitions, "partition", "") }),
	{
		name:  "upd/key",
		value: func(c record.Cell) string { return fmt.Sprint(c.UpdatesPerKey) },
		label: func(c record.Cell) string { return counted(c.UpdatesPerKey, "update", " per key") },
	},
	{
		name:  "record cache",
		value: func(c record.Cell) string { return Bytes(float64(c.CacheBytes)) },
		label: func(c record.Cell) string { return Bytes(float64(c.CacheBytes)) + " record cache" },
	},
	{
		name:     "mode",
		title:    "restore mode",
		value:    func(c record.Cell) string { return cmp.Or(c.RestoreMode, spec.ModeAuto) },
		label:    func(c record.Cell) string { return cmp.Or(c.RestoreMode, spec.ModeAuto) + " mode" },
		concerns: func(c record.Cell) bool { return rocks(c) && c.Recovery == record.Replay },
	},
	{
		name:     "compacted",
		value:    func(c record.Cell) string { return map[bool]string{true: "yes", false: "no"}[c.Compacted] },
		label:    func(c record.Cell) string { return map[bool]string{true: "compacted", false: ""}[c.Compacted] },
		concerns: func(c record.Cell) bool { return c.Recovery == record.Replay },
	},
	{
		name:  "page cache",
		value: func(c record.Cell) string { return cmp.Or(c.PageCache, spec.CacheWarm) },
		label: func(c record.Cell) string {
			if c.PageCache == "" {
				return ""
			}
			return c.PageCache + " page cache"
		},
	},
	settingsOf("rocksdb", "RocksDB settings", "defaults", func(c record.Cell) string { return c.RocksDB }, rocks),
	settingsOf("consumer", "consumer settings", "default consumer", func(c record.Cell) string { return c.Consumer }, func(c record.Cell) bool {
		return c.Subject == spec.SubjectSelf && c.Recovery != record.Local
	}),
	settingsOf("producer", "producer settings", "default producer", func(c record.Cell) string { return c.Producer }, nil),
	{
		name:  "key order",
		value: func(c record.Cell) string { return keyOrder[c.SortedKeys] },
		label: func(c record.Cell) string { return map[bool]string{true: "sorted keys", false: ""}[c.SortedKeys] },
	},
	{
		name:  "group",
		value: groupOf,
		label: func(c record.Cell) string { return "group " + groupOf(c) },
	},
	{
		name:  "instances",
		value: func(c record.Cell) string { return strconv.Itoa(max(c.Instances, 1)) },
		label: instancesOf,
	},
	{
		name:  "guarantee",
		value: guaranteeOf,
		label: guaranteeOf,
	},
	{
		name:  "model",
		title: "rules of Kafka Streams",
		value: func(c record.Cell) string { return cmp.Or(c.RecoveryModel, unknown) },
		label: modelOf,
		concerns: func(c record.Cell) bool {
			return rocks(c) && c.Recovery != record.Replay && c.Recovery != record.Standby
		},
		identity: func(c record.Cell) bool { return c.RecoveryModel != "" },
	},
	{
		name:     "tail",
		value:    tailOf,
		label:    func(c record.Cell) string { return tailOf(c) + " tail" },
		concerns: func(c record.Cell) bool { return c.Tailed() },
		size:     true,
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

// modelOf names the recovery model, see Rules, and the way that it makes of the one that was asked for.
func modelOf(c record.Cell) string {
	switch {
	case c.RecoveryModel == "":
		return ""
	case c.RightPath() != c.Recovery:
		return "rules of " + c.RecoveryModel + ": wiped"
	}
	return "rules of " + c.RecoveryModel
}

// Rules explains the recovery models in the names of cells, "" if there is none: it is not Kafka Streams that was measured.
func (s *Summary) Rules() string {
	of := func(is func(record.Cell) bool) bool {
		return slices.ContainsFunc(s.Cells, func(c CellSummary) bool { return c.RecoveryModel != "" && is(c.Cell) })
	}
	if !of(func(record.Cell) bool { return true }) {
		return ""
	}
	text := "Rules of 4.2 and so on: " + spec.SubjectSelf + "'s own processor, which trusts its files after a crash by the rules of that version of Kafka Streams"
	if of(func(c record.Cell) bool { return c.RightPath() != c.Recovery }) {
		text += "; under exactly once those before 4.4 have them wiped, and all replayed"
	}
	return text
}

func tailOf(c record.Cell) string {
	return percent(c.Tail)
}

// varying returns the dimensions that name cells of the summary: those in which they differ, and those without which they
// would be taken for others.
func (s *Summary) varying() []dimension {
	var vary []dimension
	for _, d := range dimensions {
		if len(s.labels(d)) > 1 || d.identity != nil && slices.ContainsFunc(s.Cells, func(c CellSummary) bool { return d.identity(c.Cell) }) {
			vary = append(vary, d.among(s.Cells))
		}
	}
	return vary
}

// labels are those of a dimension by its values, of the cells that it concerns.
func (s *Summary) labels(d dimension) map[string]string {
	labels := map[string]string{}
	for _, c := range s.Cells {
		if d.of(c.Cell) {
			labels[d.value(c.Cell)] = d.label(c.Cell)
		}
	}
	return labels
}

// Shared tells what all cells have in common and no name of a cell says: the sizes, and what is not as it would be by
// default. "16 B keys, 100 B values, 3 partitions, write_buffer_size=67108864"; "" if there is nothing.
func (s *Summary) Shared() string {
	var all []string
	named := s.varying()
	for _, d := range dimensions {
		if d.settings != nil {
			all = append(all, d.common(s.Cells)...)
			continue
		}
		if slices.ContainsFunc(named, func(o dimension) bool { return o.name == d.name }) {
			continue
		}
		for value, label := range s.labels(d) { // one at most, else it is named
			if d.size || value != d.value(usual) {
				all = append(all, label)
			}
		}
	}
	return strings.Join(all, ", ")
}

// A Property is something besides store, recovery and sizes in which cells of a summary differ.
type Property struct {
	Name string
	Of   func(record.Cell) string // "" of a cell that it does not concern
}

// Properties are those of the summary.
func (s *Summary) Properties() (all []Property) {
	for _, d := range s.varying() {
		if slices.Contains(loads, d.name) || d.name == "tail" {
			continue
		}
		all = append(all, Property{cmp.Or(d.title, d.name), func(c record.Cell) string {
			if !d.of(c) {
				return ""
			}
			return d.value(c)
		}})
	}
	return all
}

// loads are the dimensions that are no choice of who picks a store: what it has to hold.
var loads = []string{"key B", "value B", "parts", "upd/key"}

// Workload names what a cell's store holds, as far as the cells of the summary differ in it; "" if they don't. Cells of
// unlike workloads are no alternatives to each other.
func (s *Summary) Workload(c record.Cell) string {
	return strings.Join(s.parts(c, func(d dimension) bool { return slices.Contains(loads, d.name) }), ", ")
}

// parts are the labels that tell a cell from others of the summary, of those dimensions that are wanted.
func (s *Summary) parts(c record.Cell, wanted func(dimension) bool) (parts []string) {
	for _, d := range s.varying() {
		if wanted(d) && d.of(c) {
			if label := d.label(c); label != "" {
				parts = append(parts, label)
			}
		}
	}
	return parts
}

// but wants all dimensions except some.
func but(names ...string) func(dimension) bool {
	return func(d dimension) bool { return !slices.Contains(names, d.name) }
}

// Label names a cell without its number of keys: the store, the recovery, and
// what else tells it from others of the summary.
func (s *Summary) Label(c record.Cell) string { return s.label(c) }

// Names is a summary that has names only, of cells that are told apart.
func Names(cells ...record.Cell) *Summary {
	s := &Summary{}
	for _, c := range cells {
		s.Cells = append(s.Cells, CellSummary{Cell: c})
	}
	return s
}

// Title names a cell in full.
func (s *Summary) Title(c record.Cell) string { return s.label(c) + ", " + Keys(c.Keys) + " keys" }

// ShortLabel is the label among cells of the same workload.
func (s *Summary) ShortLabel(c record.Cell) string { return s.label(c, loads...) }

// label is Label without some dimensions.
func (s *Summary) label(c record.Cell, without ...string) string {
	return strings.Join(append([]string{c.Store, c.Recovery}, s.parts(c, but(without...))...), ", ")
}
