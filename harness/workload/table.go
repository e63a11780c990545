package workload

// epoch is the timestamp of the first record of a table, ms.
const epoch = 1_700_000_000_000

// table writes every key UpdatesPerKey times, round by round, then a tombstone for each
// key to be deleted.
type table struct{ *Spec }

func (t table) entities() int64 { return t.Keys + t.Deleted }
func (t table) puts() int64     { return t.entities() * int64(t.UpdatesPerKey) }
func (t table) load() int64     { return t.puts() + t.Deleted }

func (t table) op(i int64) op {
	o := op{timestamp: epoch + i}
	switch puts := t.puts(); {
	case i < puts:
		o.entity = i % t.entities()
	case i < t.load():
		o.entity, o.tombstone = t.Keys+(i-puts), true
	default:
		o.entity, o.tombstone = t.tailOp(i)
	}
	return o
}

func (t table) tailOp(i int64) (entity int64, tombstone bool) {
	kind, at := t.tail(i-t.load(), t.Keys)
	if kind == tailNew {
		at += t.entities()
	}
	return at, kind == tailDelete
}

func (t table) appendKey(dst []byte, o op) []byte { return t.appendID(dst, o.entity) }
