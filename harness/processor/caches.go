package processor

import (
	"restorebench/harness/topology"
	"restorebench/stores/cache"
)

// caches are those in front of a topology's stores.
type caches struct {
	budget *cache.Budget  // nil: nothing is cached
	topic  string         // the input's
	emit   topology.Emit  // takes what leaves the last cache
	all    []*cache.Cache // in the order of flushing
}

func (c *caches) flush() error {
	for _, one := range c.all {
		if err := one.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// behind says what is behind a cache. Values have no timestamps here.
type behind struct {
	store       cache.Below
	timestamped bool // values in store have one before them
	segmented   bool
	sendOld     bool
	write       func(key, value []byte, timestamp int64) error
	changed     func(cache.Change) error // what leaves the cache
}

// add puts a cache in front of a store.
func (c *caches) add(b behind) cached {
	made := cached{timestamped: b.timestamped}
	made.Cache = cache.New(c.budget, b.store, cache.Options{
		Topic: c.topic, Segmented: b.segmented, SendOld: b.sendOld,
		Write: func(key, stored []byte, timestamp int64) error {
			_, value, err := made.split(key, stored)
			if err != nil {
				return err
			}
			return b.write(key, value, timestamp)
		},
		Forward: func(ch cache.Change) (err error) {
			if _, ch.Old, err = made.split(ch.Key, ch.Old); err != nil {
				return err
			}
			if _, ch.New, err = made.split(ch.Key, ch.New); err != nil {
				return err
			}
			return b.changed(ch)
		},
	})
	c.all = append(c.all, made.Cache)
	return made
}
