package workload

// recent is the changelog of a map that holds Capacity keys: when a further one comes,
// a tombstone evicts the key that was used longest ago. The load writes half as many keys
// again as there is room for, each UpdatesPerKey times in a row, then deletes some.
type recent struct{ *Spec }

// Capacity is the most keys that a map of the shape Recent ever holds.
func (s *Spec) Capacity() int64 { return s.Keys + s.Deleted }

func (r recent) entities() int64 { return r.Capacity() + r.Capacity()/2 }
func (r recent) updates() int64  { return int64(r.UpdatesPerKey) }

// filled is the number of records before the first eviction.
func (r recent) filled() int64 { return r.Capacity() * r.updates() }
func (r recent) puts() int64   { return r.filled() + r.Capacity()/2*(r.updates()+1) }
func (r recent) load() int64   { return r.puts() + r.Deleted }

func (r recent) op(i int64) op {
	o := op{timestamp: epoch + i}
	switch {
	case i < r.filled():
		o.entity = i / r.updates()
	case i < r.puts():
		n, at := (i-r.filled())/(r.updates()+1), (i-r.filled())%(r.updates()+1)
		o.entity = r.Capacity() + n
		if at == 0 {
			o.entity, o.tombstone = n, true
		}
	case i < r.load():
		o.entity, o.tombstone = r.Capacity()/2+i-r.puts(), true
	default:
		// Only what is there is written, so that nothing is evicted.
		kind, at := r.tail(i-r.load(), r.Keys)
		o.entity, o.tombstone = r.Capacity()/2+r.Deleted+at%r.Keys, kind == tailDelete
	}
	return o
}

func (r recent) appendKey(dst []byte, o op) []byte { return r.appendID(dst, o.entity) }
