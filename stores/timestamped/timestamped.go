// Package timestamped keeps each value with the timestamp of its record, as
// `timestamp(8) value`, over byte stores of any engine. The changelog holds the
// value alone, so restoring rebuilds the timestamp from the record
// (RecordConverters.rawValueToTimestampedValue of Kafka Streams).
package timestamped

import (
	"fmt"
	"slices"

	"restorebench/stores"
	"restorebench/stores/format"
)

// Rows is a byte store whose Apply takes changelog records and whose reads give
// `timestamp(8) value`. A stored value that is shorter than its timestamp is an error
// that wraps stores.ErrLayout.
type Rows struct {
	rows  stores.Ordered
	name  string
	batch stores.Batch // the converted one, reused
}

var _ stores.Ordered = (*Rows)(nil)

// New puts timestamps into rows, which it takes over. The name is for errors.
func New(name string, rows stores.Ordered) *Rows { return &Rows{rows: rows, name: name} }

// Apply stores each record's timestamp with its value. It allocates nothing per
// record.
func (r *Rows) Apply(b *stores.Batch) error {
	if err := r.convert(b); err != nil {
		return err
	}
	return r.rows.Apply(&r.batch)
}

func (r *Rows) convert(b *stores.Batch) error {
	if err := format.FitsTimestamped(b); err != nil {
		return fmt.Errorf("timestamped: %s: %w", r.name, err)
	}
	to := &r.batch
	to.Reset()
	to.Arena = slices.Grow(to.Arena, len(b.Arena)+format.TimestampBytes*b.Len())
	to.Entries = slices.Grow(to.Entries, b.Len())
	for i := range b.Entries {
		format.AppendRecord(to, b, i)
	}
	to.Partition, to.Next, to.NullKeys = b.Partition, b.Next, b.NullKeys
	return nil
}

// Get returns `timestamp(8) value`, nil when the key is absent.
func (r *Rows) Get(key []byte) ([]byte, error) {
	row, err := r.rows.Get(key)
	if err == nil && row != nil {
		err = r.check(key, row)
	}
	if err != nil {
		return nil, err
	}
	return row, nil
}

func (r *Rows) check(key, row []byte) error {
	if _, _, err := format.SplitTimestamped(key, row); err != nil {
		return fmt.Errorf("timestamped: %s: %w", r.name, err)
	}
	return nil
}

// Range iterates over key -> `timestamp(8) value`.
func (r *Rows) Range(from, to []byte) stores.Iterator {
	return &iterator{Iterator: r.rows.Range(from, to), rows: r}
}

// ReverseRange is Range from the last key to the first.
func (r *Rows) ReverseRange(from, to []byte) stores.Iterator {
	return &iterator{Iterator: r.rows.ReverseRange(from, to), rows: r}
}

// ApproximateCount is the engine's.
func (r *Rows) ApproximateCount() (int64, error) { return r.rows.ApproximateCount() }

// Offset is the engine's.
func (r *Rows) Offset() (stores.Offset, bool) { return r.rows.Offset() }

// Flush is the engine's.
func (r *Rows) Flush() error { return r.rows.Flush() }

// Close closes the engine.
func (r *Rows) Close() error { return r.rows.Close() }

// iterator stops at the first value that has no timestamp.
type iterator struct {
	stores.Iterator
	rows *Rows
	err  error
}

func (it *iterator) Next() bool {
	if it.err != nil || !it.Iterator.Next() {
		return false
	}
	it.err = it.rows.check(it.Key(), it.Value())
	return it.err == nil
}

func (it *iterator) Err() error {
	if it.err != nil {
		return it.err
	}
	return it.Iterator.Err()
}
