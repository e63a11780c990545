package torture

import (
	"slices"
	"strconv"
	"strings"

	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// Cell is one way in which state comes back after a kill.
type Cell struct {
	Name      string
	Store     string
	Recovery  string // record.Replay: a kill takes the local files along
	Snapshots bool   // of an in-memory store
	WAL       bool
	// ExactlyOnce is the guarantee; else it is at least once.
	ExactlyOnce bool
	kinds       []string
}

// cells are these under at least once, and the same under exactly once. RocksDB's memtables
// are small, so that they are flushed by themselves too.
var cells = underBoth([]Cell{
	{Name: "memory-replay", Store: spec.StoreMemory, Recovery: record.Replay},
	{Name: "memory-snapshot", Store: spec.StoreMemory, Recovery: record.LocalTail, Snapshots: true, kinds: []string{KindCheckpoint, KindSnapshot}},
	{Name: "rocksdb-wal", Store: spec.StoreRocks, Recovery: record.LocalTail, WAL: true, kinds: []string{KindFlush, KindCheckpoint}},
	{Name: "rocksdb-replay", Store: spec.StoreRocks, Recovery: record.Replay, kinds: []string{KindFlush, KindCheckpoint, KindBulk}},
	{Name: "rocksdb-tail", Store: spec.StoreRocks, Recovery: record.LocalTail, kinds: []string{KindFlush, KindCheckpoint}},
})

// exactlyOnceSuffix ends the names of cells under exactly once.
const exactlyOnceSuffix = "-eos"

func underBoth(cells []Cell) []Cell {
	for _, c := range slices.Clone(cells) {
		c.Name += exactlyOnceSuffix
		c.ExactlyOnce = true
		cells = append(cells, c)
	}
	return cells
}

// CellNames lists the names of all cells.
func CellNames() (names []string) {
	for i := range cells {
		names = append(names, cells[i].Name)
	}
	return names
}

// find returns the cells of those names, in the order of CellNames; no names are all.
func find(names []string) (found []Cell, err error) {
	for _, name := range names {
		if !slices.Contains(CellNames(), name) {
			return nil, &spec.Error{Where: "--cells", Value: name, Allowed: "some of " + strings.Join(CellNames(), ", ")}
		}
	}
	for _, c := range cells {
		if len(names) == 0 || slices.Contains(names, c.Name) {
			found = append(found, c)
		}
	}
	return found, nil
}

const (
	snapshotEvery = 40 // ms
	memtableBytes = 128 << 10
	restoreMemory = 4 << 20 // bytes, so that a restore is fetched in several pieces
)

// config is how the processor keeps the cell's store.
func (c *Cell) config() (o subject.Config) {
	o.RestoreMode, o.RestoreMemory, o.ExactlyOnce = spec.ModeBatch, restoreMemory, c.ExactlyOnce
	if c.Snapshots {
		o.SnapshotIntervalMS = snapshotEvery
	}
	if engine, _, _ := spec.ParseStore(c.Store); engine == spec.EngineRocks {
		o.RocksDB = map[string]string{"wal": strconv.FormatBool(c.WAL), "write_buffer_size": strconv.Itoa(memtableBytes)}
		if c.Recovery == record.Replay {
			o.RestoreMode = spec.ModeBulk
		}
	}
	return o
}
