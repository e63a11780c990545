package processor

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"restorebench/harness/spec"
	"restorebench/internal/durable"
	"restorebench/stores"
)

// checkpoint is a task's file of saved offsets, as Kafka Streams up to 4.2 has it: a version, a
// count, and topic, partition and offset of the last record that the store's files hold. It has no
// checksum, so a bit that makes another digit of one of the offset's is not found out, here or there. An
// offset that is too high for the store is distrusted; from one that is too low more is replayed.
type checkpoint struct {
	path, topic string
	partition   int32
}

func (p *processor) checkpointOf(part *partition) checkpoint {
	return checkpoint{filepath.Join(p.task.StateDir, fmt.Sprintf("0_%d", part.id), ".checkpoint"), part.task.Topic, part.id}
}

// read returns the offset behind the saved one; ok is false when there is no file, or one that is not, byte for byte, as
// write leaves it for this partition: it vouches for nothing.
func (c checkpoint) read() (next stores.Offset, ok bool, err error) {
	text, err := readNote(c.path)
	if err != nil {
		return 0, false, err
	}
	next, ok = c.parse(text)
	return next, ok, nil
}

const checkpointFormat = "0\n1\n%s %d %d\n"

func (c checkpoint) parse(text []byte) (next stores.Offset, ok bool) {
	var last int64
	if _, err := fmt.Sscanf(string(text), checkpointFormat, new(string), new(int32), &last); err != nil || last < 0 || last == math.MaxInt64 {
		return 0, false
	}
	next = stores.Offset(last) + 1
	if !bytes.Equal(text, c.text(next)) {
		return 0, false
	}
	return next, true
}

func (c checkpoint) text(next stores.Offset) []byte {
	return fmt.Appendf(nil, checkpointFormat, c.topic, c.partition, int64(next)-1)
}

// write replaces the file so that a kill leaves the old one or the new one.
func (c checkpoint) write(next stores.Offset) error {
	if next == 0 {
		return nil // there is no last record
	}
	return durable.WriteFile(c.path, c.text(next), 0o600)
}

// checkpointed is a store with a checkpoint, which is written when the store is durable.
type checkpointed struct {
	stores.Store
	file checkpoint
}

func (c checkpointed) Flush() error {
	if err := c.Store.Flush(); err != nil {
		return err
	}
	next, _ := c.Offset()
	return c.file.write(next)
}

// durable is a partition's store as what makes it durable sees it. Under exactly once a checkpoint
// is written by a clean end only.
func (p *processor) durable(part *partition, s stores.Store) stores.Store {
	if p.task.Config.RecoveryModel != spec.Model42 || p.task.Config.ExactlyOnce {
		return s
	}
	return checkpointed{s, p.checkpointOf(part)}
}

// distrusted says why the files of a partition, which was just opened, are not to be used under the
// recovery model; "" if they are. had says whether there were any.
func (p *processor) distrusted(part *partition, had bool) (why string, err error) {
	switch p.task.Config.RecoveryModel {
	case spec.Model42:
		return p.distrustedByFile(part, had)
	case spec.Model43:
		for _, bytes := range part.space.byteStores() {
			if s, ok := bytes.(interface{ Unclean() bool }); ok && s.Unclean() && p.task.Config.ExactlyOnce {
				return "recovery model 4.3 under exactly once: the store was not closed", nil
			}
		}
	}
	return "", nil
}

func (p *processor) distrustedByFile(part *partition, had bool) (why string, err error) {
	file := p.checkpointOf(part)
	next, ok, err := file.read()
	if err != nil {
		return "", err
	}
	if p.task.Config.ExactlyOnce {
		// And from the disk too: if it came back after a power cut, it would vouch for an unclean store.
		if err := durable.Remove(file.path); err != nil {
			return "", err
		}
	}
	stored, _ := part.store.Offset()
	switch {
	case !had:
		return "", nil
	case !ok && p.task.Config.ExactlyOnce:
		return "recovery model 4.2 under exactly once: no .checkpoint, so the end was unclean", nil
	case !ok:
		return "recovery model 4.2: no .checkpoint", nil
	case next > stored:
		return fmt.Sprintf("recovery model 4.2: the .checkpoint is at %d, the store at %d", next, stored), nil
	}
	part.checkpoint, part.checkpointed = next, true
	return "", nil
}

// saved is the offset that a restore goes on from.
func (part *partition) saved() (stores.Offset, bool) {
	if part.checkpointed {
		return part.checkpoint, true
	}
	return part.store.Offset()
}

// leave ends cleanly: the checkpoint of exactly once is written then.
func (p *processor) leave() error {
	if p.task.Config.RecoveryModel != spec.Model42 {
		return nil
	}
	for _, part := range p.parts {
		if part.store == nil { // of several processes another one has it
			continue
		}
		if err := (checkpointed{part.store, p.checkpointOf(part)}).Flush(); err != nil {
			return err
		}
	}
	return nil
}

// files says whether a directory has any of a store.
func files(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() != incarnationName })
}
