package processor

import (
	"bytes"
	"fmt"

	"restorebench/harness/subject"
	"restorebench/harness/verify"
	"restorebench/internal/defect"
	"restorebench/stores"
)

// store returns the store that holds a partition.
func (p *processor) store(id int32) (stores.Store, error) {
	for _, part := range p.parts {
		if part.id == id {
			return part.store, nil
		}
	}
	return nil, fmt.Errorf("config: read of partition %d, which is not assigned", id)
}

// firstRead answers the read that ends the downtime.
func (p *processor) firstRead() error {
	if want := p.task.Config.FirstRead; want != nil {
		return p.readFirst(want)
	}
	return nil
}

func (p *processor) readFirst(want *subject.Read) error {
	s, err := p.store(want.Partition)
	if err != nil {
		return err
	}
	got, err := s.Get(want.Key)
	if err != nil {
		return fmt.Errorf("first read: %w", err)
	}
	ok := got != nil && bytes.Equal(got, want.Value)
	return p.events.Emit(subject.Event{Event: subject.FirstRead, Partition: want.Partition, OK: ok})
}

// progressEvery entries of a digest, an event says that it is not stuck.
const progressEvery = 1 << 20

// digest reads the whole state of partitions through its iterator.
func (p *processor) digest(parts []*partition) error {
	for _, part := range parts {
		if defect.Is(defect.DigestTwice) {
			part = parts[0]
		}
		if err := recoverTime(part.store); err != nil {
			return fmt.Errorf("digest of partition %d in %s: %w", part.id, part.dir, err)
		}
		var d verify.Digest
		it := part.store.Range(nil, nil)
		for it.Next() {
			d.Add(it.Key(), it.Value())
			if d.Count%progressEvery == 0 {
				if err := p.events.Emit(subject.Event{
					Event: subject.ProgressMade, Partition: part.id,
					Records: d.Count, Bytes: d.Bytes,
				}); err != nil {
					return err
				}
			}
		}
		err := it.Err()
		if closeErr := it.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return fmt.Errorf("digest of partition %d in %s: %w", part.id, part.dir, err)
		}
		if err := p.events.Emit(subject.Event{
			Event: subject.DigestOf, Partition: part.id,
			Count: d.Count, Bytes: d.Bytes, Digest: d.String(), Sums: d.Sums(),
		}); err != nil {
			return err
		}
	}
	return nil
}

// recoverTime tells a store from which records expire what time it is. Like Kafka
// Streams' it has forgotten that with its process, and would still show what had expired.
func recoverTime(s stores.Store) error {
	if s, ok := s.(interface{ RecoverStreamTime() error }); ok && !defect.Is(defect.StreamTimeForgotten) {
		return s.RecoverStreamTime()
	}
	return nil
}

// reads answers point reads, which go another way than the iterator.
func (p *processor) reads(all []subject.Read) error {
	ev := subject.Event{Event: subject.Reads}
	for _, r := range all {
		s, err := p.store(r.Partition)
		if err != nil {
			return err
		}
		got, err := s.Get(r.Key)
		if err != nil {
			return fmt.Errorf("point read: %w", err)
		}
		var v subject.Value
		if got != nil {
			v.Value = &got
		}
		ev.Values = append(ev.Values, v)
	}
	return p.events.Emit(ev)
}
