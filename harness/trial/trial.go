// Package trial composes the stages into one trial: load a store through a
// changelog, kill its processor, bring it back, check every byte, leave one
// record. It is the only package that sees all stages.
package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"restorebench/harness/broker"
	"restorebench/harness/changelog"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/harness/topology"
	"restorebench/harness/verify"
	"restorebench/harness/workload"
	"restorebench/internal/defect"
)

// Runner runs trials against one broker. It is used by one goroutine.
type Runner struct {
	Run     string // id of the run, part of topic names
	Spec    *spec.Spec
	Broker  *broker.Broker
	Command subject.Command // starts our own processor
	// Subjects are the other systems, by name.
	Subjects map[string]Subject
	Dir      string // existing directory of the run; trials make theirs in it
	// Watch is called with every stage's progress; may be nil.
	Watch func(Progress)
	// ToCome says whether a trial of that cell with the same seed is yet to come, to which one of another system can
	// leave its changelog and its files; nil: none is. Close removes what was left.
	ToCome func(record.Cell) bool
	// Warm is how long the trial WarmUp keeps the broker busy behind its own recovery.
	Warm time.Duration

	models   modelCache
	legacies map[record.Cell]*legacy // by the heir
	// interlude, in tests, does more to the state before the recovery that counts.
	interlude func(ctx context.Context, a *attempt, victim *subject.Process, state string) (*subject.Process, error)
	// atTail, in tests, comes between the load and the tail of a trial with a standby.
	atTail func(*attempt)
	// beforeKill, in tests, comes when one of several processes is about to be killed.
	beforeKill func(*team, *member)
}

// WarmUp is the number of a trial that counts for nothing.
const WarmUp = -1

// Progress is how far a trial's current stage is.
type Progress struct {
	Stage       string // load, restore, verify
	Done, Total int64  // records, entries
}

// Stages of a trial, as Progress names them.
const (
	StageLoad    = "load"
	StageCopy    = "copy"    // the standby catches up with the load
	StageCompact = "compact" // the broker's log cleaner goes through the changelog
	StageRestore = "restore"
	StageVerify  = "verify"
)

// Do runs one trial and always returns its record; a trial that failed or does
// not count is marked in it. The error is only set when ctx ended first.
func (r *Runner) Do(ctx context.Context, trial int, cell record.Cell, seed uint64) (record.Record, error) {
	rec := record.Record{
		Schema: record.Schema, Run: r.Run, Trial: trial, Time: time.Now().UTC(), Cell: cell, Seed: seed,
		Broker: record.Broker{Kind: r.Broker.Kind(), Version: r.Broker.Version(), Security: r.Spec.Security()},
		Verify: record.Verify{Verdict: verify.NotRun.String()},
	}
	err := r.do(ctx, &rec)
	switch {
	case err == nil:
		if defect.Is(defect.PhasesSwapped) {
			swapPhases(&rec)
		}
		if rec.Valid = true; rec.Check() != nil {
			rec.Valid, rec.Why = false, rec.Check().Error()
		}
	case ctx.Err() != nil:
		rec.Why = record.Interrupted
		return rec, ctx.Err()
	default:
		rec.Why = strings.ReplaceAll(err.Error(), "\n", "; ") // a line in every table
	}
	return rec, nil
}

// attempt is the state of one trial.
type attempt struct {
	*Runner
	rec       *record.Record
	dir       string
	topic     string
	workloads []workload.Spec
	models    []*model
	ends      []int64      // end offset of each partition after the load; nil: it is yet to be loaded
	drop      func() error // deletes the topics; nil: they are another trial's by now
	copy      *replica     // nil without a standby
	told      []int64      // up to where a copy was, by partition, when the kill was sent; nil without one
}

