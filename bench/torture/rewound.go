package torture

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	"restorebench/harness/subject"
)

// FaultRewound puts the store back in the middle of a replay from nothing, offsets and all, to what it was earlier in the same
// replay: as by a snapshot of the volume that was taken then. Its directory is copied while the replay stands still at a share, and takes
// the place of what a kill at a later share leaves. It must be gone on from as it is, or replayed with the reason.
const FaultRewound = "store-rewound"

// rewoundRecords are in the changelog before the first replay: several times what memtables hold, so that parts of them become durable on
// the way.
const rewoundRecords = 8000

// heldDir is the copy of the store, beside the processor's files.
const heldDir = "held"

// keepHeld copies the store of a replay that stands still, while its process does, too, and lets it go on.
func (g *ground) keepHeld(l *life) error {
	if err := l.process.Pause(); err != nil {
		return err
	}
	err := errors.Join(replaceDir(filepath.Join(g.dir, heldDir), filepath.Join(g.state, storeDir(0))), l.process.Resume())
	if err == nil {
		_, err = l.process.Tell(subject.GoOn)
	}
	return err
}

// rewind kills a replay, puts its store back, and lives a life that judges what is left. It is false when the kill did not come.
func (c *campaign) rewind(ctx context.Context, m *moment, line *Line) (came bool, err error) {
	g := c.ground
	if err := c.fill(ctx, rewoundRecords, rewoundRecords/4); err != nil {
		return false, err
	}
	if err := errors.Join(g.newState(c.Fault), os.RemoveAll(filepath.Join(g.dir, heldDir))); err != nil {
		return false, err
	}
	held := *m
	share := (0.3 + 0.6*c.rng.Float64()) * m.plan.Share
	held.hold = &share
	l, err := c.live(ctx, &held)
	if err == nil {
		line.Time, line.During = time.Now().UTC(), l.during
		line.Exit, err = l.end(ctx)
	}
	if err != nil {
		return false, c.fail(err, line)
	}
	if line.Reached = l.killing != nil && l.holding != nil; line.Reached {
		line.Offset = l.killing.Offset
		if line.Proof, err = g.putBack(l.holding.Offset, l.killing.Offset, l.start.To); err != nil {
			return false, err
		}
	}
	line.Kind, line.File, line.Type, line.Struck = c.Fault, storeDir(0), TypeStore, duringRestore
	if line.Proof == "" {
		line.Kind, line.File, line.Type, line.Struck = KindIdle, "", "", ""
	}
	c.pending = append(c.pending, line)
	return line.Reached, c.calm(ctx)
}

// putBack makes the store the copy of it, and returns what proves that it was another one: "" when nothing had become durable since.
func (g *ground) putBack(copied, killed, to int64) (proof string, err error) {
	store, held := filepath.Join(g.state, storeDir(0)), filepath.Join(g.dir, heldDir)
	now, err := contentsOf(store)
	if err != nil {
		return "", err
	}
	then, err := contentsOf(held)
	if err != nil || maps.Equal(now, then) {
		return "", err
	}
	return fmt.Sprintf("a replay up to offset %d was killed at %d, and its store, of %d bytes in %d files, is what it was at %d: %d bytes in %d files",
		to, killed, bytesOf(now), len(now), copied, bytesOf(then), len(then)), replaceDir(store, held)
}

// contentsOf are the files below a directory that something depends on, by name.
func contentsOf(dir string) (map[string]string, error) {
	files, err := filesOf(dir, true)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, paths := range files {
		for _, path := range paths {
			name, err := filepath.Rel(dir, path)
			if err != nil {
				return nil, err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			all[name] = string(text)
		}
	}
	return all, nil
}

func bytesOf(files map[string]string) (n int) {
	for _, text := range files {
		n += len(text)
	}
	return n
}
