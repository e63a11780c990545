package cache

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"restorebench/stores"
	"restorebench/stores/format"
)

func optional(key *string) []byte {
	if key == nil {
		return nil
	}
	return []byte(*key)
}

func check(t *rapid.T, source func(from, to []byte) stores.Iterator, m *model, from, to []byte, reverse bool) {
	got, err := show(source(from, to))
	if want := m.show(from, to, reverse); err != nil || got != want {
		t.Fatalf("from %q to %q: %s, want %s: %v", from, to, got, want, err)
	}
}

func put(t *testing.T, c *Cache, writes ...string) {
	t.Helper()
	for i, w := range writes {
		key, value, ok := strings.Cut(w, "=")
		var v []byte
		if ok {
			v = []byte(value)
		}
		if err := c.Put([]byte(key), v, int64(i+1)); err != nil {
			t.Fatal(err)
		}
	}
}

func written(t *testing.T, b *below, want string) {
	t.Helper()
	if got := strings.ReplaceAll(strings.Join(b.log, " "), `"`, ""); got != want {
		t.Errorf("written %s, want %s", got, want)
	}
}

// Only the last write of a key is left, where it was written last.
func TestFlushKeepsTheLastWrites(t *testing.T) {
	b := newBelow()
	c := New(NewBudget(1000), b, Options{Write: b.write, Forward: func(Change) error { return nil }})
	put(t, c, "a=1", "b=1", "a=2", "c=1", "c", "d=1")
	written(t, b, "")
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	written(t, b, "b=1@2 a=2@3 d=1@6") // c never was in the store
	put(t, c, "a")
	if err := errors.Join(c.Flush(), c.Flush()); err != nil {
		t.Fatal(err)
	}
	written(t, b, "b=1@2 a=2@3 d=1@6 a-null@1")
	if len(c.entries) != 2 {
		t.Errorf("%d entries are left, want b and d", len(c.entries))
	}
}

// The entry that was not used for longest goes, and all other writes with it: they
// stay as clean ones.
func TestEvictionFlushesEverything(t *testing.T) {
	const three = 3 * (45 + 2)
	b := newBelow()
	c := New(NewBudget(three), b, Options{Write: b.write})
	put(t, c, "a=1", "b=1", "c=1")
	if _, err := c.Get([]byte("a")); err != nil {
		t.Fatal(err)
	}
	written(t, b, "")
	put(t, c, "d=1")
	written(t, b, "b=1@2 a=1@1 c=1@3 d=1@1")
	put(t, c, "e=1") // evicts c, which is clean
	written(t, b, "b=1@2 a=1@1 c=1@3 d=1@1")
	if len(c.entries) != 3 || c.budget.used != three {
		t.Errorf("%d entries of %d bytes", len(c.entries), c.budget.used)
	}
}

// What is too large for the budget does not stay, nor does what is cached without one.
func TestTooLargeForTheBudget(t *testing.T) {
	for _, budget := range []int64{0, 46} {
		b := newBelow()
		c := New(NewBudget(budget), b, Options{Write: b.write})
		put(t, c, "a=1", "a=2")
		written(t, b, "a=1@1 a=2@2")
		if v, err := c.Get([]byte("a")); string(v) != "2" || err != nil || len(c.entries) != 0 || c.budget.used != 0 {
			t.Errorf("%q, %v, %d entries of %d bytes", v, err, len(c.entries), c.budget.used)
		}
	}
}

// A cache whose changes flow into another: an eviction of the first finds the budget
// exceeded until it is through, so the second one empties as well.
func TestTwoCachesOfABudget(t *testing.T) {
	budget := NewBudget(2 * 47)
	counts, rows := newBelow(), newBelow()
	second := New(budget, counts, Options{Write: counts.write})
	first := New(budget, rows, Options{Write: rows.write, Forward: func(ch Change) error {
		return second.Put(ch.New, ch.Key, ch.Timestamp)
	}})
	put(t, first, "v=a", "w=b")
	written(t, counts, "")
	put(t, first, "x=a")
	written(t, rows, "v=a@1 w=b@2 x=a@1")
	written(t, counts, "a=v@1 b=w@2 a=x@1")
	if len(first.entries) != 2 || len(second.entries) != 0 || budget.used != 2*47 {
		t.Errorf("%d and %d entries, %d bytes", len(first.entries), len(second.entries), budget.used)
	}
	if err := first.Flush(); err != nil {
		t.Fatal(err)
	}
	put(t, second, "c=y") // too much again, and only the second one gives way
	written(t, counts, "a=v@1 b=w@2 a=x@1 c=y@1")
	if len(first.entries) != 2 {
		t.Errorf("%d entries of the first are left", len(first.entries))
	}
}

