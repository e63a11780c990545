package compare

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"restorebench/bench/report"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// Axis is something in which two runs differ, with what each of them has.
type Axis struct {
	Name string `json:"name"` // of run's flag
	Old  string `json:"old"`
	New  string `json:"new"`
}

func (a Axis) String() string { return fmt.Sprintf("%s, old: %s, new: %s", a.Name, a.Old, a.New) }

// an axis is a field of a cell.
type axis struct {
	name   string
	index  []int
	number bool
	absent string // what its zero value means, if not 0
}

func (a axis) of(c record.Cell) reflect.Value { return reflect.ValueOf(c).FieldByIndex(a.index) }

// say writes the value of a cell as a flag has it.
func (a axis) say(c record.Cell) string {
	switch v := a.of(c); {
	case v.IsZero() && a.absent != "":
		return a.absent
	case a.name == "keys":
		return report.Keys(c.Keys)
	case a.name == "tail":
		return fmt.Sprintf("%.3g%%", 100*c.Tail)
	case a.name == "key-order":
		return spec.KeyOrderSorted
	default:
		return fmt.Sprint(v)
	}
}

var axes = func() (all []axis) {
	flags := map[string]string{"subject": "subjects", "store": "stores", "session_timeout_ms": "session-timeout", "sorted_keys": "key-order"}
	absent := map[string]string{
		"rocksdb": "defaults", "consumer": "defaults", "producer": "defaults", "session-timeout": "default", "instances": "1", "recovery-model": "unset",
		"key-order": spec.KeyOrderRandom, "group": spec.GroupNone, "guarantee": spec.AtLeastOnce, "page-cache": spec.CacheWarm, "restore-mode": spec.ModeAuto,
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[record.Cell]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		name = cmp.Or(flags[name], strings.ReplaceAll(name, "_", "-"))
		kind := f.Type.Kind()
		all = append(all, axis{name, f.Index, kind != reflect.String && kind != reflect.Bool, absent[name]})
	}
	return all
}()

// Axes are the names of what cells can be compared across.
func Axes() (names []string) {
	for _, a := range axes {
		names = append(names, a.name)
	}
	return names
}

func namesOf(some []axis) string {
	var names []string
	for _, a := range some {
		names = append(names, a.name)
	}
	return strings.Join(names, ",")
}

func findAxes(names []string) (some []axis, err error) {
	for _, name := range names {
		i := slices.Index(Axes(), name)
		if i < 0 {
			return nil, fmt.Errorf("--across %s: want some of %s", name, strings.Join(Axes(), ", "))
		}
		some = append(some, axes[i])
	}
	return some, nil
}

// match finds for each cell of the new run the one of the old run that it is compared with: its equal, or, of those that only one
// of the runs has, the one that differs from it in no axis but those of names. Without names these are matched across
// the one axis in which the runs differ, if it is one.
func (c *Comparison) match(before, after []record.Cell, names []string) (pairs map[record.Cell]record.Cell, err error) {
	pairs = map[record.Cell]record.Cell{}
	var both, old []record.Cell
	for _, cell := range before {
		if slices.Contains(after, cell) {
			pairs[cell] = cell
			both = append(both, cell)
		} else {
			old = append(old, cell)
		}
	}
	new := slices.DeleteFunc(slices.Clone(after), func(cell record.Cell) bool { return slices.Contains(both, cell) })
	implicit := len(names) == 0
	across, err := findAxes(names)
	if err != nil {
		return nil, err
	}
	if implicit {
		if across = apart(old, new); len(across) != 1 || across[0].within(both) {
			return pairs, nil
		}
	}
	matched, err := pair(old, new, across)
	switch {
	case err != nil && implicit: // several would do: none is the counterpart
		return pairs, nil
	case err != nil:
		return nil, err
	}
	var xs, ys []record.Cell
	for _, cell := range new {
		if x, ok := matched[cell]; ok {
			pairs[cell] = x
			xs, ys = append(xs, x), append(ys, cell)
		}
	}
	for _, a := range across {
		if len(xs) == 0 {
			continue
		}
		if a.list(xs) == a.list(ys) {
			return nil, fmt.Errorf("--across %s: no cells are matched by it", a.name)
		}
		c.Across = append(c.Across, Axis{a.name, a.list(xs), a.list(ys)})
	}
	return pairs, nil
}

// apart are the axes of which no value is on both sides.
func apart(old, new []record.Cell) (some []axis) {
	for _, a := range axes {
		shared := slices.ContainsFunc(old, func(x record.Cell) bool {
			return slices.ContainsFunc(new, func(y record.Cell) bool { return a.of(x).Equal(a.of(y)) })
		})
		if !shared && len(old) > 0 && len(new) > 0 {
			some = append(some, a)
		}
	}
	return some
}

// within says whether an axis is a number that cells in common have, too: then runs differ in how many of its values they have, such as
// sizes, and two that only one of them has are no counterparts.
func (a axis) within(both []record.Cell) bool {
	return a.number && slices.ContainsFunc(both, func(c record.Cell) bool { return !a.of(c).IsZero() })
}

// pair matches cells that differ in no other axis. It fails if a cell has several counterparts.
func pair(old, new []record.Cell, across []axis) (pairs map[record.Cell]record.Cell, err error) {
	rest := func(c record.Cell) record.Cell {
		for _, a := range across {
			reflect.ValueOf(&c).Elem().FieldByIndex(a.index).SetZero()
		}
		return c
	}
	sides := [2]map[record.Cell]record.Cell{{}, {}}
	for i, cells := range [][]record.Cell{old, new} {
		for _, c := range cells {
			if other, found := sides[i][rest(c)]; found {
				var values []string
				for _, a := range across {
					values = append(values, fmt.Sprintf("%s and %s", a.say(other), a.say(c)))
				}
				run := []string{"old", "new"}[i]
				return nil, fmt.Errorf("--across %s: the %s run has several of the same rest: %s", namesOf(across), run, strings.Join(values, ", "))
			}
			sides[i][rest(c)] = c
		}
	}
	pairs = map[record.Cell]record.Cell{}
	for key, y := range sides[1] {
		if x, found := sides[0][key]; found {
			pairs[y] = x
		}
	}
	return pairs, nil
}

func (a axis) compare(x, y record.Cell) int {
	switch v, w := a.of(x), a.of(y); {
	case v.CanInt():
		return cmp.Compare(v.Int(), w.Int())
	case v.CanFloat():
		return cmp.Compare(v.Float(), w.Float())
	}
	return cmp.Compare(a.say(x), a.say(y))
}

// list writes the values of cells, each once.
func (a axis) list(cells []record.Cell) string {
	const enough = 5
	var values []string
	for _, c := range slices.SortedStableFunc(slices.Values(cells), a.compare) {
		if v := a.say(c); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	if more := len(values) - enough; more > 1 {
		values = append(values[:enough], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(values, ", ")
}

// nothing is the error of runs that have no cell to compare: it names what they differ in, and why what they have in common is left out.
func (c *Comparison) nothing(before, after []record.Cell) error {
	head := fmt.Errorf("the runs have no cell with a %s in common", c.Metric)
	differ := &report.List{Head: head, Items: c.unusable}
	for _, a := range axes {
		if x, y := a.list(before), a.list(after); x != y {
			differ.Items = append(differ.Items, Axis{a.name, x, y}.String())
		}
	}
	if some := apart(before, after); len(some) > 0 {
		if pairs, err := pair(before, after, some); err == nil && len(pairs) > 0 {
			differ.Head = fmt.Errorf("%w; --across %s compares them all the same", head, namesOf(some))
		}
	}
	return differ
}
