package trial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"restorebench/harness/changelog"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/harness/topology"
	"restorebench/stores"
)

// The vote stream's windows and sessions, ms: as in the reference. The grace lets
// the late vote into its window.
const (
	voteWindow    = 10
	voteGap       = 10
	voteRetention = 100
	voteGrace     = 100
	voteHistory   = 10 // of a versioned store
)

// Votes is what the vote stream made of one store.
type Votes struct {
	Store   string
	Emitted string // in order: a2@5 is the count 2 of a, at timestamp 5
	Logged  string // in the changelog of the counts, as Emitted
	// State of the store by how it came back: VotesLive, then recovery paths.
	State map[string]string
	// LateVote is what the table holds for voter5 in the end, "" without a table.
	LateVote string
}

// VoteOptions are those of the processor.
type VoteOptions struct {
	CacheBytes    int64 // of the record caches in front of the stores; 0 is none
	CommitRecords int64 // votes between two commits; 0 is 1
}

// VotesLive is the state before the kill.
const VotesLive = "live"

// voteRun is the vote stream through one store.
type voteRun struct {
	*Runner
	typ, dir     string
	task         subject.Task
	input        string
	output       string
	store        string
	latest       map[string][]subject.Entry // by the store's name
	result       *Votes
	incarnations int
}

// Votes sends the vote stream through a store on a real Kafka: processes it, kills the
// processor with SIGKILL, and brings the state back by replay, and from local files
// where the store has any.
func (r *Runner) Votes(ctx context.Context, store string, o VoteOptions) (votes *Votes, err error) {
	engine, typ, _ := spec.ParseStore(store)
	dir, err := os.MkdirTemp(r.Dir, "votes-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	v := &voteRun{Runner: r, typ: typ, store: store, dir: dir, result: &Votes{Store: store, State: map[string]string{}}}
	drop, err := v.prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, drop()) }()

	files := filepath.Join(dir, "state")
	if err := v.incarnate(ctx, files, VotesLive); err != nil {
		return nil, err
	}
	if err := v.sent(ctx); err != nil {
		return nil, err
	}
	live := *v.result
	if err := v.incarnate(ctx, filepath.Join(dir, "empty"), record.Replay); err != nil {
		return nil, err
	}
	if engine == spec.EngineRocks {
		if err := v.incarnate(ctx, files, record.Local); err != nil {
			return nil, err
		}
	}
	err = v.sent(ctx)
	if again := v.result; err == nil && (again.Emitted != live.Emitted || again.Logged != live.Logged) {
		err = fmt.Errorf("after the restarts there is more: %s (logged %s), before: %s (%s)", again.Emitted, again.Logged, live.Emitted, live.Logged)
	}
	return v.result, err
}

// prepare creates the topics, writes the votes and lays out the processor's task.
func (v *voteRun) prepare(ctx context.Context, o VoteOptions) (drop func() error, err error) {
	app := fmt.Sprintf("%s-%s-votes-%s", v.Spec.TopicPrefix, v.Run, v.store)
	v.input, v.output = app+"-votes", app+"-counts"
	names := []string{"rows", "counts"}
	if v.windowed() {
		names = names[1:]
	}
	topics := []string{v.input, v.output}
	for _, name := range names {
		store := subject.Store{
			Name: name, Store: v.store, Topic: changelog.TopicName(app, name),
			StoreOptions: subject.StoreOptions{RetentionMS: voteRetention, WindowMS: voteWindow},
		}
		if v.typ == spec.TypeVersioned { // the rows are; their counts have no history
			if store.RetentionMS = voteHistory; name == "counts" {
				store.Store = strings.TrimSuffix(v.store, spec.TypeVersioned) + spec.TypeTimestamped
			}
		}
		topics = append(topics, store.Topic)
		v.task.Config.Stores = append(v.task.Config.Stores, store)
	}
	v.task.Brokers, v.task.Topic, v.task.Store = v.Broker.Bootstrap(), topics[2], v.store
	v.task.Config.Partitions = []int32{0}
	v.task.Config.RocksDB, v.task.Config.Client = v.Spec.RocksDB[0], v.Spec.Client
	v.task.Config.Stream = &subject.Stream{
		Input: v.input, Output: v.output, Group: app, WindowMS: voteWindow, GapMS: voteGap, GraceMS: voteGrace,
		CacheBytes: o.CacheBytes, CommitRecords: o.CommitRecords,
	}
	admin, err := v.admin()
	if err != nil {
		return nil, err
	}
	drop = func() error {
		defer admin.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return admin.Delete(ctx, topics...)
	}
	for i, topic := range topics {
		config := changelog.TopicConfig(nil)
		if i < 2 { // the votes are of 1970: no retention would keep them
			config = map[string]string{"retention.ms": "-1"}
		}
		if err := admin.Create(ctx, topic, 1, config); err != nil {
			return nil, errors.Join(err, drop())
		}
	}
	if err := v.cast(ctx); err != nil {
		return nil, errors.Join(err, drop())
	}
	return drop, nil
}

