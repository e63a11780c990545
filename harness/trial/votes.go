package trial

import (
	"context"
	"encoding/binary"
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
	"restorebench/stores/format"
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
	// State of the store by how it came back: VotesLive, then recovery paths.
	State map[string]string
	// LateVote is what the table holds for voter5 in the end, "" without a table.
	LateVote string
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

// Votes sends the vote stream through a store on a real Kafka: processes it with a
// commit after every record, kills the processor with SIGKILL, and brings the state
// back by replay, and from local files where the store has any.
func (r *Runner) Votes(ctx context.Context, store string) (votes *Votes, err error) {
	engine, typ, _ := spec.ParseStore(store)
	dir, err := os.MkdirTemp(r.Dir, "votes-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	v := &voteRun{Runner: r, typ: typ, store: store, dir: dir, result: &Votes{Store: store, State: map[string]string{}}}
	drop, err := v.prepare(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, drop()) }()

	files := filepath.Join(dir, "state")
	if err := v.incarnate(ctx, files, VotesLive); err != nil {
		return nil, err
	}
	if v.result.Emitted, err = v.emitted(ctx); err != nil {
		return nil, err
	}
	if err := v.incarnate(ctx, filepath.Join(dir, "empty"), record.Replay); err != nil {
		return nil, err
	}
	if engine == spec.EngineRocks {
		if err := v.incarnate(ctx, files, record.Local); err != nil {
			return nil, err
		}
	}
	again, err := v.emitted(ctx)
	if err == nil && again != v.result.Emitted {
		err = fmt.Errorf("after the restarts there is more: %s, before: %s", again, v.result.Emitted)
	}
	return v.result, err
}

// prepare creates the topics, writes the votes and lays out the processor's task.
func (v *voteRun) prepare(ctx context.Context) (drop func() error, err error) {
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
	v.task.Config.RocksDB = v.Spec.RocksDB
	v.task.Config.Stream = &subject.Stream{
		Input: v.input, Output: v.output, Group: app, WindowMS: voteWindow, GapMS: voteGap, GraceMS: voteGrace,
	}
	admin, err := changelog.NewAdmin(v.Broker.Bootstrap())
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
	w, err := changelog.NewWriter(v.Broker.Bootstrap(), v.input, 0, offsetTimeout, nil)
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

// state writes the counts as the store holds them: a=2, with timestamps a=(2,10), of
// a window a[0,10)=2, of a session a[1,10]=3.
func (v *voteRun) state() (string, error) {
	var out []string
	for _, e := range v.latest["counts"] {
		name, count := string(e.Key), e.Value
		switch v.typ {
		case spec.TypeWindow, spec.TypeTimestampedWindow:
			key, start, _, err := format.SplitWindowKey(e.Key)
			if err != nil {
				return "", err
			}
			name = fmt.Sprintf("%s[%d,%d)", key, start, start+voteWindow)
		case spec.TypeSession:
			key, start, end, err := format.SplitSessionKey(e.Key)
			if err != nil {
				return "", err
			}
			name = fmt.Sprintf("%s[%d,%d]", key, start, end)
		}
		at := int64(-1)
		if v.typ == spec.TypeTimestamped || v.typ == spec.TypeTimestampedWindow || v.typ == spec.TypeVersioned {
			var err error
			if at, count, err = format.SplitTimestamped(e.Key, e.Value); err != nil {
				return "", err
			}
		}
		n := binary.BigEndian.Uint64(count)
		if at >= 0 {
			out = append(out, fmt.Sprintf("%s=(%d,%d)", name, n, at))
		} else {
			out = append(out, fmt.Sprintf("%s=%d", name, n))
		}
	}
	return strings.Join(out, " "), nil
}

// emitted reads the output topic: a2@5, a-null@1 for a session that is no more.
func (v *voteRun) emitted(ctx context.Context) (string, error) {
	r, err := changelog.NewReader(v.Broker.Bootstrap(), v.output, nil)
	if err != nil {
		return "", err
	}
	defer r.Close()
	_, end, err := r.EndOffsets(0, offsetTimeout)
	if err != nil {
		return "", err
	}
	p, err := r.Partition(0, 0)
	if err != nil {
		return "", err
	}
	defer p.Close()
	suffix := map[string]int{spec.TypeWindow: 8, spec.TypeTimestampedWindow: 8, spec.TypeSession: 16}[v.typ]
	var out []string
	for b := changelog.NewBatch(); b.Next < end; {
		if err := p.Read(ctx, b, end, 100*time.Millisecond); err != nil {
			return "", err
		}
		for i := range b.Len() {
			key, count := b.Key(i), "-null"
			if value := b.Value(i); value != nil {
				count = fmt.Sprint(binary.BigEndian.Uint64(value))
			}
			out = append(out, fmt.Sprintf("%s%s@%d", key[:len(key)-suffix], count, b.Entries[i].Timestamp))
		}
	}
	return strings.Join(out, " "), nil
}
