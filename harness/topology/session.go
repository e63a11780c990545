package topology

import "encoding/binary"

// Span is a session: from its first record to its last, both inclusive, ms.
type Span struct{ Start, End int64 }

// Session is a span of a key and what is kept for it.
type Session struct {
	Span
	Value []byte
}

// Sessions is what a session count needs of its store. Times are ms.
type Sessions interface {
	// Find returns the key's sessions that end at earliestEnd or later and begin at
	// latestStart or before, in the order of their ends.
	Find(key []byte, earliestEnd, latestStart int64) ([]Session, error)
	// Put with a nil value removes. timestamp is that of the record that makes the
	// change.
	Put(key []byte, span Span, value []byte, timestamp int64) (sendOn bool, err error)
}

// SessionCount counts records by value in sessions: records of a value that are no
// further apart than the gap (KStreamSessionWindowAggregate). Times are ms.
type SessionCount struct {
	Store      Sessions
	Gap, Grace int64

	streamTime int64 // the latest timestamp so far; 0 before the first record
}

// Process merges the record with the sessions that it touches. It emits a null for
// each session that it merges, of the result's bounds too, then the one that holds the
// record; a session of this one time is only replaced. The keys have the session's
// end and start behind them (SessionWindowedSerializer), the timestamps are the
// sessions' ends. A record whose session has closed, by the
// stream's time less the grace, is dropped.
func (s *SessionCount) Process(r Record, emit Emit) error {
	if r.Value == nil {
		return nil
	}
	key := r.Value
	s.streamTime = max(s.streamTime, r.Timestamp)
	touched, err := s.Store.Find(key, r.Timestamp-s.Gap, r.Timestamp+s.Gap)
	if err != nil {
		return err
	}
	merged, n := Span{r.Timestamp, r.Timestamp}, int64(1)
	for _, t := range touched {
		c, err := decodeCount(key, t.Value)
		if err != nil {
			return err
		}
		merged = Span{min(merged.Start, t.Start), max(merged.End, t.End)}
		n += c
	}
	if merged.End < s.streamTime-s.Grace-s.Gap {
		return nil
	}
	if merged != (Span{r.Timestamp, r.Timestamp}) {
		for _, t := range touched {
			if err := s.put(key, t.Span, nil, r.Timestamp, emit); err != nil {
				return err
			}
		}
	}
	return s.put(key, merged, encodeCount(n), r.Timestamp, emit)
}

func (s *SessionCount) put(key []byte, span Span, value []byte, timestamp int64, emit Emit) error {
	sendOn, err := s.Store.Put(key, span, value, timestamp)
	if err != nil || !sendOn {
		return err
	}
	return emit(Record{Key: sessionKey(key, span), Value: value, Timestamp: span.End})
}

func sessionKey(key []byte, s Span) []byte {
	out := binary.BigEndian.AppendUint64(append([]byte(nil), key...), uint64(s.End))
	return binary.BigEndian.AppendUint64(out, uint64(s.Start))
}
