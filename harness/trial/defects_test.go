package trial

import (
	"context"
	"slices"
	"time"

	"restorebench/harness/processor"
	"restorebench/harness/restore"
	"restorebench/stores"
)

// defects are bugs that a processor could plausibly have. The verification must
// catch each of them.
var defects = map[string]processor.Options{
	"": {},
	"batch skipped": {WrapSource: func(s restore.Source) restore.Source {
		return &source{Source: s, change: func(b *stores.Batch) bool {
			b.Entries = b.Entries[:0]
			return false
		}}
	}},
	"tombstone dropped": {WrapSource: func(s restore.Source) restore.Source {
		return &source{Source: s, change: func(b *stores.Batch) bool {
			for i := range b.Entries {
				if b.Entries[i].ValueLen == stores.Tombstone {
					b.Entries = append(b.Entries[:i], b.Entries[i+1:]...)
					return false
				}
			}
			return true
		}}
	}},
	"every tombstone dropped": {WrapSource: func(s restore.Source) restore.Source {
		return &source{Source: s, change: func(b *stores.Batch) bool {
			b.Entries = slices.DeleteFunc(b.Entries, func(e stores.Entry) bool { return e.ValueLen == stores.Tombstone })
			return true
		}}
	}},
	"byte flipped": {WrapSource: func(s restore.Source) restore.Source {
		return &source{Source: s, change: func(b *stores.Batch) bool {
			if b.Len() == 0 {
				return true
			}
			e := b.Entries[b.Len()/2]
			b.Arena[e.ValuePos] ^= 1
			return false
		}}
	}},
	"timestamp off by one": {WrapSource: func(s restore.Source) restore.Source {
		return &source{Source: s, change: func(b *stores.Batch) bool {
			b.Entries[0].Timestamp++
			return false
		}}
	}},
	// What else the store can do is hidden, and with it how to find out what has expired.
	"stream time forgotten": {WrapStore: func(s stores.Store) stores.Store { return struct{ stores.Store }{s} }},

	"offset one ahead":  {WrapStore: func(s stores.Store) stores.Store { return offByOne{s, 1} }},
	"offset one behind": {WrapStore: func(s stores.Store) stores.Store { return offByOne{s, -1} }},
	"empty store declared ready": {WrapStore: func(s stores.Store) stores.Store {
		return &forgetful{Store: s}
	}},
	"empty store that knows one key": {WrapStore: func(s stores.Store) stores.Store {
		return &forgetful{Store: s, keep: true}
	}},
	"iterator misses the last key": {WrapStore: func(s stores.Store) stores.Store { return shortSighted{s} }},
	"get and iterator disagree":    {WrapStore: func(s stores.Store) stores.Store { return &undead{Store: s} }},
	"local files ignored":          {WrapStore: func(s stores.Store) stores.Store { return &amnesic{Store: s} }},
}

// source changes what comes out of the changelog, until change says that it is
// done.
type source struct {
	restore.Source
	change func(*stores.Batch) (again bool)
	done   bool
}

func (s *source) Read(ctx context.Context, b *stores.Batch, stop stores.Offset, wait time.Duration) error {
	err := s.Source.Read(ctx, b, stop, wait)
	if !s.done && b.Len() > 0 {
		s.done = !s.change(b)
	}
	return err
}

// offByOne reports another offset than the one that its contents stand for.
type offByOne struct {
	stores.Store
	by stores.Offset
}

func (o offByOne) Offset() (stores.Offset, bool) {
	next, ok := o.Store.Offset()
	if ok {
		next += o.by
	}
	return next, ok
}

// forgetful takes batches and keeps only their offset, or the first read's key too.
type forgetful struct {
	stores.Store
	keep bool
	kept bool
}

func (f *forgetful) Apply(b *stores.Batch) error {
	few := &stores.Batch{}
	if f.keep && !f.kept && b.Len() > 0 {
		f.kept = few.Append(b.Key(0), b.Value(0), 0, 0)
	}
	few.Next = b.Next
	return f.Store.Apply(few)
}

// shortSighted stops iterating before the last entry.
type shortSighted struct{ stores.Store }

func (s shortSighted) Range(from, to []byte) stores.Iterator {
	return &dropLast{Iterator: s.Store.Range(from, to)}
}

type dropLast struct {
	stores.Iterator
	key, value []byte
	started    bool
}

func (d *dropLast) Next() bool {
	if !d.started {
		d.started = true
		if !d.Iterator.Next() {
			return false
		}
	}
	d.key = append(d.key[:0], d.Iterator.Key()...)
	d.value = append(d.value[:0], d.Iterator.Value()...)
	return d.Iterator.Next()
}

func (d *dropLast) Key() []byte   { return d.key }
func (d *dropLast) Value() []byte { return d.value }

// undead has a get that returns deleted keys.
type undead struct{ stores.Store }

func (u *undead) Get(key []byte) ([]byte, error) {
	v, err := u.Store.Get(key)
	if v == nil && err == nil {
		v = []byte("still here")
	}
	return v, err
}

// amnesic finds local files but does not use them.
type amnesic struct {
	stores.Store
	applied bool
}

func (a *amnesic) Apply(b *stores.Batch) error {
	a.applied = true
	return a.Store.Apply(b)
}

func (a *amnesic) Offset() (stores.Offset, bool) {
	next, ok := a.Store.Offset()
	return next, ok && a.applied
}
