package cache

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// model is the cache in the simplest way: keys in slices, moved about. What it holds
// and flushes must be what the cache does, to the record.
type model struct {
	limit, extra int64 // extra bytes of an entry that was written
	segmented    bool
	forward      bool
	values       map[string]held
	used, dirty  []string          // the next to be evicted and to be flushed comes first
	below, now   map[string][]byte // the store; and with the cache before it
	log          []string
}

type held struct {
	value     []byte
	timestamp int64
	extra     int64
}

func without(keys []string, key string) []string {
	return slices.DeleteFunc(keys, func(k string) bool { return k == key })
}

func (m *model) size() (n int64) {
	for key, h := range m.values {
		n += int64(len(key)) + int64(len(h.value)) + 45 + h.extra
	}
	return n
}

func (m *model) use(key string) {
	if _, ok := m.values[key]; ok {
		m.used = append(without(m.used, key), key)
	}
}

func (m *model) put(key string, value []byte, timestamp int64) {
	m.values[key] = held{value, timestamp, m.extra}
	m.use(key)
	m.dirty = append(without(m.dirty, key), key)
	if m.now[key] = value; value == nil {
		delete(m.now, key)
	}
	m.evict()
}

func (m *model) get(key string) {
	if _, ok := m.values[key]; !ok && m.below[key] != nil && !m.segmented {
		m.values[key] = held{value: m.below[key]}
	}
	m.use(key)
	m.evict()
}

func (m *model) evict() {
	for m.size() > m.limit && len(m.used) > 0 {
		key := m.used[0]
		if slices.Contains(m.dirty, key) {
			m.dirty = append([]string{key}, without(m.dirty, key)...)
			m.flush()
		}
		m.forget(key)
	}
}

func (m *model) forget(key string) {
	delete(m.values, key)
	m.used = without(m.used, key)
}

func (m *model) flush() {
	for _, key := range m.dirty {
		h := m.values[key]
		if h.value == nil {
			m.forget(key)
		}
		if h.value != nil || m.below[key] != nil || !m.forward {
			m.log = append(m.log, line(key, h.value, h.timestamp))
		}
		if m.below[key] = h.value; h.value == nil {
			delete(m.below, key)
		}
	}
	m.dirty = nil
}

// show is what iterating gives, and the use that it makes of the cache.
func (m *model) show(from, to []byte, reverse bool) string {
	var out []string
	all := map[string][]byte{}
	for key, value := range m.now {
		all[key] = value
	}
	for key := range m.values {
		if all[key] == nil {
			all[key] = nil // a delete is passed, too
		}
	}
	keys := within(all, from, to)
	if reverse {
		slices.Reverse(keys)
	}
	for _, key := range keys {
		m.use(key)
		if all[key] != nil {
			out = append(out, fmt.Sprintf("%q=%q", key, all[key]))
		}
	}
	return strings.Join(out, " ")
}

// The cache reads, counts, evicts and flushes as the model; nothing but flushes reaches
// the store below.
func TestRandomLives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := newBelow()
		m := &model{
			limit: rapid.Int64Range(0, 600).Draw(t, "limit"), segmented: rapid.Bool().Draw(t, "segmented"),
			forward: rapid.Bool().Draw(t, "forward"),
			values:  map[string]held{}, below: map[string][]byte{}, now: map[string][]byte{},
		}
		o := Options{Topic: "votes", Segmented: m.segmented, SendOld: rapid.Bool().Draw(t, "old"), Write: store.write}
		if m.extra = 5; m.segmented {
			m.extra += 8
		}
		forwarded := map[string][]byte{} // folded
		if m.forward {
			o.Forward = func(ch Change) error {
				if known := forwarded[string(ch.Key)]; (o.SendOld || ch.New == nil) && !same(known, ch.Old) {
					return fmt.Errorf("old value of %q is %q, want %q", ch.Key, ch.Old, known)
				}
				if forwarded[string(ch.Key)] = bytes.Clone(ch.New); ch.New == nil {
					delete(forwarded, string(ch.Key))
				}
				return nil
			}
		}
		budget := NewBudget(m.limit)
		c := New(budget, store, o)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			step(t, c, m)
			if budget.used != m.size() || budget.used > m.limit || int64(len(c.entries)) != int64(len(m.values)) {
				t.Fatalf("%d bytes in %d entries, want %d in %d, at most %d", budget.used, len(c.entries), m.size(), len(m.values), m.limit)
			}
			if got, want := strings.Join(store.log, " "), strings.Join(m.log, " "); got != want {
				t.Fatalf("written: %s\nwant: %s", got, want)
			}
			if m.forward && fmt.Sprintf("%q", forwarded) != fmt.Sprintf("%q", store.m) {
				t.Fatalf("forwarded %q, the store has %q", forwarded, store.m)
			}
		}
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprintf("%q", store.m) != fmt.Sprintf("%q", m.now) {
			t.Fatalf("after a flush %q, want %q", store.m, m.now)
		}
	})
}

func same(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }

// step does something to both.
func step(t *rapid.T, c *Cache, m *model) {
	keys := rapid.SampledFrom([]string{"", "a", "a\x00", "a\xff", "b", "bb", "\xff", "\xff\xff", "c", "d"})
	key := keys.Draw(t, "key")
	switch rapid.SampledFrom([]string{"put", "put", "put", "delete", "get", "get", "range", "flush"}).Draw(t, "what") {
	case "put":
		value, at := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "value"), rapid.Int64Range(0, 99).Draw(t, "at")
		m.put(key, bytes.Clone(value), at)
		borrowed := []byte(key)
		if err := c.Put(borrowed, value, at); err != nil {
			t.Fatal(err)
		}
		for _, b := range [][]byte{borrowed, value} {
			for i := range b {
				b[i]++ // it was only borrowed
			}
		}
	case "delete":
		m.put(key, nil, 7)
		if err := c.Put([]byte(key), nil, 7); err != nil {
			t.Fatal(err)
		}
	case "get":
		m.get(key)
		got, err := c.Get([]byte(key))
		if want := m.now[key]; err != nil || !same(got, want) {
			t.Fatalf("%q is %q, want %q: %v", key, got, want, err)
		}
		for i := range got {
			got[i]++ // it is ours
		}
	case "range":
		from, to := rapid.Ptr(keys, true).Draw(t, "from"), rapid.Ptr(keys, true).Draw(t, "to")
		if reverse := rapid.Bool().Draw(t, "reverse"); reverse {
			check(t, c.ReverseRange, m, optional(from), optional(to), true)
		} else {
			check(t, c.Range, m, optional(from), optional(to), false)
		}
	case "flush":
		m.flush()
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
	}
}
