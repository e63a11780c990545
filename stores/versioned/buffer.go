package versioned

import (
	"encoding/binary"
	"errors"

	"restorebench/stores"
	"restorebench/stores/format"
)

// The segments that are not made of time.
const (
	latestValues int64 = -1
	streamTime   int64 = -2 // one row, under the empty key: the time, 8 bytes
)

// appendKey appends `segment(8) key`, the key of a row.
func appendKey(dst []byte, segment int64, key []byte) []byte {
	return append(binary.BigEndian.AppendUint64(dst, uint64(segment)), key...)
}

func splitKey(b []byte) (segment int64, key []byte, err error) {
	if len(b) < format.TimestampBytes {
		return 0, nil, format.Bad(b, "has %d bytes, want 8 bytes of segment number before the key", len(b))
	}
	return timeAt(b, 0), b[format.TimestampBytes:], nil
}

// buffer collects the rows that a write or a batch of them changes, over those of
// the engine, and hands them over at once (RocksDBVersionedStoreRestoreWriteBuffer,
// which Kafka Streams uses for restoring only: there a live write is several).
type buffer struct {
	rows    stores.Store
	index   map[string]int // into changed, by the row's key
	changed []change
	key     []byte // scratch
	batch   stores.Batch
}

type change struct {
	key string
	row []byte // nil to remove it
}

var errTooLarge = errors.New("the rows that a batch changes have 4 GiB or more: read smaller batches")

func (w *buffer) init(rows stores.Store) { w.rows, w.index = rows, map[string]int{} }

// get reads a row, which is not to be written to; nil when there is none.
func (w *buffer) get(segment int64, key []byte) ([]byte, error) {
	if len(w.changed) == 0 { // then readers may run beside each other
		return w.rows.Get(appendKey(nil, segment, key))
	}
	w.key = appendKey(w.key[:0], segment, key)
	if i, ok := w.index[string(w.key)]; ok {
		return w.changed[i].row, nil
	}
	return w.rows.Get(w.key)
}

// put replaces a row, or removes it when row is nil. It takes row over.
func (w *buffer) put(segment int64, key, row []byte) {
	w.key = appendKey(w.key[:0], segment, key)
	if i, ok := w.index[string(w.key)]; ok {
		w.changed[i].row = row
		return
	}
	k := string(w.key)
	w.index[k] = len(w.changed)
	w.changed = append(w.changed, change{k, row})
}

// flush writes what has changed, but for segments that have expired meanwhile, and
// moves the offset.
func (w *buffer) flush(partition int32, next stores.Offset, firstLive int64) error {
	w.batch.Reset()
	w.batch.Partition = partition
	for i := range w.changed {
		w.key = append(w.key[:0], w.changed[i].key...)
		if segment := timeAt(w.key, 0); 0 <= segment && segment < firstLive {
			continue
		}
		if !w.batch.Append(w.key, w.changed[i].row, 0, next) {
			return errTooLarge
		}
	}
	w.batch.Next = next
	return w.rows.Apply(&w.batch)
}

// reset forgets what has changed.
func (w *buffer) reset() {
	clear(w.index)
	clear(w.changed)
	w.changed = w.changed[:0]
}
