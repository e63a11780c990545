package ceilings

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"restorebench/harness/spec"
	"restorebench/harness/workload"
	"restorebench/stores"
	"restorebench/stores/memory"
	"restorebench/stores/rocks"
)

// Names of the ceilings. A record and a table use them.
const (
	NameWire         = "wire"               // Wire
	NameFetch        = "fetch"              // Fetch
	NameDrain        = "drain"              // Drain
	NamePoll         = "poll"               // Poll, no ceiling but the baseline
	NameMemory       = "apply/memory"       // Apply to the in-memory store
	NameRocks        = "apply/rocksdb"      // Apply to RocksDB, in the batches of our restore
	NameRocksStreams = "apply/rocksdb/1000" // the same in those of Kafka Streams
	NameRocksBulk    = "apply/rocksdb/bulk" // the same as sorted files
	NameReplayMemory = "replay/memory"      // Restore into the in-memory store: no ceiling, but what is bounded
	NameReplayRocks  = "replay/rocksdb"     // Restore into RocksDB, as sorted files
	NameWrite        = "disk/write"         // WriteDisk
	NameRead         = "disk/read"          // ReadDisk, from the page cache
)

// Setup is what the ceilings of one workload are measured on.
type Setup struct {
	Source    Source
	Workloads []workload.Spec // what the source holds, one per partition
	Dir       string          // existing directory for stores and files; what is made there is removed again
	Rocks     rocks.Settings
	// Engines are those to apply to: spec.EngineMemory, spec.EngineRocks.
	Engines []string
}

// Ceiling is one of them, ready to be measured again and again.
type Ceiling struct {
	Name    string
	Measure func(ctx context.Context) (Result, error)
}

// Ceilings lists what can be measured.
func (s *Setup) Ceilings() []Ceiling {
	list := []Ceiling{
		{NameWire, func(ctx context.Context) (Result, error) { return Wire(ctx, s.Source) }},
		{NameFetch, func(ctx context.Context) (Result, error) { return Fetch(ctx, s.Source) }},
		{NameDrain, func(ctx context.Context) (Result, error) { return Drain(ctx, s.Source) }},
		{NamePoll, func(ctx context.Context) (Result, error) { return Poll(ctx, s.Source) }},
	}
	if slices.Contains(s.Engines, spec.EngineMemory) {
		list = append(list, s.apply(NameMemory, OwnBatch, s.openMemory), s.replay(NameReplayMemory, s.openMemory))
	}
	if slices.Contains(s.Engines, spec.EngineRocks) {
		list = append(list, s.apply(NameRocks, OwnBatch, s.openRocks), s.apply(NameRocksStreams, KafkaStreamsBatch, s.openRocks),
			s.apply(NameRocksBulk, OwnBatch, s.openBulk), s.replay(NameReplayRocks, s.openBulk))
	}
	return append(list, Ceiling{NameWrite, s.write}, Ceiling{NameRead, s.read})
}

// opener makes an empty store for a partition.
type opener func(dir string, partition int32) (stores.Store, error)

func (s *Setup) openMemory(string, int32) (stores.Store, error) { return memory.New(), nil }

func (s *Setup) openRocks(dir string, partition int32) (stores.Store, error) {
	store, err := rocks.Open(dir, rocks.Options{Topic: s.Source.Topic, Partition: partition, CreateIfMissing: true, Settings: s.Rocks})
	if err != nil {
		return nil, err // not store: an interface that holds a nil pointer is not nil
	}
	return store, nil
}

// bulkMemory is what the bulk loads may take together, as a restore's default.
const bulkMemory = 256 << 20

func (s *Setup) openBulk(dir string, partition int32) (stores.Store, error) {
	store, err := s.openRocks(dir, partition)
	if err != nil {
		return nil, err
	}
	loading, err := InBulk(store, bulkMemory/int64(len(s.Workloads)))
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return loading, nil
}

// apply measures Apply into new stores. Preparing the batches, opening and closing
// are not part of the time.
func (s *Setup) apply(name string, perBatch int, open opener) Ceiling {
	return s.into(name, open, func(ctx context.Context, into []stores.Store) (Result, error) {
		var batches [][]*stores.Batch
		for _, w := range s.Workloads {
			batches = append(batches, Prepare(w, perBatch))
		}
		return Apply(ctx, into, batches)
	})
}

// replay measures Restore into new stores.
func (s *Setup) replay(name string, open opener) Ceiling {
	return s.into(name, open, func(ctx context.Context, into []stores.Store) (Result, error) {
		return Restore(ctx, s.Source, into)
	})
}

// into measures with a new store per partition.
func (s *Setup) into(name string, open opener, measure func(context.Context, []stores.Store) (Result, error)) Ceiling {
	return Ceiling{name, func(ctx context.Context) (res Result, err error) {
		dir, err := os.MkdirTemp(s.Dir, "stores-")
		if err != nil {
			return res, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		var into []stores.Store
		defer func() {
			for _, store := range into {
				err = errors.Join(err, store.Close())
			}
		}()
		for _, w := range s.Workloads {
			store, err := open(filepath.Join(dir, fmt.Sprint(w.Partition)), w.Partition)
			if err != nil {
				return res, err
			}
			into = append(into, store)
		}
		return measure(ctx, into)
	}}
}

func (s *Setup) write(ctx context.Context) (Result, error) {
	return s.onDisk(func(path string) (Result, error) { return WriteDisk(ctx, path, s.bytes()) })
}

func (s *Setup) read(ctx context.Context) (Result, error) {
	return s.onDisk(func(path string) (Result, error) {
		if res, err := WriteDisk(ctx, path, s.bytes()); err != nil {
			return res, err
		}
		return ReadDisk(ctx, path)
	})
}

// onDisk measures with a file that is removed again. Its records are those whose keys
// and values have as many bytes.
func (s *Setup) onDisk(measure func(path string) (Result, error)) (Result, error) {
	path := filepath.Join(s.Dir, "sequential")
	res, err := measure(path)
	res.Records = s.entries()
	return res, errors.Join(err, os.RemoveAll(path))
}

// entries is how many the stores hold after a restore.
func (s *Setup) entries() (n int64) {
	for _, w := range s.Workloads {
		n += w.Keys
	}
	return n
}

// bytes is the payload of these entries: keys and values.
func (s *Setup) bytes() (n int64) {
	for _, w := range s.Workloads {
		n += w.Keys * int64(w.KeyBytes+w.ValueBytes)
	}
	return n
}
