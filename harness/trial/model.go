package trial

import (
	"fmt"
	"slices"

	"restorebench/harness/spec"
	"restorebench/harness/verify"
	"restorebench/harness/workload"
	"restorebench/stores/format"
)

// model is the truth about one partition: computed from the generator alone.
type model struct {
	digest *verify.Digest
	reads  []workload.Read
}

// modelCache keeps the truth of the workloads that were used last: trials of
// other stores with the same workload need the same.
type modelCache struct {
	keys   []string
	models map[string][]*model
}

// cached is how many workloads are kept; a digest takes 128 KiB per partition.
const cached = 64

func (c *modelCache) get(store string, specs []workload.Spec) []*model {
	_, typ, _ := spec.ParseStore(store)
	key := fmt.Sprint(typ, specs)
	if m, ok := c.models[key]; ok {
		return m
	}
	models := make([]*model, len(specs))
	for i, s := range specs {
		m := s.Model(s.Total())
		models[i] = &model{digest: &verify.Digest{}, reads: m.Reads(pointReads)}
		m.Each(func(key, value []byte, timestamp int64) {
			models[i].digest.Add(key, stored(typ, value, timestamp))
		})
		for j, r := range models[i].reads {
			models[i].reads[j].Want = stored(typ, r.Want, r.Timestamp)
		}
	}
	if c.models == nil {
		c.models = map[string][]*model{}
	}
	c.models[key] = models
	c.keys = append(c.keys, key)
	if len(c.keys) > cached {
		delete(c.models, c.keys[0])
		c.keys = slices.Delete(c.keys, 0, 1)
	}
	return models
}

// stored is what a store of a type gives for a value of the changelog; nil stays nil.
func stored(typ string, value []byte, timestamp int64) []byte {
	if typ == spec.TypeTimestamped && value != nil {
		return format.AppendTimestamped(nil, timestamp, value)
	}
	return value
}
