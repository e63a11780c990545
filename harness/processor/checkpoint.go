package processor

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"restorebench/harness/spec"
	"restorebench/internal/durable"
	"restorebench/stores"
)

// checkpoint is a task's file of saved offsets, as Kafka Streams up to 4.2 has it: a version, a
// count, and topic, partition and offset of the last record that the store's files hold.
type checkpoint struct {
	path, topic string
	partition   int32
}

func (p *processor) checkpointOf(part *partition) checkpoint {
	return checkpoint{filepath.Join(p.task.StateDir, fmt.Sprintf("0_%d", part.id), ".checkpoint"), part.task.Topic, part.id}
}

// read returns the offset behind the saved one; ok is false when there is no file, or none that
// names the partition.
func (c checkpoint) read() (next stores.Offset, ok bool, err error) {
	file, err := os.Open(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	defer file.Close()
	in := bufio.NewReader(file)
	var version, count, partition int
	var topic string
	var last int64
	if _, err = fmt.Fscanf(in, "%d\n%d\n%s %d %d\n", &version, &count, &topic, &partition, &last); err != nil ||
		version != 0 || count != 1 || topic != c.topic || partition != int(c.partition) || last < 0 {
		return 0, false, nil // as if there were none: it vouches for nothing
	}
	return stores.Offset(last) + 1, true, nil
}

// write replaces the file so that a kill leaves the old one or the new one.
func (c checkpoint) write(next stores.Offset) error {
	if next == 0 {
		return nil // there is no last record
	}
	return durable.WriteFile(c.path, fmt.Appendf(nil, "0\n1\n%s %d %d\n", c.topic, c.partition, int64(next)-1), 0o600)
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

// files says whether there are any in a directory.
func files(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) > 0
}