// The keys of windows and sessions are in order of key and time, cached or not.
func TestKeysOfWindowsAndSessions(t *testing.T) {
	keys := [][]byte{
		format.AppendSessionKey(nil, []byte("a"), 1, 5), format.AppendSessionKey(nil, []byte("a"), 1, 10),
		format.AppendSessionKey(nil, []byte("a"), 2, 1<<40), format.AppendSessionKey(nil, []byte("b"), 0, 3),
	}
	b := newBelow()
	c := New(NewBudget(1000), b, Options{Segmented: true, Write: b.write})
	for _, i := range []int{2, 0} {
		if err := b.write(keys[i], []byte{byte(i)}, 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, i := range []int{3, 1} {
		if err := c.Put(keys[i], []byte{byte(i)}, 0); err != nil {
			t.Fatal(err)
		}
	}
	from, to := format.SessionRange([]byte("a"), []byte("a"), 6, 1<<41)
	it := c.Range(from, to)
	for _, i := range []byte{1, 2} {
		if !it.Next() || it.Value()[0] != i {
			t.Fatalf("not session %d", i)
		}
	}
	if it.Next() {
		t.Errorf("more: %x", it.Key())
	}
}

// What is written, evicted and deleted while an iterator is open changes nothing of what it gives.
func TestIteratorsAreSnapshots(t *testing.T) {
	b := newBelow()
	c := New(NewBudget(3*47), b, Options{Write: b.write})
	put(t, c, "a=1", "c=1", "e=1")
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	put(t, c, "b=1", "c=2") // evicts a
	forth, back := c.Range(nil, nil), c.ReverseRange(nil, nil)
	put(t, c, "a=3", "c=3", "d=3", "b", "e=3", "f=3")
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	if got, err := show(forth); err != nil || got != `"a"="1" "b"="1" "c"="2" "e"="1"` {
		t.Errorf("forwards %s: %v", got, err)
	}
	if got, err := show(back); err != nil || got != `"e"="1" "c"="2" "b"="1" "a"="1"` {
		t.Errorf("backwards %s: %v", got, err)
	}
}

func TestErrors(t *testing.T) {
	failed := errors.New("disk full")
	b := newBelow()
	c := New(NewBudget(47), b, Options{Write: b.write})
	if err := c.Put(nil, []byte("1"), 0); !errors.Is(err, errNilKey) {
		t.Errorf("nil key: %v", err)
	}
	put(t, c, "a=1")
	b.err = failed
	if err := c.Put([]byte("b"), []byte("1"), 0); !errors.Is(err, failed) {
		t.Errorf("eviction: %v", err)
	}
	if _, err := c.Get([]byte("z")); !errors.Is(err, failed) {
		t.Errorf("get: %v", err)
	}
	if _, err := show(c.Range(nil, nil)); !errors.Is(err, failed) {
		t.Errorf("range: %v", err)
	}
	unclosed := newBelow()
	unclosed.closeErr = failed
	if _, err := show(New(NewBudget(0), unclosed, Options{}).Range(nil, nil)); !errors.Is(err, failed) {
		t.Errorf("close: %v", err)
	}
	for _, o := range []Options{
		{Write: b.write},
		{Write: newBelow().write, SendOld: true, Forward: func(Change) error { return nil }},
		{Write: newBelow().write, Forward: func(Change) error { return failed }},
	} {
		c := New(NewBudget(1000), b, o)
		put(t, c, "a=1")
		if err := c.Flush(); !errors.Is(err, failed) {
			t.Errorf("flush: %v", err)
		}
	}
}
