package kafkastreams

import "encoding/binary"

// Operation is one write, as the application's input spells it.
type Operation struct {
	Key, Value []byte // a nil value deletes
	// Timestamp is that of the changelog's record, in ms from 0 on: the value's, or the
	// version's.
	Timestamp int64
	// Start is that of a window or session, End that of a session.
	Start, End int64
}

// Append appends the operation's bytes to dst: the value of a record of the
// application's input, whose key is the name of the store.
func (o Operation) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(o.Timestamp))
	dst = binary.BigEndian.AppendUint64(dst, uint64(o.Start))
	dst = binary.BigEndian.AppendUint64(dst, uint64(o.End))
	present := byte(1)
	if o.Value == nil {
		present = 0
	}
	dst = binary.BigEndian.AppendUint32(append(dst, present), uint32(len(o.Key)))
	return append(append(dst, o.Key...), o.Value...)
}
