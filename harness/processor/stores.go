package processor

import (
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
	part.space = &space{Space: bytes}
	switch typ {
	case spec.TypeLRU:
		return keyvalue.NewLRU(int(part.task.Capacity), part.log)
	case spec.TypeTimestamped:
		return keyvalue.OpenTimestamped(part.space, "", part.log)
	case spec.TypeVersioned:
		return versioned.Open(part.space, "", versioned.Options{History: part.task.RetentionMS}, part.log)
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

// directory is where Kafka Streams keeps a store: <task>/rocksdb/<store>, and
// <task>/<store> for the segments of window and session stores.
func directory(stateDir string, partition int32, task subject.Store) string {
	_, typ, _ := spec.ParseStore(task.Store)
	parent := filepath.Join(stateDir, fmt.Sprintf("0_%d", partition))
	switch typ {
	case spec.TypeWindow, spec.TypeTimestampedWindow, spec.TypeSession:
		return filepath.Join(parent, task.Name)
	default:
		return filepath.Join(parent, "rocksdb", task.Name)
	}
}

// log takes what live writes add to the changelog; the next commit sends it.
func (part *partition) log(key, value []byte, timestamp int64) {
	part.logged.Append(key, value, timestamp, part.logged.Next)
}

func openSpace(engine, typ string, task *subject.Task, part *partition) (stores.Space, error) {
	if engine == spec.EngineMemory {
		return memory.NewSpace(), nil
	}
	o := rocks.Options{Topic: part.task.Topic, Partition: part.id, Settings: rocks.KafkaStreams()}
	if typ == spec.TypeTimestamped {
		o.Family = rocks.TimestampedFamily
	}
	for name, value := range task.Config.RocksDB {
		if err := o.Settings.Set(name, value); err != nil {
			return nil, err
		}
	}
	return rocks.NewSpace(part.dir, o), nil
}

// space remembers the byte stores that a store has opened, to reach what their engine
// can do and a type does not show.
type space struct {
	stores.Space
	opened []stores.Store
}

func (s *space) Open(name string) (stores.Store, error) {
	bytes, err := s.Space.Open(name)
	if err == nil {
		s.opened = append(s.opened, bytes)
	}
	return bytes, err
}

// holder can keep what is applied from becoming durable by itself.
type holder interface{ HoldFlush(bytes int) error }

// holdFlush keeps the store from making so many bytes durable by itself: the store where
// it can, since only it knows which byte stores it will open, else those it has opened.
func (part *partition) holdFlush(bytes int) error {
	if h, ok := part.store.(holder); ok {
		return h.HoldFlush(bytes)
	}
	for _, opened := range part.space.opened {
		if h, ok := opened.(holder); ok {
			if err := h.HoldFlush(bytes); err != nil {
				return err
			}
		}
	}
	return nil
}
