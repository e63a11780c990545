package kafkastreams_test

import (
	"errors"
	"math"
	"path/filepath"
	"slices"

	peer "restorebench/bench/peers/kafkastreams"
	"restorebench/stores"
	"restorebench/stores/format"
	"restorebench/stores/keyvalue"
	"restorebench/stores/memory"
	"restorebench/stores/rocks"
	"restorebench/stores/session"
	"restorebench/stores/versioned"
	"restorebench/stores/window"
)

// A variant is a store that both sides build.
type variant struct {
	peer.Store
	operations func(*generator, peer.Store) []peer.Operation
	// open opens our store in a space, with its live writes logged.
	open func(space stores.Space, s peer.Store, log stores.Log) (subject, error)
}

// subject is our store, as far as the types are alike.
type subject struct {
	stores.Store
	put func(peer.Operation) error
	// entries reads it whole, as peer.Program.Dump gives it; keys are all that can be in
	// it.
	entries func(keys [][]byte) ([]peer.Entry, error)
}

var variants = []variant{
	{peer.Store{Name: "key-value-memory", Type: peer.KeyValue, Engine: peer.Memory}, (*generator).keyValues, openKeyValue},
	{peer.Store{Name: "key-value", Type: peer.KeyValue, Engine: peer.Rocks}, (*generator).keyValues, openKeyValue},
	{peer.Store{Name: "timestamped-key-value", Type: peer.TimestampedKeyValue, Engine: peer.Rocks}, (*generator).keyValues, openTimestamped},
	{peer.Store{Name: "timestamped-key-value-memory", Type: peer.TimestampedKeyValue, Engine: peer.Memory}, (*generator).keyValues, openTimestamped},
	{peer.Store{Name: "lru", Type: peer.LRU, Engine: peer.Memory, Retention: 100}, (*generator).keyValues, openLRU},
	{peer.Store{Name: "versioned-key-value", Type: peer.VersionedKeyValue, Engine: peer.Rocks, Retention: 60_000}, (*generator).versions, openVersioned},
	{peer.Store{Name: "window-memory", Type: peer.Window, Engine: peer.Memory, Retention: 300_000, WindowSize: 10_000}, (*generator).windows, openWindow},
	{peer.Store{Name: "window", Type: peer.Window, Engine: peer.Rocks, Retention: 300_000, WindowSize: 10_000}, (*generator).windows, openWindow},
	{peer.Store{Name: "timestamped-window", Type: peer.TimestampedWindow, Engine: peer.Rocks, Retention: 300_000, WindowSize: 10_000}, (*generator).windows, openWindow},
	{peer.Store{Name: "timestamped-window-memory", Type: peer.TimestampedWindow, Engine: peer.Memory, Retention: 300_000, WindowSize: 10_000}, (*generator).windows, openWindow},
	{peer.Store{Name: "session-memory", Type: peer.Session, Engine: peer.Memory, Retention: 300_000}, (*generator).sessions, openSession},
	{peer.Store{Name: "session", Type: peer.Session, Engine: peer.Rocks, Retention: 300_000}, (*generator).sessions, openSession},
}

// space is where our store of this variant keeps its bytes: the very directories of
// the application, if it has the state directory of one.
func (v variant) space(a peer.App) stores.Space {
	if v.Engine == peer.Memory {
		return memory.NewSpace()
	}
	o := rocks.Options{Topic: a.Changelog(v.Store)}
	if v.Type == peer.TimestampedKeyValue || v.Type == peer.TimestampedWindow {
		o.Family = rocks.TimestampedFamily
	}
	dir := a.Dir(v.Store)
	if !v.segmented() {
		dir = filepath.Dir(dir)
	}
	return rocks.NewSpace(dir, o)
}

// segmented types keep a directory per segment.
func (v variant) segmented() bool {
	return slices.Contains([]string{peer.Window, peer.TimestampedWindow, peer.Session}, v.Type)
}

// readable leaves out of Kafka Streams' entries what ours don't have on purpose: the
// versions beyond the history that its interactive queries still return, until their
// segment is deleted. A workload's last operation has its latest time.
func (v variant) readable(list []peer.Entry) []peer.Entry {
	if v.Type != peer.VersionedKeyValue {
		return list
	}
	operations := v.operations(newGenerator(), v.Store)
	begin := operations[len(operations)-1].Timestamp - v.Retention
	return slices.DeleteFunc(slices.Clone(list), func(e peer.Entry) bool { return e.End != versioned.Undefined && e.End <= begin })
}

func openLRU(_ stores.Space, s peer.Store, log stores.Log) (subject, error) {
	store, err := keyvalue.NewLRU(int(s.Retention), log)
	return keyValueSubject(store), err
}