func (r *Runner) do(ctx context.Context, rec *record.Record) (err error) {
	name := fmt.Sprint(rec.Trial)
	if rec.Trial == WarmUp {
		name = "warm-up"
	}
	dir, err := os.MkdirTemp(r.Dir, "trial-"+name+"-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	a := &attempt{
		Runner: r, rec: rec, dir: dir,
		topic: changelog.TopicName(fmt.Sprintf("%s-%s-%s", r.Spec.TopicPrefix, r.Run, name), "store"),
	}
	for p := range rec.Partitions {
		w := workload.New(rec.Seed, p, rec.Partitions, rec.Keys,
			rec.KeyBytes, rec.ValueBytes, rec.UpdatesPerKey, r.Spec.Tombstones, rec.Tail)
		w.Shape, w.Compressible, w.Sorted = shapeOf(rec.Store), rec.Compressible, rec.SortedKeys
		a.workloads = append(a.workloads, w)
	}
	if err = a.model(ctx); err != nil {
		return err
	}
	state := filepath.Join(dir, "state")
	inherited, err := a.inherit(state)
	if err == nil && !inherited {
		a.drop, err = a.createTopic(ctx)
	}
	defer func() {
		if a.drop != nil {
			err = errors.Join(err, a.drop())
		}
	}()
	if err != nil {
		return err
	}
	if a.shared() {
		return a.share(ctx)
	}
	load := a.load
	if a.foreign() {
		load = a.prime
	}
	if rec.Standby > 0 {
		if a.copy, err = a.startReplica(); err != nil {
			return err
		}
		defer a.copy.Release()
	}
	victim, err := load(ctx, state)
	if err != nil {
		return err
	}
	defer victim.Release()
	switch rec.Recovery {
	case record.Standby:
		state = a.copy.dir
	case record.Replay:
		// A new directory instead of a wiped one: deleting files is not part of
		// the downtime.
		state = filepath.Join(dir, "empty")
	}
	if err := a.prepare(ctx, state); err != nil {
		return err
	}
	if r.interlude != nil {
		if victim, err = r.interlude(ctx, a, victim, state); err != nil {
			return err
		}
		defer victim.Release()
	}
	return a.recover(ctx, victim, state)
}

// model computes the truth about the workloads.
func (a *attempt) model(ctx context.Context) (err error) {
	a.models, err = a.Runner.models.get(ctx, a.rec.Store, a.workloads)
	return err
}

// createTopic creates the trial's changelog and returns what deletes it again.
func (a *attempt) createTopic(ctx context.Context) (drop func() error, err error) {
	admin, err := a.admin()
	if err != nil {
		return nil, err
	}
	config := changelog.TopicConfig(map[string]string{
		// A value at its limit must still fit: its key, headers and framing come on top.
		"max.message.bytes": fmt.Sprint(a.messageBytes()),
	})
	maps.Copy(config, a.cleanerConfig())
	maps.Copy(config, a.Spec.Topic)
	topics := map[string]map[string]string{a.topic: config}
	if a.foreign() || a.grouped() {
		topics[a.input()] = nil
	}
	// Not interrupted half-way: a topic that appears once nobody waits for it would be left behind.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.Spec.StallTimeout)
	defer cancel()
	drop = func() error {
		defer admin.Close()
		// Also when the trial was interrupted.
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return admin.Delete(ctx, slices.Collect(maps.Keys(topics))...)
	}
	for topic, config := range topics {
		if err := admin.Create(ctx, topic, a.rec.Partitions, config); err != nil {
			return nil, errors.Join(err, drop())
		}
	}
	return drop, nil
}

func (a *attempt) task(state string, config subject.Config) subject.Task {
	for p := range a.rec.Partitions {
		config.Partitions = append(config.Partitions, int32(p))
	}
	config.StoreOptions = storeOptions(a.rec.Store, &a.workloads[0])
	if a.rec.Recovery == record.Local || a.rec.Recovery == record.LocalTail {
		config.SnapshotIntervalMS = a.Spec.SnapshotInterval.Milliseconds()
	}
	if config.RestoreMode, config.RestoreMemory = a.rec.RestoreMode, a.Spec.RestoreMemory; config.RestoreMode == "" {
		config.RestoreMode = spec.ModeAuto
	}
	config.ExactlyOnce = a.rec.Guarantee == spec.ExactlyOnce
	config.RecoveryModel = a.rec.RecoveryModel
	config.Fetcher, config.Group = a.Spec.Fetcher, a.group()
	// Both were checked when the cell was made.
	config.RocksDB, _ = spec.ParseSettings(a.rec.RocksDB)
	config.Consumer, _ = spec.ParseSettings(a.rec.Consumer)
	config.Producer, config.Client = a.producerSettings(), a.Spec.Client
	return subject.Task{Brokers: a.Broker.Bootstrap(), Topic: a.topic, StateDir: state, Store: a.rec.Store, Config: config}
}

