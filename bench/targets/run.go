package targets

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"restorebench/bench/ceilings"
	"restorebench/harness/changelog"
	"restorebench/harness/spec"
	"restorebench/harness/workload"
	"restorebench/stores/rocks"
)

// Options say where the measures are taken.
type Options struct {
	Run     string // id of the run, part of the topics' names
	Prefix  string // of the topics' names
	Brokers string
	Dir     string // existing directory for stores
	Records int64  // of each measure but those with few and many keys
	Rounds  int    // each takes every measure once
	Seed    uint64 // of the workload and of the order
	Memory  int64  // for bulk loading, bytes
	Logf    func(format string, args ...any)
}

// Check says whether so many records can be measured with, in this build.
func Check(records int64) error {
	if _, err := rocks.Version(); err != nil {
		return err
	}
	if records < leastRecords {
		return &spec.Error{Where: "--keys", Value: spec.FormatCount(records), Allowed: "at least 1000, or there is nothing to time"}
	}
	return nil
}

const leastRecords = 1000

// BulkMemory is what bulk loading gets of the memory for a restore: what librdkafka's
// queue and the batches in flight leave.
func BulkMemory(restore int64) int64 { return restore*3/4 - 8<<20 }

// The workload: as in the figures that other systems publish, and large enough for the
// beginning and the end not to count.
const (
	keyBytes   = 16
	valueBytes = 100
)

// Run takes all measures Rounds times, in turn and in a seeded order, and compares them
// with the targets. What it made is removed, however it ends.
func Run(ctx context.Context, o Options) (outcomes []Outcome, measured []ceilings.Summary, err error) {
	prefix := fmt.Sprintf("%s-%s-targets", o.Prefix, o.Run)
	s := &setup{
		brokers: o.Brokers, dir: o.Dir, topics: prefix, records: o.Records, memory: o.Memory,
		snapshot: filepath.Join(o.Dir, "snapshot"),
	}
	s.workload = workload.New(o.Seed, 0, 1, s.large(), keyBytes, valueBytes, 1, 0, 0)
	plain, dropPlain, err := o.source(ctx, changelog.TopicName(prefix, "plain"), s.workload)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, dropPlain()) }()
	w := workload.New(o.Seed, 0, 1, max(o.Records/updatesPerKey, 1), keyBytes, valueBytes, updatesPerKey, 0, 0)
	updated, dropUpdated, err := o.source(ctx, changelog.TopicName(prefix, "updated"), w)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, dropUpdated()) }()
	s.plain, s.updated = plain, updated
	if err := s.writeSnapshot(ctx); err != nil {
		return nil, nil, err
	}
	list := s.measures()
	for i := range list {
		list[i].Measure = s.inWarmMemory(list[i].Measure)
	}
	done, all := 0, []ceilings.Measurement(nil)
	err = ceilings.Measure(ctx, list, o.Rounds, o.Seed, func(m ceilings.Measurement) error {
		done++
		all = append(all, m)
		o.Logf("[%d/%d] %s: %.3g M records/s", done, o.Rounds*len(list), m.Name, m.RecordsPerSecond()/1e6)
		return nil
	})
	measured = ceilings.Summarize(list, all)
	return Judge(measured), measured, err
}

// source loads a workload into a topic.
func (o *Options) source(ctx context.Context, topic string, w workload.Spec) (ceilings.Source, func() error, error) {
	o.Logf("loading %d records into %s", w.Load(), topic)
	drop, err := ceilings.Load(ctx, o.Brokers, topic, []workload.Spec{w}, nil, nil)
	if err != nil {
		return ceilings.Source{}, nil, err
	}
	source, err := ceilings.NewSource(o.Brokers, topic, 1, nil)
	if err != nil {
		return source, nil, errors.Join(err, drop())
	}
	return source, drop, nil
}
