package topology

import "encoding/binary"

// Window is what a windowed count needs of its store. Times are ms.
type Window interface {
	// Fetch returns nil for a window that is absent or expired; a store that keeps
	// no timestamps returns 0.
	Fetch(key []byte, start int64) (value []byte, timestamp int64, err error)
	Put(key, value []byte, start, timestamp int64) (sendOn bool, err error)
}

// WindowCount counts records by value in tumbling windows
// (KStreamWindowAggregate). Times are ms.
type WindowCount struct {
	Store       Window
	Size, Grace int64

	streamTime int64 // the latest timestamp so far; 0 before the first record
}

// Process counts the record in its window and emits that window's new count, with
// the window's start behind its key (TimeWindowedSerializer). A record whose window
// has closed, by the stream's time less the grace, is dropped.
func (w *WindowCount) Process(r Record, emit Emit) error {
	if r.Value == nil {
		return nil
	}
	w.streamTime = max(w.streamTime, r.Timestamp)
	start := r.Timestamp - r.Timestamp%w.Size
	if start+w.Size <= w.streamTime-w.Grace {
		return nil
	}
	value, at, err := w.Store.Fetch(r.Value, start)
	if err != nil {
		return err
	}
	c, err := counter(r.Value, value, at)
	if err != nil {
		return err
	}
	c = c.plus(1, r.Timestamp)
	key := binary.BigEndian.AppendUint64(append([]byte(nil), r.Value...), uint64(start))
	out := Record{Key: key, Value: encodeCount(c.n), Timestamp: c.timestamp}
	sendOn, err := w.Store.Put(r.Value, out.Value, start, out.Timestamp)
	if err != nil || !sendOn {
		return err
	}
	return emit(out)
}
