package spec

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"restorebench/harness/record"
)

// reach is which cells take a knob: on the others no value of it would change anything.
type reach struct {
	knob  string
	takes func(s *Spec, c *record.Cell) bool // s has one value of it
	by    string                             // them, in words
	means bool                               // it is about what is measured, and not only how: where no cell takes it, the run would not answer what was asked
}

// reaches are those of all knobs that not every cell takes, and that don't leave out the cells that don't.
var reaches = []reach{
	{"session-timeout", cellsThat(classic), "--group classic (under the others the broker says how long)", false},
	{"static-membership", cellsThat(grouped), "--group classic", false},
	{"cache-bytes", cellsThat(ours), "the subject restorebench", true},
	{"recovery", cellsThat(alone), "--standby 0 (a copy takes over whatever became of local files)", false},
	{"recovery-model", cellsThat(trustsFiles), "a rocksdb store of the subject restorebench, by local or local+tail", true},
	{"tail", cellsThat((*record.Cell).Tailed), "--recovery local+tail, or --standby 1", false},
	{"compacted", cellsThat(replays), "--recovery replay", false},
	{"page-cache", func(s *Spec, c *record.Cell) bool { return dropped(c, s.PageCache[0]) != "" }, "cold-client where local files are read, cold-broker where the changelog is", false},
	{"restore-mode", cellsThat(replaysRocks), "a rocksdb store of the subject restorebench, by replay", false},
	{"rocksdb", cellsThat(ownRocks), "a rocksdb store of the subject restorebench", true},
	{"consumer", cellsThat(reads), "the subject restorebench, by another path than local", false},
	{"fetcher", cellsThat(reads), "the subject restorebench, by another path than local", false},
	{"restore-memory", cellsThat(reads), "the subject restorebench, by another path than local", false},
	{"snapshot-interval", mayWriteSnapshots, "a memory store of the subject restorebench, by local or local+tail", false},
}

// cellsThat are those of which it is true, whatever the value.
func cellsThat(is func(*record.Cell) bool) func(*Spec, *record.Cell) bool {
	return func(_ *Spec, c *record.Cell) bool { return is(c) }
}

func classic(c *record.Cell) bool { return c.Group == GroupClassic }
func grouped(c *record.Cell) bool { return c.Group != "" }
func ours(c *record.Cell) bool    { return c.Subject == SubjectSelf }
func alone(c *record.Cell) bool   { return c.Recovery != record.Standby }
func replays(c *record.Cell) bool { return c.Recovery == record.Replay }

// hasFiles says whether a cell begins with local files of its own.
func hasFiles(c *record.Cell) bool {
	return c.Recovery == record.Local || c.Recovery == record.LocalTail
}

// ownRocks says whether our own RocksDB is what a cell measures.
func ownRocks(c *record.Cell) bool {
	engine, _, _ := ParseStore(c.Store)
	return engine == EngineRocks && ours(c)
}

func trustsFiles(c *record.Cell) bool  { return ownRocks(c) && hasFiles(c) }
func replaysRocks(c *record.Cell) bool { return ownRocks(c) && replays(c) }
func reads(c *record.Cell) bool        { return ours(c) && c.Recovery != record.Local }

// mayWriteSnapshots is true of all cells without snapshots: those that would need some are left out, which says why.
func mayWriteSnapshots(s *Spec, c *record.Cell) bool {
	engine, _, _ := ParseStore(c.Store)
	return s.SnapshotInterval == 0 || engine == EngineMemory && ours(c) && hasFiles(c)
}

// untaken notes which cells do not take what was given. What was meant to change what is measured, and none of them takes, is an Error.
func (s *Spec) untaken(cells []record.Cell) (notes []string, err error) {
	for _, r := range reaches {
		k, _ := Find(r.knob)
		var values, who []string
		for _, value := range s.given[r.knob] {
			one := Default()
			if err := k.set(one, []string{value}); err != nil || reflect.DeepEqual(one, Default()) {
				continue // it is so anyhow
			}
			without := map[record.Cell]bool{}
			for _, c := range cells {
				if !r.takes(one, &c) {
					without[c] = true
				}
			}
			switch len(without) {
			case 0:
			case len(cells):
				if !r.means {
					notes = append(notes, fmt.Sprintf("nothing in this run takes --%s %s, which is for %s", r.knob, value, r.by))
					continue
				}
				return nil, &Error{Where: "--" + r.knob, Value: value, Allowed: r.by + ": nothing in this run takes it"}
			default:
				values, who = append(values, value), append(who, describe(cells, without))
			}
		}
		if all := slices.Compact(slices.Clone(who)); len(all) == 1 {
			notes = append(notes, all[0]+" take --"+r.knob)
			continue
		}
		for i := range who {
			notes = append(notes, fmt.Sprintf("%s take --%s %s", who[i], r.knob, values[i]))
		}
	}
	return notes, nil
}

// describe says that the cells without do not, by as little as tells them from the others.
func describe(cells []record.Cell, without map[record.Cell]bool) string {
	left := maps.Clone(without) // to be named
	var names []string
	for _, name := range []func(*record.Cell) string{
		func(c *record.Cell) string { return c.Subject },
		func(c *record.Cell) string { return c.Store },
		func(c *record.Cell) string { return c.Recovery },
		func(c *record.Cell) string { return "--group " + groupOf(c) },
	} {
		others := map[string]bool{}
		for _, c := range cells {
			others[name(&c)] = others[name(&c)] || !without[c]
		}
		for _, c := range cells {
			if n := name(&c); !others[n] && left[c] {
				names = append(names, n)
				maps.DeleteFunc(left, func(c record.Cell, _ bool) bool { return name(&c) == n })
			}
		}
	}
	if len(names) == 1 {
		return names[0] + " does not"
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last] + " do not"
}
