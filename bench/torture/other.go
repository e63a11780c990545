package torture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"restorebench/harness/changelog"
	"restorebench/harness/subject"
)

// otherRecords are so many that its files are as many as ours.
const otherRecords = 700

// other is the directory of the changelog's second partition, of a processor that was killed like ours: with the same keys, and
// other values.
func (c *campaign) other(ctx context.Context) (dir string, err error) {
	g := c.ground
	dir = filepath.Join(g.dir, "other")
	if g.otherInput != "" {
		return dir, nil
	}
	g.otherInput = g.input + "-other"
	if err := c.admin.Create(ctx, g.otherInput, 1, map[string]string{"retention.ms": "-1"}); err != nil {
		return "", err
	}
	if err := fill(ctx, c.Brokers, g.otherInput, traffic{^g.traffic.seed, g.traffic.keys}); err != nil {
		return "", err
	}
	config := c.cell.config()
	config.Partitions, config.ExactlyOnce = []int32{1}, false // files are the same under both guarantees
	config.Feed = &subject.Feed{Input: g.otherInput, Group: g.group + "-other", CommitRecords: commitRecords, FlushCommits: flushCommits}
	task := subject.Task{Brokers: c.way(), Topic: g.log, StateDir: dir, Store: c.cell.Store, Config: config}
	p, err := subject.Start(c.Command, task, g.dir, "other")
	if err != nil {
		return "", err
	}
	defer p.Release()
	l := &life{process: p}
	if err := l.live(ctx, nil, c.Stall, func([]subject.Entry) error { return nil }); err != nil {
		return "", err
	}
	_, err = l.end(ctx)
	return dir, err
}

// fill writes a partition's input.
func fill(ctx context.Context, brokers, topic string, t traffic) error {
	w, err := changelog.NewWriter(brokers, topic, 0, groundTimeout, nil)
	if err != nil {
		return err
	}
	defer w.Close()
	b := changelog.NewBatch()
	for i := range int64(otherRecords) {
		t.append(b, i)
	}
	ticket, err := w.Send(b)
	if err == nil {
		_, err = w.Wait(ctx, ticket)
	}
	return err
}

// swap puts a file of the other partition in the place of one of ours, of the same type and of the same name if there is
// one; or all files of the store.
func (c *campaign) swap(ctx context.Context) (w wound, err error) {
	dir, err := c.other(ctx)
	if err != nil {
		return w, err
	}
	g := c.ground
	ours, err := filesOf(g.state, false)
	if err != nil || len(ours) == 0 {
		return w, err
	}
	theirs, err := filesOf(dir, false)
	if err != nil {
		return w, err
	}
	all := types(ours)
	all = append(slices.DeleteFunc(all, func(typ string) bool { return len(theirs[typ]) == 0 }), TypeStore)
	c.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, typ := range all {
		if typ == TypeStore {
			return wound{storeDir(0), typ, "all of it is that of partition 1"}, replaceDir(filepath.Join(g.state, storeDir(0)), filepath.Join(dir, storeDir(1)))
		}
		path, by := pick(c.rng, ours[typ]), pick(c.rng, theirs[typ])
		for _, same := range theirs[typ] {
			if filepath.Base(same) == filepath.Base(path) {
				by = same
			}
		}
		now, then, err := bothOf(by, path)
		if err != nil {
			return w, err
		}
		if bytes.Equal(now, then) { // as CURRENTs are that name the same
			continue
		}
		w.typ, w.proof = typ, fmt.Sprintf("it is %s of partition 1: %d bytes, not %d", filepath.Base(by), len(now), len(then))
		w.name, err = filepath.Rel(g.state, path)
		return w, errors.Join(err, os.WriteFile(path, now, 0o600))
	}
	return w, nil
}

// wound damages what a kill has left.
func (c *campaign) wound(ctx context.Context) (w wound, err error) {
	switch c.Fault {
	case FaultSwapped:
		return c.swap(ctx)
	case FaultOld:
		if err := c.remember(true); err != nil {
			return w, err
		}
		return c.age()
	}
	return damage(c.rng, c.Fault, c.ground.state)
}

// shownFirst says whether, behind a fault, files may be shown as they were opened and wiped after that: what they belong to is known
// later.
func shownFirst(fault string) bool {
	return ofTopic(fault) && costsFiles(fault) || fault == FaultSwapped || fault == FaultOld || fault == FaultRewound
}