func openKeyValue(space stores.Space, s peer.Store, log stores.Log) (subject, error) {
	store, err := keyvalue.Open(space, s.Name, log)
	if err != nil {
		return subject{}, err
	}
	return keyValueSubject(store), nil
}

func keyValueSubject(store *keyvalue.KeyValue) subject {
	return subject{
		Store:   store,
		put:     func(o peer.Operation) error { return store.Put(o.Key, o.Value, o.Timestamp) },
		entries: func([][]byte) ([]peer.Entry, error) { return rows(store, plain) },
	}
}

func openVersioned(space stores.Space, s peer.Store, log stores.Log) (subject, error) {
	store, err := versioned.Open(space, s.Name, versioned.Options{History: s.Retention}, log)
	if err != nil {
		return subject{}, err
	}
	return subject{
		Store: store,
		put: func(o peer.Operation) error {
			_, err := store.Put(o.Key, o.Value, o.Timestamp)
			return err
		},
		entries: func(keys [][]byte) ([]peer.Entry, error) {
			var out []peer.Entry
			for _, key := range keys {
				history, err := store.History(key, 0, math.MaxInt64, false)
				if err != nil {
					return nil, err
				}
				for _, r := range history {
					out = append(out, peer.Entry{Key: key, Value: r.Value, Start: r.From, End: r.To})
				}
			}
			return out, nil
		},
	}, nil
}

func openTimestamped(space stores.Space, s peer.Store, log stores.Log) (subject, error) {
	store, err := keyvalue.OpenTimestamped(space, s.Name, log)
	if err != nil {
		return subject{}, err
	}
	return subject{
		Store: store,
		put:   func(o peer.Operation) error { return store.Put(o.Key, o.Value, o.Timestamp) },
		entries: func([][]byte) ([]peer.Entry, error) {
			return rows(store, func(key, value []byte) (peer.Entry, error) {
				timestamp, value, err := format.SplitTimestamped(key, value)
				return peer.Entry{Key: key, Value: value, Timestamp: timestamp}, err
			})
		},
	}, nil
}

func openWindow(space stores.Space, s peer.Store, log stores.Log) (subject, error) {
	store, err := window.New(space, window.Options{
		Name: s.Name, Retention: s.Retention, WindowSize: s.WindowSize,
		Timestamped: s.Type == peer.TimestampedWindow, Log: log,
	})
	if err != nil {
		return subject{}, err
	}
	return subject{
		Store: store,
		put:   func(o peer.Operation) error { return store.Put(o.Key, o.Value, o.Start, o.Timestamp) },
		entries: func([][]byte) ([]peer.Entry, error) {
			it := store.All()
			var out []peer.Entry
			for it.Next() {
				e := it.Entry()
				out = append(out, peer.Entry{
					Key: slices.Clone(e.Key), Value: slices.Clone(e.Value), Timestamp: e.Timestamp, Start: e.Start, End: e.End,
				})
			}
			return out, errors.Join(it.Err(), it.Close())
		},
	}, store.RecoverStreamTime()
}

func openSession(space stores.Space, s peer.Store, log stores.Log) (subject, error) {
	store, err := session.New(space, session.Options{Name: s.Name, Retention: s.Retention, Log: log})
	if err != nil {
		return subject{}, err
	}
	return subject{
		Store: store,
		put: func(o peer.Operation) error {
			return store.Put(session.Session{Key: o.Key, Start: o.Start, End: o.End}, o.Value, o.Timestamp)
		},
		entries: func([][]byte) ([]peer.Entry, error) {
			it := store.FetchKeys(nil, nil)
			var out []peer.Entry
			for it.Next() {
				e := it.Entry()
				out = append(out, peer.Entry{Key: slices.Clone(e.Key), Value: slices.Clone(e.Aggregate), Start: e.Start, End: e.End})
			}
			return out, errors.Join(it.Err(), it.Close())
		},
	}, store.RecoverStreamTime()
}

func plain(key, value []byte) (peer.Entry, error) { return peer.Entry{Key: key, Value: value}, nil }

// rows reads a store by its records.
func rows(s stores.Store, entry func(key, value []byte) (peer.Entry, error)) ([]peer.Entry, error) {
	it := s.Range(nil, nil)
	var out []peer.Entry
	for it.Next() {
		e, err := entry(slices.Clone(it.Key()), slices.Clone(it.Value()))
		if err != nil {
			return nil, errors.Join(err, it.Close())
		}
		out = append(out, e)
	}
	return out, errors.Join(it.Err(), it.Close())
}
