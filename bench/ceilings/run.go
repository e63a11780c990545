package ceilings

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/workload"
	"restorebench/stores/rocks"
)

// Options say what Run measures, and where.
type Options struct {
	// Spec is the workload and the settings. Of the axes of the workload, which are
	// lists, the first value counts; of the stores, their engines.
	Spec    *spec.Spec
	Run     string // id of the run, part of the topic's name
	Brokers string
	Broker  record.Broker // what these are
	Dir     string        // existing directory for stores and files
	Version string        // of restorebench, for the record
	// Findings are of bench/doctor, for the record, from before the broker started.
	Findings []record.Finding
	Logf     func(format string, args ...any)
}

// Check finds the mistakes in a spec that can be found before anything starts.
func Check(s *spec.Spec) error {
	if s.Keys[0] < s.Partitions[0] {
		return &spec.Error{
			Where: "--keys", Value: fmt.Sprint(s.Keys[0]),
			Allowed: fmt.Sprintf("at least one key per partition, %d", s.Partitions[0]),
		}
	}
	if err := fits(workloads(s)); err != nil {
		return err
	}
	if _, err := rocks.Version(); err != nil && slices.Contains(engines(s), spec.EngineRocks) {
		return fmt.Errorf("--stores %s: %w", spec.StoreRocks, err)
	}
	if _, err := settings(s); err != nil {
		return err
	}
	if err := changelog.CheckSettings(changelog.Settings(s.Consumer[0]), false); err != nil {
		return fmt.Errorf("--consumer: %w", err)
	}
	if err := changelog.CheckSettings(changelog.Settings(s.Producer[0]), true); err != nil {
		return fmt.Errorf("--producer: %w", err)
	}
	return nil
}

// fits refuses a workload that would not fit in the memory: its records lie there
// prepared, and once more in an in-memory store or a Go map, which takes twice the room.
func fits(all []workload.Spec) error {
	var bytes int64
	for _, w := range all {
		bytes += 3 * w.Load() * int64(w.KeyBytes+w.ValueBytes+32)
	}
	if memory := record.CaptureEnvironment("").MemBytes; memory > 0 && bytes > memory {
		return &spec.Error{
			Where: "--keys", Value: spec.FormatCount(all[0].Keys * int64(len(all))),
			Allowed: fmt.Sprintf("a load that needs no more than the %d MB of memory (this one takes %d MB)", memory/1e6, bytes/1e6),
		}
	}
	return nil
}

// Run loads a topic, measures every ceiling Spec.Runs times in a seeded order, and
// deletes the topic, however it ends. A report of what was measured until then comes
// with every error. Each measurement is at once a line of raw/ceilings/RUN.jsonl in
// Spec.Out.
func Run(ctx context.Context, o Options) (report *Report, err error) {
	s := o.Spec
	report = &Report{Subject: o.subject()}
	rocksSettings, err := settings(s)
	if err != nil {
		return report, err
	}
	setup := &Setup{Workloads: workloads(s), Dir: o.Dir, Rocks: rocksSettings, Engines: engines(s)}
	topic := changelog.TopicName(fmt.Sprintf("%s-%s", s.TopicPrefix, o.Run), "ceilings")
	limit := fmt.Sprint(changelog.MessageBytes(int(s.KeyBytes), int(s.ValueBytes[0])))
	start := time.Now()
	drop, err := Load(ctx, o.Brokers, topic, setup.Workloads,
		with(s.Topic, "max.message.bytes", limit), with(s.Producer[0], "message.max.bytes", limit))
	if err != nil {
		return report, because(ctx, err)
	}
	defer func() { err = errors.Join(err, drop()) }()
	o.Logf("loaded %s keys into %s in %v", spec.FormatCount(s.Keys[0]), topic, time.Since(start).Round(time.Millisecond))
	if setup.Source, err = NewSource(o.Brokers, topic, len(setup.Workloads), changelog.Settings(s.Consumer[0])); err != nil {
		return report, err
	}
	// Not counted: the broker's JVM compiles what the first fetches would wait for.
	if _, err := Drain(ctx, setup.Source); err != nil {
		return report, because(ctx, err)
	}
	return report, o.measure(ctx, setup.Ceilings(), report)
}

func (o *Options) measure(ctx context.Context, list []Ceiling, report *Report) error {
	var measured []Measurement
	err := Measure(ctx, list, int(o.Spec.Runs), o.Spec.Seed, func(m Measurement) error {
		measured = append(measured, m)
		o.Logf("[%d/%d] %s: %.3g M records/s", len(measured), len(list)*int(o.Spec.Runs), m.Name, m.RecordsPerSecond()/1e6)
		report.Raw = filepath.Join(o.Spec.Out, "raw", "ceilings", o.Run+".jsonl")
		return appendLine(report.Raw, Line{report.Subject, m})
	})
	report.Ceilings = Summarize(list, measured)
	return err
}
