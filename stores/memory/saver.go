package memory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/zeebo/xxh3"

	"restorebench/internal/defect"
	"restorebench/internal/durable"
	"restorebench/stores"
	"restorebench/stores/killpoint"
)

// Options says whose snapshots a space's files are.
type Options struct {
	// Topic and Partition name the changelog that the saved offset is of. The
	// snapshot of another one is corrupt.
	Topic     string
	Partition int32
}

// saver writes the snapshots of one store.
type saver struct {
	path, temporary string
	dir             *directory
	options         Options
	name            string

	turn  chan struct{}   // holds one token while no snapshot is being written
	life  context.Context //nolint:containedctx // the store's, which ends the snapshot being written
	end   context.CancelFunc
	saved saved

	copies []uint64 // memory for the next capture of the index
}

// saved is what the file holds.
type saved struct {
	mark    mark // its sequence is 0 as long as there is no file
	changes uint64
}

func newSaver(dir *directory, name string, o Options) *saver {
	path, temporary := dir.paths(name)
	w := &saver{path: path, temporary: temporary, dir: dir, options: o, name: name, turn: make(chan struct{}, 1)}
	w.life, w.end = context.WithCancel(context.Background())
	w.turn <- struct{}{}
	return w
}

// close ends what is being written, for good.
func (w *saver) close() error {
	w.end()
	<-w.turn // is not given back
	return w.dir.release()
}

// freeCopies gives back what no capture has taken over.
func (w *saver) freeCopies() error {
	copies := w.copies
	w.copies = nil
	return unmapSlots(copies)
}

// check finds out whether a snapshot is of this store.
func (w *saver) check(c *contents) error {
	if c.Topic != w.options.Topic || c.Partition != w.options.Partition && !defect.Is(defect.SnapshotOfAnother) || c.Name != w.name {
		return corrupt("it is a snapshot of store %q with the changelog %s-%d, want store %q with %s-%d",
			c.Name, c.Topic, c.Partition, w.name, w.options.Topic, w.options.Partition)
	}
	return nil
}

// write makes a file of an image and puts it in the place of the last one.
func (w *saver) write(ctx context.Context, im *image) error {
	f, err := os.OpenFile(w.temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	m, err := w.writeTo(ctx, f, im)
	killpoint.Reached(killpoint.Snapshot)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	killpoint.Reached(killpoint.Snapshot)
	if err == nil {
		err = os.Rename(w.temporary, w.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(w.temporary))
	}
	killpoint.Reached(killpoint.Snapshot)
	if err := durable.SyncDir(w.dir.path); err != nil {
		return err
	}
	w.saved = saved{m, im.changes}
	return nil
}

// writeTo writes the mark last: nothing before it counts without it.
func (w *saver) writeTo(ctx context.Context, f *os.File, im *image) (mark, error) {
	data := writer{ctx: ctx, f: f, at: dataStart}
	c := im.contents
	c.Topic, c.Partition, c.Name = w.options.Topic, w.options.Partition, w.name
	buffer := make([]uint64, blockBytes/slotBytes)
	for n := im.take(buffer); n > 0; n = im.take(buffer) {
		if data.section(asBytes(buffer[:n])); data.err != nil {
			return mark{}, data.err
		}
	}
	if err := im.freeIndex(); err != nil { // now and not at the end, for its room
		return mark{}, err
	}
	for _, used := range im.slabs {
		data.section(used)
	}
	killpoint.Reached(killpoint.Snapshot)
	c.Blocks = data.sums
	b, err := json.Marshal(c)
	if err = errors.Join(data.err, err); err != nil {
		return mark{}, err
	}
	m := mark{1, im.next, data.at, int64(len(b)), xxh3.Hash(b)}
	data.write(b)
	data.at = m.place()
	data.write(m.append(nil))
	return m, data.err
}

// move writes the mark for an offset that has moved over nothing.
func (w *saver) move(next stores.Offset) error {
	m := w.saved.mark
	m.sequence++
	m.next = next
	f, err := os.OpenFile(w.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	killpoint.Reached(killpoint.Checkpoint)
	if _, err = f.WriteAt(m.append(nil), m.place()); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		w.saved.mark = m
	}
	return err
}

// writer writes a file's data, until the first error.
type writer struct {
	ctx  context.Context //nolint:containedctx // of one call
	f    *os.File
	at   int64
	sums []uint64
	err  error
}

// section writes bytes in blocks, each with its checksum.
func (w *writer) section(b []byte) {
	for len(b) > 0 && w.err == nil {
		if w.err = context.Cause(w.ctx); w.err != nil {
			return
		}
		n := min(len(b), blockBytes)
		w.sums = append(w.sums, xxh3.Hash(b[:n]))
		w.write(b[:n])
		b = b[n:]
	}
}

func (w *writer) write(b []byte) {
	if w.err != nil {
		return
	}
	if _, err := w.f.WriteAt(b, w.at); err != nil {
		w.err = fmt.Errorf("%w at byte %d", err, w.at)
	}
	w.at += int64(len(b))
}
