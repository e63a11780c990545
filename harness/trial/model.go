package trial

import (
	"fmt"
	"slices"

	"restorebench/harness/verify"
	"restorebench/harness/workload"
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

func (c *modelCache) get(specs []workload.Spec) []*model {
	key := fmt.Sprint(specs)
	if m, ok := c.models[key]; ok {
		return m
	}
	models := make([]*model, len(specs))
	for i, s := range specs {
		m := s.Model(s.Total())
		d := &verify.Digest{}
		m.Each(d.Add)
		models[i] = &model{digest: d, reads: m.Reads(pointReads)}
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
