package trial

import (
	"context"
	"fmt"
	"slices"

	"restorebench/harness/spec"
	"restorebench/harness/verify"
	"restorebench/harness/workload"
)

// model is the truth about one partition: computed from the generator alone.
type model struct {
	digest *verify.Digest
	reads  []read
}

// modelCache keeps the truth of the workloads that were used last: trials of
// other stores with the same workload need the same.
type modelCache struct {
	keys   []string
	models map[string][]*model
}

// cached is how many workloads are kept; a digest takes 128 KiB per partition.
const cached = 64

// get computes what is not in the cache. Millions of keys take seconds of arithmetic;
// when ctx ends it is left alone, since nothing of it has to be cleaned up.
func (c *modelCache) get(ctx context.Context, store string, specs []workload.Spec) ([]*model, error) {
	_, typ, _ := spec.ParseStore(store)
	key := fmt.Sprint(typ, specs)
	if m, ok := c.models[key]; ok {
		return m, nil
	}
	computed := make(chan []*model, 1)
	go func() { computed <- compute(typ, specs) }()
	select {
	case models := <-computed:
		c.put(key, models)
		return models, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *modelCache) put(key string, models []*model) {
	if c.models == nil {
		c.models = map[string][]*model{}
	}
	c.models[key] = models
	c.keys = append(c.keys, key)
	if len(c.keys) > cached {
		delete(c.models, c.keys[0])
		c.keys = slices.Delete(c.keys, 0, 1)
	}
}

func compute(typ string, specs []workload.Spec) []*model {
	models := make([]*model, len(specs))
	for i, s := range specs {
		truth, m := s.Model(s.Total()), &model{digest: &verify.Digest{}}
		truth.Each(func(e workload.Entry) {
			r := stored(typ, e)
			m.digest.Add(r.key, r.want)
		})
		for _, e := range truth.Reads(pointReads) {
			m.reads = append(m.reads, stored(typ, e))
		}
		models[i] = m
	}
	return models
}