// messageBytes is the size of the largest message.
func (a *attempt) messageBytes() int {
	return changelog.MessageBytes(a.rec.KeyBytes+workload.MaxSuffix, a.rec.ValueBytes)
}

// producerSettings lets the largest record through, unless the user said more.
func (a *attempt) producerSettings() map[string]string {
	s := map[string]string{"message.max.bytes": fmt.Sprint(a.messageBytes())}
	given, _ := spec.ParseSettings(a.rec.Producer) // checked when the cell was made
	maps.Copy(s, given)
	return s
}

// writing are the settings of a producer of the harness itself.
func (a *attempt) writing() changelog.Settings {
	return changelog.Settings(a.Spec.Client.With(a.producerSettings()))
}

// client are the settings of every client.
func (r *Runner) client() changelog.Settings { return changelog.Settings(r.Spec.Client.With(nil)) }

func (r *Runner) admin() (*changelog.Admin, error) {
	return changelog.NewAdmin(r.Broker.Bootstrap(), r.client())
}

// load starts the first incarnation and returns it when everything it wrote is
// acknowledged: alive, for the kill.
func (a *attempt) load(ctx context.Context, state string) (*subject.Process, error) {
	input, err := json.Marshal(topology.LoadTask{
		Workloads: a.workloads, Tail: a.rec.Recovery == record.LocalTail, Pause: a.rec.Standby > 0, CacheBytes: a.rec.CacheBytes,
	})
	if err != nil {
		return nil, err
	}
	p, err := subject.Start(a.command(), a.task(state, subject.Config{Load: input}), a.dir, "load")
	if err != nil {
		return nil, err
	}
	if a.copy != nil {
		err = a.beforeTail(ctx, p)
	}
	if err == nil {
		err = a.awaitLoad(ctx, p)
	}
	if err != nil {
		p.Release()
		return nil, fmt.Errorf("load: %w", err)
	}
	return p, nil
}

// awaitLoad follows the first incarnation until every partition is loaded, and
// checks that the changelog holds what was sent.
func (a *attempt) awaitLoad(ctx context.Context, p *subject.Process) error {
	var total int64
	for i := range a.workloads {
		total += a.end(i)
	}
	a.watch(StageLoad, 0, total)
	a.ends = make([]int64, len(a.workloads))
	l := &loading{attempt: a, total: total, records: make([]int64, len(a.workloads)), loaded: map[int32]bool{}}
	return a.follow(ctx, p, l.add)
}

// loading is how far a load is.
type loading struct {
	*attempt
	total   int64
	records []int64        // by partition
	loaded  map[int32]bool // partitions
}

// add takes an event, and says whether all is loaded.
func (l *loading) add(e subject.Event) (done bool, err error) {
	if e.Event != subject.ProgressMade && e.Event != subject.Loaded {
		return false, nil
	}
	if e.Partition < 0 || int(e.Partition) >= len(l.records) || e.Event == subject.Loaded && l.loaded[e.Partition] {
		return false, fmt.Errorf("%w: %s of partition %d, which is not being loaded", subject.ErrProtocol, e.Event, e.Partition)
	}
	l.records[e.Partition] = e.Records
	l.watch(StageLoad, sum(l.records), l.total)
	if e.Event != subject.Loaded {
		return false, nil
	}
	if want := l.end(int(e.Partition)); e.Records != want && !l.fewer(e.Records, want) || e.Offset < e.Records {
		return false, fmt.Errorf("partition %d: %d records acknowledged up to offset %d, want %d",
			e.Partition, e.Records, e.Offset, want)
	}
	l.ends[e.Partition], l.loaded[e.Partition] = e.Offset, true
	return len(l.loaded) == len(l.records), nil
}

// fewer says whether a record cache may have held so many records back.
func (a *attempt) fewer(records, want int64) bool {
	return a.rec.CacheBytes > 0 && records > 0 && records < want
}

// end is the number of records that are written to the changelog of a partition,
// without a record cache.
func (a *attempt) end(partition int) int64 {
	w := &a.workloads[partition]
	if a.rec.Tailed() {
		return w.Total()
	}
	return w.Load()
}

func (a *attempt) watch(stage string, done, total int64) {
	if a.Watch != nil {
		a.Watch(Progress{Stage: stage, Done: done, Total: total})
	}
}

func sum(n []int64) (total int64) {
	for _, v := range n {
		total += v
	}
	return total
}
