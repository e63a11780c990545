package processor

import (
	"errors"
	"maps"
	"runtime"

	"restorebench/harness/changelog"
	"restorebench/harness/restore"
	"restorebench/harness/spec"
	"restorebench/internal/defect"
	"restorebench/stores"
)

// bulkFrom is how many records make bulk loading worth its files: below, a memtable
// takes them as fast.
const bulkFrom = 50_000

// mode decides how a partition is restored. Bulk loading begins with an empty store.
func (p *processor) mode(part *partition, r restore.Range) string {
	engine, _, _ := spec.ParseStore(part.task.Store)
	_, saved := part.store.Offset()
	if engine != spec.EngineRocks || saved {
		return spec.ModeBatch
	}
	switch asked := p.task.Config.RestoreMode; {
	case asked == spec.ModeBulk, asked == spec.ModeAuto && r.To-r.From >= bulkFrom:
		return spec.ModeBulk
	default:
		return spec.ModeBatch
	}
}

// restored is a partition's store as a restore writes to it.
func (p *processor) restored(part *partition, mode string) (stores.Store, error) {
	engine, _, _ := spec.ParseStore(part.task.Store)
	switch {
	case mode == spec.ModeBulk:
		err := part.space.beginBulk(p.bulkMemory(part))
		if errors.Is(err, stores.ErrNotEmpty) {
			// Records without an offset: replaying over them would keep those whose
			// tombstones are gone.
			if err = p.wipe(part); err == nil {
				err = part.space.beginBulk(p.bulkMemory(part))
			}
		}
		return bulkStore{part.store, part.space}, err
	case engine == spec.EngineMemory:
		return unsaved{part.store}, nil
	}
	return part.store, nil
}

// unsaved is a store whose snapshot the end of a restore does not wait for: the next one
// is soon enough, since until then the changelog has it all.
type unsaved struct{ stores.Store }

func (unsaved) Flush() error { return nil }

// bulkStore is a store that is loaded in bulk until it is flushed.
type bulkStore struct {
	stores.Store
	space *space
}

func (b bulkStore) Flush() error { return b.space.endBulk() }

// The memory for restores is shared by the partitions that are restored at a time. Of
// its part of it, each gives a quarter to what is fetched and some to the batches
// between fetching and applying. What is left collects records for bulk loading.
const (
	queueShare = 4
	batchBytes = 8 << 20
	leastBulk  = 8 << 20
)

// atOnce is how many partitions of so many are restored side by side.
func atOnce(partitions int) int { return min(2*runtime.GOMAXPROCS(0), max(partitions, 1)) }

func (p *processor) memoryOfEach(partitions int) int64 {
	return p.task.Config.RestoreMemory / int64(atOnce(partitions))
}

// readerOptions bound what is fetched of each partition and not yet applied.
func (p *processor) readerOptions(partitions int) changelog.ReaderOptions {
	settings := changelog.Settings{}
	if p.task.Config.ExactlyOnce && !defect.Is(defect.UncommittedRead) {
		settings = changelog.Committed()
	}
	maps.Copy(settings, p.client(p.task.Config.Consumer))
	return changelog.ReaderOptions{
		Fetcher:    p.task.Config.Fetcher,
		QueueBytes: p.memoryOfEach(partitions) / queueShare,
		Settings:   settings,
	}
}

// client are the settings of a client: those of every one, and over them its own.
func (p *processor) client(own map[string]string) changelog.Settings {
	s := changelog.Settings{}
	maps.Copy(s, p.task.Config.Client)
	maps.Copy(s, own)
	return s
}

// bulkMemory is what each byte store of a partition gets.
func (p *processor) bulkMemory(part *partition) int64 {
	memory := p.memoryOfEach(len(p.parts))
	memory -= memory/queueShare + batchBytes
	if segmented(part.task.Store) {
		memory /= liveSegments
	}
	return max(memory, leastBulk)
}

// liveSegments is how many segments a window or session store writes to at a time: the
// retention is two of them, and begins within one and ends within another.
const liveSegments = 4
