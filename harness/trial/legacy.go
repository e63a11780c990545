package trial

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
)

// legacy is what a trial of somebody else's system leaves to another one with the same workload: the changelog, which
// a replay and a recovery from files read alike, and the files that a restore made of it. Most of what such a trial takes
// is the making of these.
type legacy struct {
	topic string
	ends  []int64
	drop  func() error // deletes the topics
	state string       // a directory that was closed cleanly; "": the heir has to make one
	seed  uint64       // of the workload
}

// heir is the cell that can go on with what a trial leaves: a replay's files are those of a recovery from files, and the
// other way round the changelog is the same. Under a group protocol the dead of one trial would be waited for in the next.
func heir(c record.Cell) (record.Cell, bool) {
	switch {
	case c.Group != "" || c.Standby > 0 || c.Instances > 1 || c.Compacted:
		return c, false
	case c.Recovery == record.Replay:
		c.Recovery = record.Local
	case c.Recovery == record.Local:
		c.Recovery = record.Replay
	default:
		return c, false
	}
	return c, true
}

// inherit takes what an earlier trial left for this one, and says whether there was anything. state is where files are to be.
func (a *attempt) inherit(state string) (found bool, err error) {
	l := a.legacies[a.rec.Cell]
	if l == nil {
		return false, nil
	}
	delete(a.legacies, a.rec.Cell)
	if l.seed != a.rec.Seed {
		return false, l.discard()
	}
	a.topic, a.ends, a.drop, a.rec.Inherited = l.topic, l.ends, l.drop, record.InheritedChangelog
	if l.state == "" {
		return true, nil
	}
	a.rec.Inherited = record.InheritedFiles
	return true, os.Rename(l.state, state)
}

// bequeath leaves the changelog, and behind a replay the successor's files in state, to a trial that is to come.
func (a *attempt) bequeath(ctx context.Context, successor *subject.Process, state string) (err error) {
	cell, ok := heir(a.rec.Cell)
	if !a.foreign() || !ok || a.ToCome == nil || !a.ToCome(cell) {
		return nil
	}
	l := &legacy{topic: a.topic, ends: a.ends, drop: a.drop, seed: a.rec.Seed}
	// A store in memory that is replayed is not asked for files. One that does not stop leaves none either: the heir will see for itself.
	engine, _, _ := spec.ParseStore(cell.Store)
	if a.rec.Recovery == record.Replay && engine != spec.EngineMemory && a.stop(ctx, successor) == nil {
		if left := filepath.Join(a.Dir, "left-"+filepath.Base(a.dir)); os.Rename(state, left) == nil {
			l.state = left
		}
	}
	if a.legacies == nil {
		a.legacies = map[record.Cell]*legacy{}
	}
	if never := a.legacies[cell]; never != nil { // its heir failed before it came to it
		err = never.discard()
	}
	a.legacies[cell], a.drop = l, nil
	return err
}

func (l *legacy) discard() error {
	var err error
	if l.state != "" {
		err = os.RemoveAll(l.state)
	}
	return errors.Join(err, l.drop())
}

// Close removes what trials have left to others that never came.
func (r *Runner) Close() error {
	var err error
	for _, l := range r.legacies {
		err = errors.Join(err, l.discard())
	}
	clear(r.legacies)
	return err
}
