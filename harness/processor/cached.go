package processor

import (
	"bytes"
	"errors"

	"restorebench/harness/spec"
	"restorebench/harness/topology"
	"restorebench/stores/cache"
	"restorebench/stores/format"
	"restorebench/stores/session"
	"restorebench/stores/window"
)

// cached is a cache whose values are taken apart and put together as the store has them.
type cached struct {
	*cache.Cache
	timestamped bool
}

func (c cached) split(key, stored []byte) (timestamp int64, value []byte, err error) {
	if stored == nil || !c.timestamped {
		return 0, stored, nil
	}
	return format.SplitTimestamped(key, stored)
}

func (c cached) get(key []byte) (value []byte, timestamp int64, err error) {
	stored, err := c.Get(key)
	if err != nil {
		return nil, 0, err
	}
	timestamp, value, err = c.split(key, stored)
	return value, timestamp, err
}

// put never sends on: the cache does.
func (c cached) put(key, value []byte, timestamp int64) (sendOn bool, err error) {
	if value != nil && c.timestamped {
		value = format.AppendTimestamped(nil, timestamp, value)
	}
	return false, c.Put(key, value, timestamp)
}

type cachedRows struct{ cached }

func (r cachedRows) Get(key []byte) (value []byte, timestamp int64, err error) { return r.get(key) }

func (r cachedRows) Put(key, value []byte, timestamp int64) (sendOn bool, err error) {
	return r.put(key, value, timestamp)
}

type cachedWindows struct{ cached }

func (c *caches) windows(s *window.Store, name string) topology.Window {
	if c.budget == nil {
		return windows{s}
	}
	_, typ, _ := spec.ParseStore(name)
	return cachedWindows{c.add(behind{
		store: s, timestamped: typ == spec.TypeTimestampedWindow, segmented: true,
		write: func(stored, value []byte, timestamp int64) error {
			key, start, _, err := format.SplitWindowKey(stored)
			if err != nil {
				return err
			}
			return s.Put(key, value, start, timestamp)
		},
		changed: func(ch cache.Change) error { // emitted with the start behind its key
			key := ch.Key[:len(ch.Key)-format.WindowSuffix+format.TimestampBytes]
			return c.emit(topology.Record{Key: key, Value: ch.New, Timestamp: ch.Timestamp})
		},
	})}
}

func (w cachedWindows) Fetch(key []byte, start int64) (value []byte, timestamp int64, err error) {
	return w.get(format.AppendWindowKey(nil, key, start, 0))
}

func (w cachedWindows) Put(key, value []byte, start, timestamp int64) (sendOn bool, err error) {
	return w.put(format.AppendWindowKey(nil, key, start, 0), value, timestamp)
}

type cachedSessions struct{ cached }

func (c *caches) sessions(s *session.Store) topology.Sessions {
	if c.budget == nil {
		return sessions{s}
	}
	return cachedSessions{c.add(behind{
		store: s, segmented: true,
		write: func(stored, value []byte, timestamp int64) error {
			key, start, end, err := format.SplitSessionKey(stored)
			if err != nil {
				return err
			}
			return s.Put(session.Session{Key: key, Start: start, End: end}, value, timestamp)
		},
		changed: func(ch cache.Change) error { // emitted as of its end
			_, _, end, err := format.SplitSessionKey(ch.Key)
			if err != nil {
				return err
			}
			return c.emit(topology.Record{Key: ch.Key, Value: ch.New, Timestamp: end})
		},
	})}
}

func (s cachedSessions) Put(key []byte, span topology.Span, value []byte, timestamp int64) (sendOn bool, err error) {
	return s.put(format.AppendSessionKey(nil, key, span.Start, span.End), value, timestamp)
}

func (s cachedSessions) Find(key []byte, earliestEnd, latestStart int64) (found []topology.Session, err error) {
	it := s.Range(format.SessionRange(key, key, earliestEnd, latestStart))
	for it.Next() {
		_, start, end, err := format.SplitSessionKey(it.Key())
		if err != nil {
			return nil, errors.Join(err, it.Close())
		}
		if start <= latestStart { // all others between the bounds are of the key
			found = append(found, topology.Session{Span: topology.Span{Start: start, End: end}, Value: bytes.Clone(it.Value())})
		}
	}
	return found, errors.Join(it.Err(), it.Close())
}
