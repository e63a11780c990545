package processor

import (
	"errors"
	"fmt"

	"restorebench/harness/topology"
	"restorebench/stores"
	"restorebench/stores/cache"
	"restorebench/stores/keyvalue"
	"restorebench/stores/session"
	"restorebench/stores/versioned"
	"restorebench/stores/window"
)

// topology is what the task's stores are for: one window or session store for a
// windowed count, two key-value stores for a table and the counts of its groups.
func (p *processor) topology(c *caches) (topology.Topology, error) {
	task := p.task.Config.Stream
	if len(p.parts) == 1 {
		switch s := p.parts[0].store.(type) {
		case *window.Store:
			return &topology.WindowCount{Store: c.windows(s, p.parts[0].task.Store), Size: task.WindowMS, Grace: task.GraceMS}, nil
		case *session.Store:
			return &topology.SessionCount{Store: c.sessions(s), Gap: task.GapMS, Grace: task.GraceMS}, nil
		}
	}
	if len(p.parts) == 2 {
		t := &topology.Table{}
		var rowsErr, countsErr error
		t.Rows, rowsErr = c.keyValue(p.parts[0].store, behind{sendOld: true, changed: func(ch cache.Change) error {
			return t.Move(ch.Old, ch.New, ch.Timestamp, c.emit)
		}})
		t.Counts, countsErr = c.keyValue(p.parts[1].store, behind{changed: func(ch cache.Change) error {
			return c.emit(topology.Record{Key: ch.Key, Value: ch.New, Timestamp: ch.Timestamp})
		}})
		return t, errors.Join(rowsErr, countsErr)
	}
	return nil, fmt.Errorf("config: no topology for %d stores", len(p.parts))
}

// keyValue is a store as a table's store, with a cache where there is a budget for
// one; b is what the cache has to know besides the store. A versioned store is not
// cached, as in Kafka Streams (KeyValueStoreMaterializer).
func (c *caches) keyValue(s stores.Store, b behind) (topology.KeyValue, error) {
	switch s := s.(type) {
	case *keyvalue.TimestampedKeyValue:
		if c.budget == nil {
			return timestampedRows{s}, nil
		}
		b.store, b.write, b.timestamped = s, s.Put, true
		return cachedRows{c.add(b)}, nil
	case *keyvalue.KeyValue:
		if c.budget == nil {
			return plainRows{s}, nil
		}
		b.store, b.write = s, s.Put
		return cachedRows{c.add(b)}, nil
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

func (r plainRows) Put(key, value []byte, timestamp int64) (sendOn bool, err error) {
	return true, r.KeyValue.Put(key, value, timestamp)
}

type timestampedRows struct{ *keyvalue.TimestampedKeyValue }

func (r timestampedRows) Get(key []byte) (value []byte, timestamp int64, err error) {
	return r.GetWithTimestamp(key)
}

func (r timestampedRows) Put(key, value []byte, timestamp int64) (sendOn bool, err error) {
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

func (r versionedRows) Put(key, value []byte, timestamp int64) (sendOn bool, err error) {
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

func (s sessions) Put(key []byte, span topology.Span, value []byte, timestamp int64) (sendOn bool, err error) {
	return true, s.Store.Put(session.Session{Key: key, Start: span.Start, End: span.End}, value, timestamp)
}

type windows struct{ *window.Store }

func (w windows) Put(key, value []byte, start, timestamp int64) (sendOn bool, err error) {
	return true, w.Store.Put(key, value, start, timestamp)
}
