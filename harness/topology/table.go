package topology

// KeyValue is what a table needs of its stores. Timestamps are ms; a store that
// keeps none returns 0.
type KeyValue interface {
	// Get returns nil for a key that is absent.
	Get(key []byte) (value []byte, timestamp int64, err error)
	// Put with a nil value deletes. latest is false when a newer version of the key
	// exists already, which only a versioned store knows.
	Put(key, value []byte, timestamp int64) (latest bool, err error)
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

// Process changes the table and emits each group whose count changed: first the one
// that lost the key, then the one that got it.
func (t *Table) Process(r Record) ([]Record, error) {
	if r.Key == nil {
		return nil, nil // a table has no row for it
	}
	old, _, err := t.Rows.Get(r.Key)
	if err != nil {
		return nil, err
	}
	latest, err := t.Rows.Put(r.Key, r.Value, r.Timestamp)
	if err != nil || !latest {
		return nil, err
	}
	var emitted []Record
	for _, change := range []struct {
		group []byte
		n     int64
	}{{old, -1}, {r.Value, +1}} {
		if change.group == nil {
			continue
		}
		out, err := t.add(change.group, change.n, r.Timestamp)
		if err != nil {
			return emitted, err
		}
		emitted = append(emitted, out)
	}
	return emitted, nil
}

func (t *Table) add(group []byte, n, timestamp int64) (Record, error) {
	value, at, err := t.Counts.Get(group)
	if err != nil {
		return Record{}, err
	}
	c, err := counter(group, value, at)
	if err != nil {
		return Record{}, err
	}
	c = c.plus(n, timestamp)
	out := Record{Key: group, Value: encodeCount(c.n), Timestamp: c.timestamp}
	_, err = t.Counts.Put(out.Key, out.Value, out.Timestamp)
	return out, err
}
