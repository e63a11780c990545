package topology

import "bytes"

// KeyValue is what a table needs of its stores. Timestamps are ms; a store that
// keeps none returns 0.
type KeyValue interface {
	// Get returns nil for a key that is absent.
	Get(key []byte) (value []byte, timestamp int64, err error)
	// Put with a nil value deletes. Nothing is to be sent on when a newer version of
	// the key exists already, which only a versioned store knows, or when a cache
	// holds the change back.
	Put(key, value []byte, timestamp int64) (sendOn bool, err error)
}

// Table counts the keys of a table by value: table(key -> value), grouped by value,
// count. An update moves its key from one group to the other (KTableSource,
// KTableRepartitionMap, KTableAggregate of Kafka Streams).
//
// With a plain store an older record that arrives late overwrites a newer one, and
// the counts follow it. A versioned store keeps it as history and nothing follows.
type Table struct {
	Rows   KeyValue // key -> value
	Counts KeyValue // value -> count
}

// Process changes the table and with it the counts.
func (t *Table) Process(r Record, emit Emit) error {
	if r.Key == nil {
		return nil // a table has no row for it
	}
	old, _, err := t.Rows.Get(r.Key)
	if err != nil {
		return err
	}
	sendOn, err := t.Rows.Put(r.Key, r.Value, r.Timestamp)
	if err != nil || !sendOn {
		return err
	}
	return t.Move(old, r.Value, r.Timestamp, emit)
}

// Move takes a key out of the group old and puts it into the group now, where nil is
// none. It emits each group whose count changed: first the one that lost the key, then
// the one that got it; a group that lost and got it once (KIP-904).
func (t *Table) Move(old, now []byte, timestamp int64, emit Emit) error {
	if old != nil && bytes.Equal(old, now) {
		return t.add(now, 0, timestamp, emit)
	}
	if old != nil {
		if err := t.add(old, -1, timestamp, emit); err != nil {
			return err
		}
	}
	if now != nil {
		return t.add(now, +1, timestamp, emit)
	}
	return nil
}

func (t *Table) add(group []byte, n, timestamp int64, emit Emit) error {
	value, at, err := t.Counts.Get(group)
	if err != nil {
		return err
	}
	c, err := counter(group, value, at)
	if err != nil {
		return err
	}
	c = c.plus(n, timestamp)
	out := Record{Key: group, Value: encodeCount(c.n), Timestamp: c.timestamp}
	sendOn, err := t.Counts.Put(out.Key, out.Value, out.Timestamp)
	if err != nil || !sendOn {
		return err
	}
	return emit(out)
}
