package processor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/zeebo/xxh3"

	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/internal/defect"
	"restorebench/internal/durable"
)

// ErrPartitions means that a changelog has another number of partitions than it had when the local files were begun: keys
// may lie in other partitions since.
var ErrPartitions = errors.New("the changelog's number of partitions has changed")

// source is the file beside a partition's local files that says which changelog they are of: its name, the partition, its
// id (KIP-516) and number of partitions. A saved offset alone says nothing once a topic was deleted and created again. It
// also says how old the files are, see origin.
type source struct {
	path, topic string
	partition   int32
}

func (p *processor) sourceOf(part *partition) source {
	return source{filepath.Join(p.task.StateDir, fmt.Sprintf("0_%d", part.id), ".changelog-"+part.task.Name), part.task.Topic, part.id}
}

// maxNote is more bytes than any file has that says something of the files beside it.
const maxNote = 4096

// readNote reads such a file, and no more of it than that; nothing if there is none.
func readNote(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxNote))
}

// read returns what was written. ok is false when there is no file, or when a byte of it is another.
func (s source) read() (o origin, ok bool, err error) {
	text, err := readNote(s.path)
	if err != nil {
		return o, false, err
	}
	o, ok = s.parse(text)
	return o, ok, nil
}

func (s source) parse(text []byte) (o origin, ok bool) {
	if _, err := fmt.Sscanf(string(text), sourceFormat, new(string), new(int32), &o.ID, &o.Partitions, &o.at, &o.next, &o.kept, &o.incarnation, new(string)); err != nil {
		return o, false
	}
	return o, bytes.Equal(text, s.text(o))
}

// sourceFormat is a version, then topic, partition, id and number of partitions, then the time at which the files held all, the offset
// that they did up to, how long tombstones are kept and the store's number, then a checksum of these. Version 0 had no time, version 1 no offset,
// version 2 no number: as nobody knows how old such files are, they are as good as those of nobody knows which topic.
const sourceFormat = "3\n%s %d %s %d\n%d %d %d %x\n%s\n"

func (s source) text(o origin) []byte {
	sum := xxh3.HashString(fmt.Sprintf("%s %d %s %d %d %d %d %x", s.topic, s.partition, o.ID, o.Partitions, o.at, o.next, o.kept, o.incarnation))
	return fmt.Appendf(nil, sourceFormat, s.topic, s.partition, o.ID, o.Partitions, o.at, o.next, o.kept, o.incarnation, fmt.Sprintf("%016x", sum))
}

func (s source) write(o origin) error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil { // segments come with their records
		return err
	}
	return durable.WriteFile(s.path, s.text(o), 0o600)
}

// identify makes sure that a partition's local files are of the changelog that there is, and leaves an empty store if they
// are not. The first to be written is the file that says so, before any record.
func (p *processor) identify(part *partition) error {
	if !p.keepsFiles(part) {
		return nil
	}
	begun := time.Now()
	now, err := part.reader.Identity(offsetTimeout)
	if err != nil {
		return err
	}
	file := p.sourceOf(part)
	then, known, err := file.read()
	part.setOrigin(then)
	_, saved := part.saved()
	stands, _ := part.store.Offset() // a checkpoint may be behind it
	same := known && (then.Identity == now || defect.Is(defect.TopicNotCompared))
	switch {
	case err != nil:
		return err
	case known && then.Partitions != now.Partitions && !defect.Is(defect.PartitionsIgnored):
		return fmt.Errorf("%w: %s has %d, the files in %s are of one with %d; make it as it was, or remove the directories 0_* in %s to replay what is there, and start again",
			ErrPartitions, part.task.Topic, now.Partitions, part.dir, then.Partitions, p.task.StateDir)
	case same && saved && then.older(part.incarnation, stands) != "":
		err = p.discard(part, then.older(part.incarnation, stands))
	case same:
		if part.had && !saved {
			return p.wipe(part) // what is in it, if anything, is of nobody knows what
		}
		return nil
	case known:
		err = p.discard(part, fmt.Sprintf("the changelog was deleted and created again: its id is %s, that of the files' %s", now.ID, then.ID))
	case saved:
		err = p.discard(part, fmt.Sprintf("no valid %s says which changelog the files are of", filepath.Base(file.path)))
	case part.had: // begun, and killed before anything was in it
		err = p.wipe(part)
	}
	if err != nil {
		return err
	}
	return p.beginOrigin(part, origin{Identity: now, at: begun.UnixMilli(), kept: unknown, incarnation: part.incarnation})
}

// discard wipes local files once the store was opened, and says why: the record must not call it local.
func (p *processor) discard(part *partition, reason string) error {
	if err := p.wipe(part); err != nil {
		return err
	}
	part.begun = begun{subject.PathWiped, reason}
	return p.events.Emit(subject.Event{
		Event: subject.Opened, Path: subject.PathWiped, Reason: fmt.Sprintf("partition %d: %s", part.id, reason),
	})
}

// keepsFiles says whether a partition's store has local files at all.
func (p *processor) keepsFiles(part *partition) bool {
	engine, _, _ := spec.ParseStore(part.task.Store)
	return engine != spec.EngineMemory || p.task.Config.SnapshotIntervalMS > 0
}