func (v *voteRun) windowed() bool {
	return v.typ == spec.TypeWindow || v.typ == spec.TypeTimestampedWindow || v.typ == spec.TypeSession
}

// cast writes the votes to the input.
func (v *voteRun) cast(ctx context.Context) error {
	w, err := changelog.NewWriter(v.Broker.Bootstrap(), v.input, 0, offsetTimeout, v.client())
	if err != nil {
		return err
	}
	defer w.Close()
	var b stores.Batch
	for _, vote := range topology.Votes() {
		b.Append(vote.Key, vote.Value, vote.Timestamp, 0)
	}
	ticket, err := w.Send(&b)
	if err != nil {
		return err
	}
	_, err = w.Wait(ctx, ticket)
	return err
}

const offsetTimeout = 10 * time.Second

// incarnate starts a processor on a state directory, reads what its stores hold once
// it has caught up with the input, and kills it.
func (v *voteRun) incarnate(ctx context.Context, state, how string) error {
	task := v.task
	task.StateDir = state
	v.incarnations++
	p, err := subject.Start(v.Command, task, v.dir, fmt.Sprint("votes-", v.incarnations))
	if err != nil {
		return err
	}
	defer p.Release()
	v.latest = map[string][]subject.Entry{}
	a := &attempt{Runner: v.Runner}
	t := newTimeline(len(task.Config.Stores))
	err = a.follow(ctx, p, func(e subject.Event) (bool, error) {
		switch e.Event {
		case subject.Opened:
			t.path, t.reason = e.Path, e.Reason
		case subject.RestoreStart:
			t.ranges[int32(len(t.ranges))] = e // one per store
		case subject.Contents:
			v.latest[e.Store] = e.Entries
		}
		return len(v.latest) == len(task.Config.Stores), nil
	})
	if err != nil {
		return fmt.Errorf("%s, %s: %w", v.store, how, err)
	}
	if path := t.recovery(); how != VotesLive && path != how {
		return fmt.Errorf("%s: asked for %s, the processor took %s (%s)", v.store, how, path, t.reason)
	}
	return v.keep(ctx, p, how)
}

// keep remembers the state and kills the processor.
func (v *voteRun) keep(ctx context.Context, p *subject.Process, how string) error {
	state, err := v.state()
	if err != nil {
		return err
	}
	v.result.State[how] = state
	for _, e := range v.latest["rows"] {
		// The vote is the last byte of the value. Of a versioned store there is an entry
		// per version, the newest one last.
		if strings.HasPrefix(string(e.Key), "voter5") {
			v.result.LateVote = string(e.Value[len(e.Value)-1:])
		}
	}
	if _, err := p.Kill(); err != nil {
		return err
	}
	_, ended, err := p.Wait(ctx)
	if err == nil && !subject.Killed(ended) {
		err = fmt.Errorf("the processor ended by %s, not by SIGKILL", ended)
	}
	return err
}
