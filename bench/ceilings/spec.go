package ceilings

import (
	"fmt"
	"maps"
	"slices"

	"restorebench/harness/spec"
	"restorebench/harness/workload"
	"restorebench/stores/rocks"
)

// workloads are those of the first value of each axis, one per partition.
func workloads(s *spec.Spec) []workload.Spec {
	var all []workload.Spec
	partitions := int(s.Partitions[0])
	for p := range partitions {
		w := workload.New(s.Seed, p, partitions, s.Keys[0],
			int(s.KeyBytes), int(s.ValueBytes[0]), int(s.UpdatesPerKey[0]), s.Tombstones, 0)
		w.Compressible, w.Sorted = s.Compressible, s.KeyOrder[0] == spec.KeyOrderSorted
		all = append(all, w)
	}
	return all
}

// engines are those of the spec's stores.
func engines(s *spec.Spec) []string {
	var all []string
	for _, name := range s.Stores {
		if engine, _, _ := spec.ParseStore(name); !slices.Contains(all, engine) {
			all = append(all, engine)
		}
	}
	return all
}

// settings are RocksDB's with the spec's overrides.
func settings(s *spec.Spec) (rocks.Settings, error) {
	set := rocks.KafkaStreams()
	for _, name := range slices.Sorted(maps.Keys(s.RocksDB[0])) {
		if err := set.Set(name, s.RocksDB[0][name]); err != nil {
			return set, fmt.Errorf("--rocksdb %s=%s: %w", name, s.RocksDB[0][name], err)
		}
	}
	return set, nil
}

// with returns a copy of m in which name has value unless m says otherwise.
func with(m map[string]string, name, value string) map[string]string {
	out := map[string]string{name: value}
	maps.Copy(out, m)
	return out
}
