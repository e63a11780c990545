package processor

import (
	"errors"
	"fmt"
	"path/filepath"

	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/stores"
	"restorebench/stores/keyvalue"
	"restorebench/stores/memory"
	"restorebench/stores/rocks"
	"restorebench/stores/session"
	"restorebench/stores/versioned"
	"restorebench/stores/window"
)

// openStore opens the store that the task asks for, of whatever type and engine.
func openStore(task *subject.Task, part *partition) (stores.Store, error) {
	engine, typ, ok := spec.ParseStore(part.task.Store)
	if !ok {
		return nil, fmt.Errorf("%s: unknown store %q", subject.EnvStore, part.task.Store)
	}
	bytes, err := openSpace(engine, typ, task, part)
	if err != nil {
		return nil, err
	}
	part.space = newSpace(bytes)
	part.space.readable = typ == spec.TypeVersioned
	switch typ {
	case spec.TypeLRU:
		return keyvalue.NewLRU(int(part.task.Capacity), part.log)
	case spec.TypeTimestamped:
		return keyvalue.OpenTimestamped(part.space, "", part.log)
	case spec.TypeVersioned:
		return openVersioned(part)
	case spec.TypeWindow, spec.TypeTimestampedWindow:
		return window.New(part.space, window.Options{
			Name: part.task.Name, Retention: part.task.RetentionMS, WindowSize: part.task.WindowMS,
			Timestamped: typ == spec.TypeTimestampedWindow, Log: part.log,
		})
	case spec.TypeSession:
		return session.New(part.space, session.Options{Name: part.task.Name, Retention: part.task.RetentionMS, Log: part.log})
	default:
		return keyvalue.Open(part.space, "", part.log)
	}
}

// openVersioned refuses rows without an offset, as a kill leaves them when it comes
// between loading a stage and saving its offset: their stream time would make a replay
// refuse records that it needs.
func openVersioned(part *partition) (stores.Store, error) {
	s, err := versioned.Open(part.space, "", versioned.Options{History: part.task.RetentionMS}, part.log)
	if err != nil {
		return nil, err
	}
	if next, _ := s.Offset(); next == 0 && s.StreamTime() >= 0 {
		return nil, errors.Join(fmt.Errorf("%w: rows up to the time %d, and no offset", stores.ErrCorrupt, s.StreamTime()), s.Close())
	}
	return s, nil
}

// directory is where Kafka Streams keeps a store: <task>/rocksdb/<store>, and
// <task>/<store> for the segments of window and session stores.
func directory(stateDir string, partition int32, task subject.Store) string {
	parent := filepath.Join(stateDir, fmt.Sprintf("0_%d", partition))
	if segmented(task.Store) {
		return filepath.Join(parent, task.Name)
	}
	return filepath.Join(parent, "rocksdb", task.Name)
}

// segmented says whether a store keeps its records in segments.
func segmented(store string) bool {
	_, typ, _ := spec.ParseStore(store)
	return typ == spec.TypeWindow || typ == spec.TypeTimestampedWindow || typ == spec.TypeSession
}

// log takes what live writes add to the changelog; the next commit sends it, or refuses to if not all of it fits: a cache may write any
// amount within a commit, so that none before it would make room.
func (part *partition) log(key, value []byte, timestamp int64) {
	if !part.logged.Append(key, value, timestamp, part.logged.Next) {
		part.overflow = true
	}
}

func openSpace(engine, typ string, task *subject.Task, part *partition) (stores.Space, error) {
	if engine == spec.EngineMemory {
		if task.Config.SnapshotIntervalMS == 0 {
			return memory.NewSpace(), nil
		}
		return memory.NewSpaceIn(part.dir, memory.Options{Topic: part.task.Topic, Partition: part.id}), nil
	}
	o := rocks.Options{Topic: part.task.Topic, Partition: part.id, Settings: rocks.KafkaStreams()}
	if typ == spec.TypeTimestamped || typ == spec.TypeTimestampedWindow {
		o.Family = rocks.TimestampedFamily
	}
	for name, value := range task.Config.RocksDB {
		if err := o.Settings.Set(name, value); err != nil {
			return nil, err
		}
	}
	return rocks.NewSpace(part.dir, o), nil
}
