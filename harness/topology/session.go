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
	// timestamp is that of the record that makes the change.
	Put(key []byte, span Span, value []byte, timestamp int64) error
	Remove(key []byte, span Span, timestamp int64) error
}

// SessionCount counts records by value in sessions: records of a value that are no
// further apart than the gap (KStreamSessionWindowAggregate). Times are ms.
type SessionCount struct {
	Store      Sessions
	Gap, Grace int64

	streamTime int64 // the latest timestamp so far; 0 before the first record
}

// Process merges the record with the sessions that it touches. It emits a null for
// each session that is no more, then the one that holds the record. The keys have
// the session's end and start behind them (SessionWindowedSerializer), the
// timestamps are the sessions' ends. A record whose session has closed, by the
// stream's time less the grace, is dropped.
func (s *SessionCount) Process(r Record) ([]Record, error) {
	if r.Value == nil {
		return nil, nil
	}
	key := r.Value
	s.streamTime = max(s.streamTime, r.Timestamp)
	touched, err := s.Store.Find(key, r.Timestamp-s.Gap, r.Timestamp+s.Gap)
	if err != nil {
		return nil, err
	}
	merged, n := Span{r.Timestamp, r.Timestamp}, int64(1)
	for _, t := range touched {
		c, err := decodeCount(key, t.Value)
		if err != nil {
			return nil, err
		}
		merged = Span{min(merged.Start, t.Start), max(merged.End, t.End)}
		n += c
	}
	if merged.End < s.streamTime-s.Grace-s.Gap {
		return nil, nil
	}
	var emitted []Record
	for _, t := range touched {
		if t.Span == merged {
			continue // replaced below
		}
		if err := s.Store.Remove(key, t.Span, r.Timestamp); err != nil {
			return emitted, err
		}
		emitted = append(emitted, Record{Key: sessionKey(key, t.Span), Timestamp: t.End})
	}
	value := encodeCount(n)
	emitted = append(emitted, Record{Key: sessionKey(key, merged), Value: value, Timestamp: merged.End})
	return emitted, s.Store.Put(key, merged, value, r.Timestamp)
}

func sessionKey(key []byte, s Span) []byte {
	out := binary.BigEndian.AppendUint64(append([]byte(nil), key...), uint64(s.End))
	return binary.BigEndian.AppendUint64(out, uint64(s.Start))
}
