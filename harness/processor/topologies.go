package processor

import (
	"errors"
	"fmt"

	"restorebench/harness/topology"
	"restorebench/stores"
	"restorebench/stores/keyvalue"
	"restorebench/stores/session"
	"restorebench/stores/versioned"
	"restorebench/stores/window"
)

// topology is what the task's stores are for: one window or session store for a
// windowed count, two key-value stores for a table and the counts of its groups.
func (p *processor) topology() (topology.Topology, error) {
	task := p.task.Config.Stream
	if len(p.parts) == 1 {
		switch s := p.parts[0].store.(type) {
		case *window.Store:
			return &topology.WindowCount{Store: s, Size: task.WindowMS, Grace: task.GraceMS}, nil
		case *session.Store:
			return &topology.SessionCount{Store: sessions{s}, Gap: task.GapMS, Grace: task.GraceMS}, nil
		}
	}
	if len(p.parts) == 2 {
		rows, err := keyValue(p.parts[0].store)
		counts, countsErr := keyValue(p.parts[1].store)
		return &topology.Table{Rows: rows, Counts: counts}, errors.Join(err, countsErr)
	}
	return nil, fmt.Errorf("config: no topology for %d stores", len(p.parts))
}

// keyValue is a store as a table's store.
func keyValue(s stores.Store) (topology.KeyValue, error) {
	switch s := s.(type) {
	case *keyvalue.TimestampedKeyValue:
		return timestampedRows{s}, nil
	case *keyvalue.KeyValue:
		return plainRows{s}, nil
	case *versioned.Store:
		return versionedRows{s}, nil
	default:
		return nil, fmt.Errorf("config: %T is no store for a table", s)
	}
}

type plainRows struct{ *keyvalue.KeyValue }

func (r plainRows) Get(key []byte) (value []byte, timestamp int64, err error) {
	value, err = r.KeyValue.Get(key)
	return value, 0, err
}

func (r plainRows) Put(key, value []byte, timestamp int64) (latest bool, err error) {
	return true, r.KeyValue.Put(key, value, timestamp)
}

type timestampedRows struct{ *keyvalue.TimestampedKeyValue }

func (r timestampedRows) Get(key []byte) (value []byte, timestamp int64, err error) {
	return r.GetWithTimestamp(key)
}

func (r timestampedRows) Put(key, value []byte, timestamp int64) (latest bool, err error) {
	return true, r.TimestampedKeyValue.Put(key, value, timestamp)
}

type versionedRows struct{ *versioned.Store }

func (r versionedRows) Get(key []byte) (value []byte, timestamp int64, err error) {
	latest, err := r.Latest(key)
	if err != nil || latest == nil {
		return nil, 0, err
	}
	return latest.Value, latest.From, nil
}

func (r versionedRows) Put(key, value []byte, timestamp int64) (latest bool, err error) {
	validTo, err := r.Store.Put(key, value, timestamp)
	return validTo == versioned.Undefined, err
}

type sessions struct{ *session.Store }

func (s sessions) Find(key []byte, earliestEnd, latestStart int64) (found []topology.Session, err error) {
	it := s.FindSessions(key, max(earliestEnd, 0), latestStart)
	for it.Next() {
		e := it.Entry()
		found = append(found, topology.Session{
			Span: topology.Span{Start: e.Start, End: e.End}, Value: append([]byte{}, e.Aggregate...),
		})
	}
	return found, errors.Join(it.Err(), it.Close())
}

func (s sessions) Put(key []byte, span topology.Span, value []byte, timestamp int64) error {
	return s.Store.Put(session.Session{Key: key, Start: span.Start, End: span.End}, value, timestamp)
}

func (s sessions) Remove(key []byte, span topology.Span, timestamp int64) error {
	return s.Store.Remove(session.Session{Key: key, Start: span.Start, End: span.End}, timestamp)
}
